from __future__ import annotations

from django.contrib.auth.models import User
from django.db import connection

from jobs.prepared import Lookup, fetch_all
from payments.models import Payment
from tests.factories import CustomerFactory, PaymentFactory, seats_in_area
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


def test_a_look_up_converts_what_its_fields_convert():
    payment = PaymentFactory(provider_request={"vnp_Locale": ["vn", None]})
    attempts = Lookup("SELECT {p} FROM payments_payment p ORDER BY p.id", p=Payment)

    [(found,)] = attempts.find_all()

    assert found.provider_request == {"vnp_Locale": ["vn", None]}
    assert found.amount == payment.amount


def test_a_look_up_gives_all_rows_in_the_order_of_its_statement():
    seats = seats_in_area(3)
    found = Lookup("SELECT {s} FROM ticketing_seat s ORDER BY s.id DESC", s=Seat)

    assert [seat for (seat,) in found.find_all()] == seats[::-1]
