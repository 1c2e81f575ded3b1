"""Organizer A is invisible to organizer B: in lists, searches, filters, choices, files, history."""

from __future__ import annotations

from io import BytesIO
from zipfile import ZipFile

import pytest
from django.contrib import admin
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.urls import reverse

from tests.back_office.addresses import ADMIN, of_models
from tests.back_office.world import tenant
from ticketing.models import Event, Showing


@pytest.fixture
def b(here):
    return here.browsers["member of B"]


def text_of(answer):
    """All that was sent: the address that it leads to, and the page or file."""
    content = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if content.startswith(b"PK"):
        content = cells_of(content)
    return answer.headers.get("Location", "") + content.decode()


def cells_of(content):
    """What a spreadsheet's sheets have in them."""
    with ZipFile(BytesIO(content)) as file:
        sheets = [name for name in file.namelist() if name.startswith("xl/worksheets/")]
        return b"".join(file.read(name) for name in sheets)


def marks_in(answer, marks):
    text = text_of(answer)
    return [mark for mark in marks if mark in text]


def list_of(model):
    return f"{ADMIN}{model._meta.app_label}/{model._meta.model_name}/"


def relations():
    """Every field of every page's model that leads to other rows."""
    for model in admin.site._registry:
        for field in model._meta.get_fields():
            if field.is_relation and field.related_model and not field.auto_created:
                yield model, field


def form_of(event, **changes):
    """The fields of an event's page, as a browser sends them."""
    history = "django_fsm_log-statelog-content_type-object_id"
    return {
        "title": event.title, "slug": event.slug, "organizer": event.organizer_id,
        "showings-TOTAL_FORMS": 0, "showings-INITIAL_FORMS": 0,
        f"{history}-TOTAL_FORMS": 0, f"{history}-INITIAL_FORMS": 0,
        **changes,
    }  # fmt: skip


def test_no_page_or_form_of_any_address_tells_b_of_a(here, b):
    for address in of_models():
        page = address.of(here.row(address.model).pk)
        for answer in (b.get(page), b.post(page), b.get(ADMIN)):
            assert marks_in(answer, here.a.marks) == [], address


def test_the_same_pages_tell_a_of_itself(here):
    """Else the test above would find nothing because it looks for nothing."""
    browser = here.browsers["member of A"]
    pages = [address.of(here.row(address.model).pk) for address in of_models()]

    read = "".join(text_of(browser.get(page)) for page in pages)

    assert [mark for mark in here.a.marks if mark not in read] == []
    assert here.b.marks[0] not in read


def test_no_search_finds_rows_of_a_for_b(here, b):
    for model in admin.site._registry:
        for mark in here.a.marks:
            answer = b.get(list_of(model), {"q": mark})
            rest = [other for other in here.a.marks if other not in mark and mark not in other]
            assert marks_in(answer, rest) == [], (model, mark)
            row = here.a.rows[model._meta.label_lower]
            assert f"/{row.pk}/change/" not in text_of(answer), (model, mark)


def test_no_search_over_everything_finds_rows_of_a_for_b(here, b, settings):
    settings.UNFOLD = {"COMMAND": {"search_models": True}}
    for mark in here.a.marks:
        rest = [other for other in here.a.marks if other not in mark and mark not in other]
        answer = b.get(reverse("admin:search"), {"s": mark, "extended": 1})
        assert marks_in(answer, rest) == []
    own = b.get(reverse("admin:search"), {"s": "event pomelo", "extended": 1})
    assert "Event Pomelo" in text_of(own)


def test_no_autocompletion_offers_rows_of_a_to_b(here, b):
    for model, field in relations():
        asked = {"app_label": model._meta.app_label, "model_name": model._meta.model_name,
                 "field_name": field.name}  # fmt: skip
        for term in ("", "Quince"):
            answer = b.get(reverse("admin:autocomplete"), {**asked, "term": term})
            assert answer.status_code in (200, 403, 404), field  # 404: cannot be searched
            assert marks_in(answer, here.a.marks) == [], field


def test_autocompletion_offers_own_rows(here, b):
    asked = {"app_label": "ticketing", "model_name": "showing", "field_name": "event"}

    offered = b.get(reverse("admin:autocomplete"), asked).json()["results"]

    assert [choice["text"] for choice in offered] == ["Event Pomelo"]


def test_no_filter_by_an_id_of_a_shows_anything_of_it_to_b(here, b):
    for model, field in relations():
        row = here.a.rows.get(field.related_model._meta.label_lower)
        if row is not None:
            answer = b.get(list_of(model), {f"{field.name}__id__exact": row.pk})
            assert marks_in(answer, here.a.marks) == [], field


