"""What nobody comes back to is deleted once a day."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from jobs.models import Job
from jobs.services import run_due_jobs
from tests.factories import ShowingFactory
from tests.ticketing.event_states import new_admin
from ticketing.models import SeatPlanUpload
from ticketing.services import keep_seat_plan

PLAN = b"area,row,seat,price,blocked\nStalls,A,1,500000,\n"


def run_the_schedule():
    call_command("run_schedule", "ticketing.clear_up")
    assert run_due_jobs() == {"done": 1}


def test_seat_plans_that_nobody_came_back_to_go():
    showing = ShowingFactory()
    old, new = (
        keep_seat_plan(showing_id=showing.pk, file_name="plan.csv", data=PLAN, by=new_admin())
        for _ in range(2)
    )
    long_ago = old.uploaded_at - timedelta(days=8)
    SeatPlanUpload.objects.filter(pk=old.pk).update(uploaded_at=long_ago)

    run_the_schedule()

    assert SeatPlanUpload.objects.get() == new


def test_a_schedule_that_nobody_declares_is_named_and_nothing_is_made_due():
    with pytest.raises(CommandError, match=r"^There is no schedule ticketing\.tidy_up\.$"):
        call_command("run_schedule", "ticketing.tidy_up")

    assert not Job.objects.exists()
