"""The check-in page: its doors, its count, and what it asks browsers for."""

from __future__ import annotations

from django.contrib.staticfiles import finders

from orders.models import Ticket
from orders.services import check_in
from tests.factories import ShowingFactory, from_now, paid_order, seats_in_area
from tests.pages.door.scanning import DOORS, door_of, outcome, scan, text_of_part
from tests.pages.my_pages import hidden, text_of
from tests.pages.test_safety import STRICT, Inline, policy
from tests.ticketing.event_states import move


def test_without_javascript_the_form_says_what_a_code_came_to(usher, tonight, ticket):
    page = usher.get(door_of(tonight))
    fields = {"ticket": ticket.code, "scan": hidden(page, "scan")}

    answer = usher.post(door_of(tonight), fields)

    assert answer.status_code == 200
    assert "Come in" in text_of(answer)
    assert "1 of 2 are in" in text_of(answer)
    assert hidden(answer, "scan") != fields["scan"]  # the next person is another scan
    reloaded = usher.post(door_of(tonight), fields)
    assert "Come in" in text_of(reloaded)


def test_the_count_says_who_is_in_of_those_who_may_come(usher, tonight, order, ticket):
    field = seats_in_area(3, showing=tonight, name="Field", general_admission=True)
    refunded, *_ = paid_order(field).tickets.order_by("pk")
    Ticket.objects.filter(pk=refunded.pk).update(refund_approved_at=from_now())
    check_in(code=ticket.code, by=usher.user)

    counted = text_of_part(usher.get(door_of(tonight, "count/")))

    assert counted == "1 of 4 are in Field 0 / 2 Stalls 1 / 2"


def test_the_doors_that_are_open_come_before_those_of_other_days(usher, tonight):
    later = ShowingFactory(event__organizer=tonight.event.organizer, event__title="Jazz")
    off = ShowingFactory(event__organizer=tonight.event.organizer, starts_at=from_now(hours=2))
    move(off.event, "cancel")
    ShowingFactory(
        event=tonight.event, starts_at=from_now(days=-2), ticket_sale_start=from_now(days=-9)
    )

    answer = usher.get(DOORS)

    assert answer.context["open"] == [tonight]
    assert answer.context["later"] == [later]
    assert text_of(answer).index("Đêm nhạc Trịnh") < text_of(answer).index("Jazz")


def test_a_closed_door_says_when_it_opens_and_has_nothing_to_scan_with(usher, tonight):
    later = ShowingFactory(event__organizer=tonight.event.organizer)
    ticket = paid_order(seats_in_area(1, showing=later)).tickets.get()

    page = usher.get(door_of(later))
    answer = scan(usher, later, ticket.code)

    assert "This door is closed." in text_of(page)
    assert 'name="ticket"' not in page.content.decode()
    assert outcome(answer)[0] == "refused"
    assert Ticket.objects.get(pk=ticket.pk).status == "active"


def test_the_page_alone_may_ask_for_the_camera(usher, tonight):
    page = usher.get(door_of(tonight))

    assert "camera=(self)" in page.headers["Permissions-Policy"]
    assert "microphone=()" in page.headers["Permissions-Policy"]
    assert "camera=()" in usher.get(DOORS).headers["Permissions-Policy"]
    assert policy(page) == STRICT
    assert Inline(page.content.decode()).found == []


def test_the_reader_of_codes_comes_from_here_with_its_licence():
    for name in ("decode.js", "index.js", "LICENSE"):
        assert finders.find(f"vendor/qr/{name}")


def test_a_scan_and_a_count_cost_the_same_whatever_the_house_holds(
    usher, tonight, ticket, django_assert_max_num_queries
):
    paid_order(seats_in_area(40, showing=tonight))

    with django_assert_max_num_queries(16):
        assert outcome(scan(usher, tonight, ticket.code))[0] == "in"
    with django_assert_max_num_queries(8):
        usher.get(door_of(tonight, "count/"))


def test_the_page_is_in_vietnamese_as_well(usher, tonight, ticket):
    vietnamese = {"Accept-Language": "vi"}

    page = usher.get(door_of(tonight), headers=vietnamese)
    answer = usher.post(door_of(tonight, "scan/"), {"ticket": ticket.code}, headers=vietnamese)

    assert "Bật máy ảnh" in text_of(page)
    assert "Mời vào" in outcome(answer)[1]
