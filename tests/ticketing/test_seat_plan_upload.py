"""A plan is kept for a look, and made only as it was looked at."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django_fsm_log.models import StateLog

from tests.factories import AreaFactory, EventFactory, ShowingFactory, seats_in_area
from tests.ticketing.event_states import event_in, new_admin, new_member
from ticketing.errors import InvalidSeatPlan, NotAllowed, WrongEventState
from ticketing.models import Area, Seat, SeatPlanUpload
from ticketing.seating import Rows
from ticketing.services import add_area, keep_seat_plan, use_seat_plan

PLAN = "area,row,seat,price,blocked\nStalls,A,1,500000,\nStalls,A,2,,yes\n"


def kept(showing, data=PLAN, *, by=None, name="plan.csv"):
    content = data if isinstance(data, bytes) else data.encode()
    return keep_seat_plan(showing_id=showing.pk, file_name=name, data=content, by=by or new_admin())


def assert_nothing_was_kept_or_made():
    assert not SeatPlanUpload.objects.exists()
    assert not Seat.objects.exists()


def test_keeping_a_plan_makes_nothing_yet():
    upload = kept(ShowingFactory())

    assert upload.text == PLAN
    assert not Area.objects.exists()
    assert not Seat.objects.exists()


def test_a_plan_that_was_kept_is_made_and_goes():
    showing, admin = ShowingFactory(), new_admin()
    upload = kept(showing, by=admin, name="Nhà hát.csv")

    assert use_seat_plan(upload_id=upload.pk, by=admin) == 2

    statuses = Seat.objects.order_by("id").values_list("area__name", "number", "status")
    assert list(statuses) == [("Stalls", "1", "available"), ("Stalls", "2", "blocked")]
    assert not SeatPlanUpload.objects.exists()
    note = StateLog.objects.for_(showing.event).latest("pk")
    assert (note.transition, note.by) == ("import_seats", admin)
    assert note.description == f"2 seats from Nhà hát.csv for {showing}."


def test_a_plan_is_made_once():
    admin = new_admin()
    upload = kept(ShowingFactory(), by=admin)
    use_seat_plan(upload_id=upload.pk, by=admin)

    with pytest.raises(InvalidSeatPlan, match="send it again"):
        use_seat_plan(upload_id=upload.pk, by=admin)

    assert Seat.objects.count() == 2


def test_the_next_plan_takes_the_place_of_the_last():
    showing, admin = ShowingFactory(), new_admin()
    first = kept(showing, by=admin)
    second = kept(showing, PLAN.replace("Stalls", "Circle"), by=admin)

    with pytest.raises(InvalidSeatPlan, match="send it again"):
        use_seat_plan(upload_id=first.pk, by=admin)

    assert SeatPlanUpload.objects.get() == second
    assert not Seat.objects.exists()


def test_nobody_makes_a_plan_that_somebody_else_looked_at():
    showing = ShowingFactory()
    upload = kept(showing, by=new_member(showing.event))

    with pytest.raises(InvalidSeatPlan):
        use_seat_plan(upload_id=upload.pk, by=new_member(showing.event))

    assert not Seat.objects.exists()


def test_a_plan_is_checked_again_because_the_house_may_have_changed():
    showing, admin = ShowingFactory(), new_admin()
    upload = kept(showing, by=admin)
    add_area(
        showing_id=showing.pk,
        name="Stalls",
        price=Decimal(500_000),
        seating=Rows(["A"], 1),
        by=admin,
    )

    with pytest.raises(InvalidSeatPlan) as refusal:
        use_seat_plan(upload_id=upload.pk, by=admin)

    assert refusal.value.extra["errors"] == [
        {"line": 2, "message": "This area already has its seats."}
    ]
    assert Seat.objects.count() == 1


def test_strangers_keep_and_make_nothing():
    showing = ShowingFactory()

    with pytest.raises(NotAllowed):
        kept(showing, by=new_member(EventFactory()))

    assert_nothing_was_kept_or_made()


def test_an_event_that_is_off_gets_no_seats_from_a_plan():
    showing, admin = ShowingFactory(event=event_in("cancelled")), new_admin()
    upload = kept(showing, by=admin)

    with pytest.raises(WrongEventState):
        use_seat_plan(upload_id=upload.pk, by=admin)

    assert not Seat.objects.exists()


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"\xef\xbb\xbf" + PLAN.encode(), id="with a byte order mark"),
        pytest.param(PLAN.replace("\n", "\r\n").encode(), id="lines of Windows"),
        pytest.param(PLAN.replace(",", ";").encode("utf-8-sig"), id="semicolons"),
        pytest.param(PLAN.replace(",", "\t").encode("utf-16"), id="Unicode text of Excel"),
        pytest.param(PLAN.replace("area,row,seat", " Area ,ROW,Seat").encode(), id="capitals"),
        pytest.param(PLAN.replace("Stalls", '"Stalls"').encode(), id="quotes"),
        pytest.param(PLAN.replace("\n", ",, \n").encode() + b",,,,,,\n,,\n", id="empty cells"),
    ],
)
def test_a_plan_is_read_as_spreadsheets_save_it(data):
    admin = new_admin()

    assert use_seat_plan(upload_id=kept(ShowingFactory(), data, by=admin).pk, by=admin) == 2

    assert Area.objects.get().name == "Stalls"
    assert Area.objects.get().price == 500_000


@pytest.mark.parametrize(
    ("data", "advice"),
    [
        (b"PK\x03\x04 and so on", "workbook"),
        (b"\xd0\xcf\x11\xe0 and so on", "workbook"),
        ("Khán đài".encode("cp1258", "replace"), "CSV UTF-8"),
        (b"\xff\xfea", "CSV UTF-8"),
        (b"x" * (10 * 1024 * 1024 + 1), "10 MB"),
    ],
)
def test_a_file_that_is_no_table_in_unicode_is_refused_with_advice(data, advice):
    with pytest.raises(InvalidSeatPlan, match=advice):
        kept(ShowingFactory(), data)

    assert_nothing_was_kept_or_made()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("Stalls,A,1,500.000,", "without dots between thousands"),
        ('Stalls,A,1,"500,000",', "without dots between thousands"),
        ("Stalls,A,1,1e9,", "Write the price like"),
        ("Stalls,A,1,9999999999999,", "Write the price like"),
        ("Stalls,A,1,-5,", "Write the price like"),
        ("Stalls,A,\0,5,", "printable characters"),
        ("=cmd|' /C calc'!A0,A,1,5,", "like a formula"),
        ("Stalls,+1,1,5,", "like a formula"),
        ("Field,A,1,5,", "standing places"),
        ("Full,A,1,,", "already has its seats"),
        ("New,A,1,,", "give its price"),
        ("New,A,1,60000.50,", "in whole dong"),
    ],
)
def test_a_hostile_or_wrong_line_is_named_and_nothing_is_kept(line, message):
    showing = ShowingFactory()
    AreaFactory(showing=showing, name="Field", general_admission=True)
    full = seats_in_area(1, showing=showing, name="Full")[0]

    with pytest.raises(InvalidSeatPlan) as refusal:
        kept(showing, f"area,row,seat,price,blocked\nCircle,A,1,5,\n{line}\n")

    [error] = refusal.value.extra["errors"]
    assert error["line"] == 3
    assert message in error["message"]
    assert not SeatPlanUpload.objects.exists()
    assert Seat.objects.get() == full


def test_names_that_look_like_pages_are_kept_as_text():
    admin = new_admin()
    upload = kept(ShowingFactory(), PLAN.replace("Stalls", "<script>alert(1)</script>"), by=admin)

    use_seat_plan(upload_id=upload.pk, by=admin)

    assert Area.objects.get().name == "<script>alert(1)</script>"


def test_a_plan_has_no_more_areas_than_any_house():
    lines = "".join(f"Area {number},A,1,5\n" for number in range(201))

    with pytest.raises(InvalidSeatPlan) as refusal:
        kept(ShowingFactory(), f"area,row,seat,price\n{lines}")

    assert refusal.value.extra["errors"] == [
        {"line": 202, "message": "A plan has at most 200 areas."}
    ]
    assert_nothing_was_kept_or_made()
