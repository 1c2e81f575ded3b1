"""What can be refused about giving money back, and how callers recognise it."""

from django.utils.translation import gettext_lazy as _

from ticketing.errors import DomainError


class PaymentNotCaptured(DomainError):
    code = "payment-not-captured"
    title = _("This payment brought no money that could go back.")


class ReversalInProgress(DomainError):
    code = "reversal-in-progress"
    title = _("Money of this payment is on its way back already.")


class ReversalTooLarge(DomainError):
    code = "reversal-too-large"
    title = _("That is more than this payment still has.")


class ReversalNotDecidable(DomainError):
    code = "reversal-not-decidable"
    title = _("There is nothing to decide about this reversal now.")


class CaseOpenAlready(DomainError):
    code = "case-open-already"
    title = _("There is a case for this already.")


class CaseResolvedAlready(DomainError):
    code = "case-resolved-already"
    title = _("This case has its decision already.")


class CaseBeingPaidBack(DomainError):
    code = "case-being-paid-back"
    title = _("The money of this case is on its way back.")
