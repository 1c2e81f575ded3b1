"""The times of a showing, in its own zone and in an order that makes sense."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ticketing.event_changes import has_buyers, why_its_dates_stay
from ticketing.models import EventStatus, Showing, validate_time_zone
from ticketing.workbench.seen import SeenForm
from ticketing.workbench.wall_times import WallTimeField, at_zone, on_the_wall

DATES = ("starts_at", "ends_at")
TIMES = (*DATES, "ticket_sale_start", "ticket_sale_end")


class ShowingForm(SeenForm):
    """What is typed is the time at the house, and is kept as a moment.

    No sale is given an end here that is after its showing, and of a showing that has buyers it ends
    no earlier than they were told, because their right to give tickets back is counted from there.
    Its dates stay until its event is postponed.
    """

    starts_at = WallTimeField(label=gettext_lazy("Begins"))
    ends_at = WallTimeField(label=gettext_lazy("Ends"))
    ticket_sale_start = WallTimeField(
        label=gettext_lazy("Sale from"),
        required=False,
        help_text=gettext_lazy("Left empty: from now on."),
    )
    ticket_sale_end = WallTimeField(
        label=gettext_lazy("Sale until"),
        required=False,
        help_text=gettext_lazy(
            "Left empty: until it begins. Customers can give tickets back until 120 hours before."
        ),
    )

    class Meta:
        model = Showing
        fields: ClassVar = [*TIMES, "time_zone"]
        labels: ClassVar = {"time_zone": gettext_lazy("Time zone")}
        help_texts: ClassVar = {
            "time_zone": gettext_lazy("Of the house. All times here are what its clock shows.")
        }

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.stored = {name: getattr(self.instance, name) for name in TIMES}
        for name, moment in self.stored.items():
            if moment is not None:
                self.initial[name] = on_the_wall(moment, self.instance.zone)
        if self.instance.pk:
            self._fix_dates()

    def _fix_dates(self) -> None:
        reason = why_its_dates_stay(self.instance)
        for name in (*DATES, "time_zone") if reason else ():
            if name in self.fields:
                self.fields[name].disabled = True
                self.fields[name].help_text = reason
        is_put_off = self.instance.event.status == EventStatus.POSTPONED and not reason
        if is_put_off and "starts_at" in self.fields:
            told = _("Whoever has a ticket is told by mail once another time is saved.")
            self.fields["starts_at"].help_text = told

    def clean_time_zone(self) -> str:
        """Known before any time is read by it."""
        name: str = self.cleaned_data["time_zone"]
        validate_time_zone(name)
        return name

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        time_zone = given.get("time_zone") or self.instance.time_zone
        for name in TIMES:
            self._place(name, given, time_zone)
        if not {*DATES, "time_zone", "ticket_sale_end"}.isdisjoint(self.changed_data):
            self._check_sale_over(given)
        if given.get("ticket_sale_start", "") is None:
            given["ticket_sale_start"] = timezone.now()
        if given.get("ticket_sale_end", "") is None:
            given["ticket_sale_end"] = given.get("starts_at")
        if self.instance.pk and not {*DATES, "time_zone"}.isdisjoint(self.changed_data):
            self._check_still_unsold()
            self._check_ahead(given)
        self._check_order(given)
        return given

    def _place(self, name: str, given: dict[str, Any], time_zone: str) -> None:
        """Make a moment of what the clock shows; one that was not touched stays to the second."""
        if given.get(name) is None:
            return
        if self.stored[name] is not None and {name, "time_zone"}.isdisjoint(self.changed_data):
            given[name] = self.stored[name]
            return
        try:
            given[name] = at_zone(given[name], time_zone)
        except ValidationError as trouble:
            self.add_error(name, trouble)

    def _check_still_unsold(self) -> None:
        """Look again, so that nobody buys between this and the new times."""
        self._lock()
        reason = why_its_dates_stay(self.instance)
        if reason:
            self.add_error(None, reason)

    def _check_ahead(self, given: dict[str, Any]) -> None:
        """Of a date that is past nobody would be told."""
        ends, is_put_off = given.get("ends_at"), self.instance.event.status == EventStatus.POSTPONED
        if is_put_off and ends and ends <= timezone.now():
            self.add_error("ends_at", _("It was put off: give it a date to come."))

    def _check_sale_over(self, given: dict[str, Any]) -> None:
        """Tickets could be given back after it: that is counted from the end of the sale."""
        ends, sale_ends = given.get("ends_at"), given.get("ticket_sale_end")
        if ends and sale_ends and sale_ends > ends:
            self.add_error("ticket_sale_end", _("The showing ends before that. Give another time."))

    def _check_order(self, given: dict[str, Any]) -> None:
        self._check_after("ends_at", "starts_at", _("It ends after it begins."))
        told = _("The sale ends after it begins. Give the time from which tickets are sold.")
        self._check_after("ticket_sale_end", "ticket_sale_start", told)
        ends, before = given.get("ticket_sale_end"), self.stored["ticket_sale_end"]
        if ends and before and ends < before and self._has_waiting_buyers():
            self.add_error(
                "ticket_sale_end",
                _(
                    "Tickets are out, and buyers may give them back until so many hours before "
                    "the end of the sale: it can only be later. To stop the sale, move its start "
                    "to shortly before its end; seats that come free after you block the others "
                    "would still be sold."
                ),
            )

    def _lock(self) -> None:
        """Keep orders away until the end of the transaction, which is that of the page."""
        # A weaker lock would let them through, which hold their showing by its key.
        Showing.objects.select_for_update(of=("self",)).get(pk=self.instance.pk)

    def _has_waiting_buyers(self) -> bool:
        self._lock()
        event = self.instance.event
        return event.status == EventStatus.PUBLISHED and has_buyers(self.instance)

    def _check_after(self, later: str, earlier: str, told: str) -> None:
        first: datetime | None = self.cleaned_data.get(earlier)
        last: datetime | None = self.cleaned_data.get(later)
        if first and last and last <= first:
            self.add_error(later, told)
