"""What refunds tell of an order: what was asked for, who decided, overrides, and campaigns."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from orders.models import Order
from orders.timeline import (
    Entry,
    Flow,
    Jobs,
    Kind,
    Logged,
    Reader,
    Row,
    Thing,
    Told,
    Tone,
    Word,
    actor_of,
    tells,
    the_system,
)
from refunds.mails import keys_of
from refunds.models import (
    CampaignOrder,
    CampaignOrderStatus,
    CampaignStatus,
    Refund,
    RefundCampaign,
    RefundOverride,
)

WORDS_OF_REFUND = {
    "ask_organizer": Word(gettext_lazy("The refund waits for the organizer.")),
    "ask_admin": Word(gettext_lazy("The refund waits for the platform.")),
    "approve": Word(gettext_lazy("The refund is approved."), Tone.GOOD),
    "reject": Word(gettext_lazy("The refund is rejected."), Tone.BAD),
    "reopen": Word(gettext_lazy("The refund is taken up again and waits for the platform.")),
    "process": Word(gettext_lazy("The money of the refund is sent back."), flow=Flow.NAMED),
    "complete": Word(gettext_lazy("The refund is over: all of it is paid back."), Tone.GOOD),
    "complete_partly": Word(
        gettext_lazy("The refund is over: its part is paid back."), Tone.GOOD, Flow.NAMED
    ),
    "note_payment_failure": Word(
        gettext_lazy("The refund was not paid out; a person has to decide."), Tone.BAD
    ),
    "fail": Word(gettext_lazy("The refund is given up; no money goes back by it."), Tone.BAD),
}
WORDS_OF_CAMPAIGN = {
    "start": Word(gettext_lazy("The refund of the whole event is started: {thing}")),
    "pause": Word(gettext_lazy("The refund of the whole event is paused: {thing}")),
    "resume": Word(gettext_lazy("The refund of the whole event goes on: {thing}")),
    "complete": Word(gettext_lazy("The refund of the whole event is over: {thing}")),
    "reopen": Word(gettext_lazy("The refund of the whole event is taken up again: {thing}")),
    "retry": Word(gettext_lazy("What could not be refunded is tried again: {thing}")),
}
WORDS_OF_JOBS = {
    "refunds.pay_back": gettext_lazy("Begin to pay the refund back"),
    "refunds.moved": gettext_lazy("Tell those concerned what became of the refund"),
}


@tells({Refund: "order"}, {Refund: WORDS_OF_REFUND, RefundCampaign: WORDS_OF_CAMPAIGN})
def refunds(order: Order, reader: Reader) -> Told:
    """Three queries, however many rows there are."""
    found = list(order.refunds.select_related("requested_by").order_by("pk"))
    overrides = list(_overrides(found))
    campaigns = list(_campaigns(order, reader))
    return Told(
        entries=[
            *(_asked(refund, order, overrides) for refund in found),
            *(_overridden(each, order) for each in overrides),
            *(_taken_up(entry, order, reader) for entry in campaigns),
        ],
        logged=[
            Logged(
                Refund,
                Kind.REFUND,
                {each.pk: Thing(str(each.pk), each.amount, Row(Refund, each.pk)) for each in found},
            ),
            *_logged_campaigns(campaigns, reader),
        ],
        jobs=[Jobs("refund_id", [each.pk for each in found], WORDS_OF_JOBS)],
        mail_keys=[key for each in found for key in keys_of(each)],
    )


def _asked(refund: Refund, order: Order, overrides: Iterable[RefundOverride]) -> Entry:
    """As it was at first: with what an override has replaced since."""
    first = next((each for each in overrides if each.refund_id == refund.pk), None)
    return Entry(
        refund.requested_at,
        Kind.REFUND,
        _("A refund of {percentage} % comes up: {reason}.").format(
            percentage=first.old_percentage if first else refund.percentage_applied,
            reason=refund.get_reason_display(),
        ),
        actor=actor_of(refund.requested_by, order),
        amount=first.old_amount if first else refund.amount,
        row=Row(Refund, refund.pk),
    )


def _overrides(refunds: list[Refund]) -> Iterable[RefundOverride]:
    chosen = RefundOverride.objects.filter(refund__in=refunds)
    return chosen.select_related("actor").order_by("pk") if refunds else []


def _overridden(override: RefundOverride, order: Order) -> Entry:
    return Entry(
        override.at,
        Kind.REFUND,
        _("The percentage is overridden: {new} instead of {old}.").format(
            new=f"{override.new_percentage} % ({order.price_tag(override.new_amount)})",
            old=f"{override.old_percentage} % ({order.price_tag(override.old_amount)})",
        ),
        actor=actor_of(override.actor, order),
        why=override.note,
        row=Row(Refund, override.refund_id),
    )


def _campaigns(order: Order, reader: Reader) -> Iterable[CampaignOrder]:
    """Entries of campaigns on the order. A draft is nobody's business but the admins'."""
    entries = CampaignOrder.objects.filter(order=order).select_related("campaign__event")
    if not reader.opens(RefundCampaign):
        entries = entries.exclude(campaign__status=CampaignStatus.DRAFT)
    return entries.order_by("pk")


def _taken_up(entry: CampaignOrder, order: Order, reader: Reader) -> Entry:
    campaign = entry.campaign
    begun = campaign.started_at or campaign.created_at
    is_listed = entry.status == CampaignOrderStatus.LISTED
    return Entry(
        # An entry keeps no time of its own: an order that was paid later was taken up then at the
        # earliest.
        max(begun, order.paid_at or begun),
        Kind.CAMPAIGN,
        _("The order is in the refund of the whole event: {status}.").format(
            status=entry.get_status_display()
        ),
        actor=the_system(),
        why=entry.note if reader.opens(RefundCampaign) else "",
        tone=Tone.BAD if is_listed else Tone.PLAIN,
        row=Row(RefundCampaign, campaign.pk),
    )


def _logged_campaigns(entries: list[CampaignOrder], reader: Reader) -> list[Logged]:
    """Who started and stopped them, and why, for those who may open their pages."""
    if not reader.opens(RefundCampaign):
        return []
    found = {entry.campaign_id: entry.campaign for entry in entries}
    named = {pk: Thing(str(each), row=Row(RefundCampaign, pk)) for pk, each in found.items()}
    return [Logged(RefundCampaign, Kind.CAMPAIGN, named)]
