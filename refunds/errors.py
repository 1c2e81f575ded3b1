"""What can be refused about a refund, and how callers recognise it (`design.md` section 6)."""

from django.utils.translation import gettext_lazy as _

from ticketing.errors import DomainError


class RefundWindowClosed(DomainError):
    """`extra["closed_at"]`: until when it could have been asked for."""

    code = "refund-window-closed"
    title = _("It is too late to give these tickets back.")
    extra_example = {"closed_at": "2026-12-15T11:30:00Z"}


class TicketNotRefundable(DomainError):
    """`extra["tickets"]`: the codes that can't be given back."""

    code = "ticket-not-refundable"
    title = _("Some of these tickets can't be given back.")
    extra_example = {"tickets": ["9W4ZK2XQ7M3RT8VBPH6JDNAC5F"]}


class RefundNotOffered(DomainError):
    code = "refund-not-offered"
    title = _("A refund for this reason is not offered.")


class NothingToRefund(DomainError):
    code = "nothing-to-refund"
    title = _("There is nothing left to refund.")


class QuoteChanged(DomainError):
    """`extra["amount"]`: what would go back now."""

    code = "refund-quote-changed"
    title = _("The amount that would go back has changed.")
    extra_example = {"amount": "300000.00"}


class AmountChanged(DomainError):
    code = "refund-amount-changed"
    title = _("The amount of this refund has changed since it was shown.")


class TryMoved(DomainError):
    code = "refund-try-moved"
    title = _("The refund has got further at the provider since it was shown.")


class RefundAlreadyDecided(DomainError):
    code = "refund-already-decided"
    title = _("This refund has been decided before.")


class OverrideNotAllowed(DomainError):
    code = "refund-override-not-allowed"
    title = _("This refund can't be overridden that way.")


class RefundNotFailed(DomainError):
    code = "refund-not-failed"
    title = _("Only a refund that the payment provider did not carry out can be settled by hand.")


class NoteRequired(DomainError):
    code = "note-required"
    title = _("Say why, for those who read it later.")
    status = 400


class CampaignNotPossible(DomainError):
    code = "campaign-not-possible"
    title = _("This can't be done with the refund campaign.")