def test_a_filter_offers_the_own_organizers_only(here, b):
    second = tenant("Lime")
    second.rows["ticketing.organizer"].members.add(b.user)

    filters = b.get(list_of(Event)).content.decode()

    assert "Organizer Pomelo" in filters
    assert "Organizer Lime" in filters
    assert "Organizer Quince" not in filters


def test_every_filter_by_related_rows_is_narrowed(here, b):
    request = b.get(ADMIN).wsgi_request
    for model, page in admin.site._registry.items():
        if not hasattr(page, "organizer_field"):
            continue
        for chosen in page.get_list_filter(request):
            assert not isinstance(chosen, str) or not model._meta.get_field(chosen).is_relation


def test_an_organizer_makes_and_changes_its_own_event(here, b):
    own = here.b.rows["ticketing.event"]
    page = reverse("admin:ticketing_event_change", args=[own.pk])

    assert b.post(page, form_of(own, title="New title")).status_code == 302
    made = form_of(own, title="Second event", slug="second-event")
    assert b.post(reverse("admin:ticketing_event_add"), made).status_code == 302

    titles = set(Event.objects.filter(organizer=own.organizer).values_list("title", flat=True))
    assert titles == {"New title", "Second event"}


def test_nobody_puts_an_event_under_an_organizer_of_others(here, b):
    own, foreign = here.b.rows["ticketing.event"], here.a.rows["ticketing.organizer"]
    Event.objects.filter(pk=own.pk).update(status="draft")  # whose organizer its members may change
    stolen = form_of(own, organizer=foreign.pk)
    add = reverse("admin:ticketing_event_add")

    moved = b.post(reverse("admin:ticketing_event_change", args=[own.pk]), stolen)
    made = b.post(add, {**stolen, "slug": "second-event"})

    assert moved.status_code == made.status_code == 200
    assert "Select a valid choice" in moved.content.decode()
    assert marks_in(b.get(add), here.a.marks) == []
    assert list(Event.objects.filter(organizer=foreign)) == [here.a.rows["ticketing.event"]]


def test_a_showing_of_others_is_not_drawn_into_a_form(here, b):
    own, foreign = here.b.rows["ticketing.event"], here.a.rows["ticketing.showing"]
    smuggled = form_of(
        own,
        **{"showings-TOTAL_FORMS": 1, "showings-INITIAL_FORMS": 1, "showings-0-id": foreign.pk,
           "showings-0-event": own.pk, "showings-0-time_zone": "UTC"},
    )  # fmt: skip

    answer = b.post(reverse("admin:ticketing_event_change", args=[own.pk]), smuggled)

    assert answer.status_code == 200
    assert marks_in(answer, here.a.marks) == []
    kept = Showing.objects.get(pk=foreign.pk)
    assert (kept.event_id, kept.time_zone) == (foreign.event_id, foreign.time_zone)


def test_the_file_of_revenue_has_nothing_of_a_for_b(here, b):
    file = text_of(b.get(reverse("admin:orders_eventrevenue_export_csv")))

    assert "Event Pomelo" in file
    assert "Quince" not in file


def test_the_history_of_a_is_not_shown_to_b(here, b):
    event = here.a.rows["ticketing.event"]
    LogEntry.objects.create(
        user=here.a.member, action_flag=CHANGE, object_id=event.pk, object_repr=str(event),
        content_type=ContentType.objects.get_for_model(Event), change_message="Quince changed it",
    )  # fmt: skip
    page = reverse("admin:ticketing_event_history", args=[event.pk])

    assert "Quince changed it" in text_of(here.browsers["member of A"].get(page))
    assert b.get(page).status_code == 302
    for answer in (b.get(page, follow=True), b.get(ADMIN)):
        assert marks_in(answer, ["Quince"]) == []


def test_support_sees_the_sales_of_every_organizer(here):
    helper = here.browsers["support"]

    for name in ("orders/order", "payments/payment", "payments/paymentcase", "ticketing/event"):
        listed = helper.get(f"{ADMIN}{name}/").content.decode()
        for each in (here.a, here.b):
            row = each.rows[name.replace("/", ".")]
            assert f"/{row.pk}/change/" in listed


def test_raw_answers_of_the_provider_are_not_shown_to_support(here):
    reversal = here.a.rows["payments.reversal"]
    type(reversal).objects.update(provider_answer={"vnp_Message": "for admins only"})
    page = reverse("admin:payments_reversal_change", args=[reversal.pk])

    assert "for admins only" in text_of(here.browsers["admin"].get(page))
    assert "for admins only" not in text_of(here.browsers["support"].get(page))
