"""What the tests of the workbench send, and how they look at what is stored."""

from __future__ import annotations

from django.db.models import Model
from django.urls import reverse
from django_fsm_log.models import StateLog

from ticketing.models import Area, Event, Row, Seat, SeatPlanUpload, Showing

HISTORY = "django_fsm_log-statelog-content_type-object_id"
NO_HISTORY = {f"{HISTORY}-TOTAL_FORMS": 0, f"{HISTORY}-INITIAL_FORMS": 0}


def page_of(row: Model, name: str = "change") -> str:
    model = row._meta
    return reverse(f"admin:{model.app_label}_{model.model_name}_{name}", args=[row.pk])


def text_of(answer) -> str:
    return answer.content.decode()


def event_fields(organizer, *showings, initial=0, **fields):
    """The form of an event with these showings, as a browser sends it."""
    form = {
        "organizer": organizer.pk, "title": "Đêm nhạc", "description": "", "venue": "", "slug": "",
        "showings-TOTAL_FORMS": len(showings), "showings-INITIAL_FORMS": initial,
        **NO_HISTORY, **fields,
    }  # fmt: skip
    for number, showing in enumerate(showings):
        form |= {f"showings-{number}-{name}": value for name, value in showing.items()}
    return form


def evening(**fields):
    """The fields of a showing; its sale times are left empty."""
    return {
        "starts_at": "2099-03-05T20:00", "ends_at": "2099-03-05T22:30",
        "ticket_sale_start": "", "ticket_sale_end": "", "time_zone": "Asia/Ho_Chi_Minh", **fields,
    }  # fmt: skip


def stored():
    """All that the workbench could have changed."""
    models = (Event, Showing, Area, Row, Seat, SeatPlanUpload, StateLog)
    return [list(model.objects.order_by("pk").values()) for model in models]
