"""What has to happen later and did not: found, understood, and tried again by an admin."""

from __future__ import annotations

import re

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.urls import reverse

from jobs import mail
from jobs.models import Job
from jobs.outbox import enqueue
from tests.back_office.refund_rows import asked, bought, html, told
from tests.back_office.world import browser_of, supporter
from tests.factories import from_now, placed_order

LIST = reverse("admin:jobs_job_changelist")


def dead_job(order, error="ValueError: no luck"):
    job = enqueue("orders.paid", run_at=from_now(), order_id=order.pk)
    job.bury(at=from_now(), error=error)
    job.save()
    return job


@pytest.fixture
def order():
    return placed_order()


def state_of(job):
    return Job.objects.get(pk=job.pk).status


def page_of(job, step="try_again"):
    return reverse(f"admin:jobs_job_{step}", args=[job.pk])


def topics_in(page):
    return re.findall(r'/change/[^"]*"[^>]*>\s*(\w+\.\w+)\s*</a>', page)


def test_a_tab_counts_the_dead_ones_and_lists_them_alone(boss, order):
    dead_job(order)

    page = html(boss, LIST)
    assert "Dead (1)" in page
    assert len(topics_in(page)) == 2
    assert topics_in(html(boss, LIST, {"status__exact": "dead"})) == ["orders.paid"]
    waiting = html(boss, LIST, {"status__in": "pending,published"})
    assert topics_in(waiting) == ["orders.expiry_due"]


def test_a_job_leads_to_what_it_is_about(boss):
    order = bought()
    refund = asked(order)

    page = html(boss, LIST)

    for row, name in ((order, "orders_order"), (refund, "refunds_refund")):
        assert f'href="{reverse(f"admin:{name}_change", args=[row.pk])}"' in page


def test_a_list_shows_the_first_line_of_an_error_and_the_page_all_of_it(boss, order):
    job = dead_job(order, error=f"ValueError: {'x' * 200}\nand the rest")

    listed, shown = html(boss, LIST), html(boss, page_of(job, "change"))

    assert "and the rest" not in listed
    assert "…" in listed
    assert "and the rest" in shown


def test_a_mail_shows_to_whom_and_about_what_and_nothing_of_its_text(boss):
    sent = {"to": ["lan@example.org"], "subject": "Your tickets", "body": "SECRETCODE"}
    job = Job.objects.create(topic=mail.TOPIC, run_at=from_now(), payload={"message": sent})

    pages = html(boss, LIST) + html(boss, page_of(job, "change"))

    assert "lan@example.org: Your tickets" in pages
    assert "SECRETCODE" not in pages


def test_trying_again_is_asked_first_and_then_done_and_known(boss, order):
    job = dead_job(order)

    asked_first = html(boss, page_of(job))
    assert "ValueError: no luck" in asked_first
    assert state_of(job) == "dead"
    answer = boss.post(page_of(job), follow=True)

    assert "1 job will be tried again." in told(answer)
    assert state_of(job) == "pending"
    kept = LogEntry.objects.get(object_id=str(job.pk), action_flag=CHANGE)
    assert (kept.user, kept.change_message) == (boss.user, "Tried again.")


def test_many_are_shown_before_they_are_tried_again(boss, order):
    jobs = [dead_job(order) for _ in range(2)]
    alive = Job.objects.get(topic="orders.expiry_due")
    ticked = {"action": "revive", "_selected_action": [job.pk for job in [*jobs, alive]]}

    page = told(boss.post(LIST, ticked))
    assert page.count("ValueError: no luck") == 2
    assert "orders.expiry_due" not in page
    assert {state_of(job) for job in jobs} == {"dead"}
    answer = boss.post(LIST, {**ticked, "confirmed": "yes"}, follow=True)

    assert "2 jobs will be tried again." in told(answer)
    assert {state_of(job) for job in jobs} == {"pending"}
    assert LogEntry.objects.filter(action_flag=CHANGE).count() == 2


def test_what_is_not_dead_is_left_alone(boss, order):
    job = Job.objects.get(topic="orders.expiry_due")
    before = Job.objects.values().get()

    assert "None of these is dead." in told(boss.post(page_of(job), follow=True))
    ticked = {"action": "revive", "_selected_action": [job.pk], "confirmed": "yes"}
    assert "None of these is dead." in told(boss.post(LIST, ticked, follow=True))

    assert Job.objects.values().get() == before
    assert page_of(job) not in html(boss, page_of(job, "change"))


def test_support_reads_jobs_and_tries_none_again(order):
    job, helper = dead_job(order), browser_of(supporter())

    assert "ValueError: no luck" in html(helper, LIST)
    assert helper.post(page_of(job)).status_code == 403
    assert page_of(job) not in html(helper, page_of(job, "change"))

    assert state_of(job) == "dead"
