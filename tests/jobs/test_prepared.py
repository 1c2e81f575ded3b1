from __future__ import annotations

from decimal import Decimal

import pytest
from django.contrib.auth.models import User
from django.db import connection

from jobs.models import Job
from jobs.prepared import Lookup, fetch_all, insert_together, save_together
from tests.factories import CustomerFactory, from_now, seats_in_area
from ticketing.models import Area, Seat

SEAT = Lookup(
    "SELECT {s}, {a} FROM ticketing_seat s JOIN ticketing_area a ON a.id = s.area_id"
    " WHERE s.id = %(seat)s",
    s=Seat,
    a=Area,
)


def prepared(part):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE strpos(statement, %s) > 0", [part]
        )
        return cursor.fetchone()[0]


def test_a_statement_that_is_used_often_is_planned_once():
    for number in range(10):
        assert fetch_all("SELECT %(number)s::integer AS often", {"number": number}) == [(number,)]

    assert prepared("AS often") == 1


def test_a_statement_that_is_used_once_leaves_nothing_behind():
    fetch_all("SELECT %(number)s::integer AS seldom", {"number": 1})

    assert prepared("AS seldom") == 0


def test_it_counts_like_any_other_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        fetch_all("SELECT %(number)s::integer", {"number": 1})


def test_a_look_up_gives_an_instance_of_each_table():
    [seat, _] = seats_in_area(2, name="Stalls")

    found, area = SEAT.find(seat=seat.pk)

    assert found == seat
    assert area == seat.area
    assert area.name == "Stalls"


def test_what_a_look_up_found_can_be_changed_and_saved():
    customer = CustomerFactory()
    users = Lookup("SELECT {u} FROM auth_user u WHERE u.id = %(id)s", u=User)

    [found] = users.find(id=customer.pk)
    found.email = "new@example.org"
    found.save()

    customer.refresh_from_db()
    assert customer.email == "new@example.org"


def test_a_look_up_of_nothing_gives_none():
    assert SEAT.find(seat=1) is None


def test_rows_are_saved_together_and_only_in_the_fields_that_are_named(django_assert_num_queries):
    seats = seats_in_area(3)
    areas = [seats_in_area(1, name=name)[0].area for name in ("Stalls", "Balcony")]
    for area, price in zip(areas, ("70000.50", "0"), strict=True):
        area.price, area.name = Decimal(price), "Not to be saved"

    with django_assert_num_queries(1):
        save_together(areas, "price")

    saved = Area.objects.exclude(pk=seats[0].area_id).order_by("pk")
    assert list(saved.values_list("name", "price")) == [
        ("Stalls", Decimal("70000.50")),
        ("Balcony", Decimal(0)),
    ]


def test_a_row_that_is_gone_is_not_passed_over_in_silence():
    [seat, gone] = seats_in_area(2)
    Seat.objects.filter(pk=gone.pk).delete()

    with pytest.raises(RuntimeError):
        save_together([seat, gone], "status")


def test_rows_are_inserted_together_and_know_their_ids(django_assert_num_queries):
    due = from_now(seconds=60)
    jobs = [
        Job(
            topic="test.note",
            payload={"text": "Vé “hay” \u2028", "none": None},
            run_at=due,
            key=key,
        )
        for key in ("first", None)
    ]
    for job in jobs:
        job.created_at = due

    with django_assert_num_queries(1):
        insert_together(jobs)

    for job in jobs:
        found = Job.objects.get(pk=job.pk)
        assert (found.key, found.payload, found.run_at) == (job.key, job.payload, due)
        assert (found.status, found.leased_until) == ("pending", None)


def test_of_nothing_nothing_is_written(django_assert_num_queries):
    with django_assert_num_queries(0):
        save_together([], "status")
        insert_together([])
