"""What payments tell of an order: attempts, what providers said, odd money, money going back."""

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
    tells,
    the_customer,
    the_system,
)
from payments.models import CaseKind, Channel, Payment, PaymentCase, ProviderMessage, Reversal

MOST_MESSAGES = 200

WORDS_OF_PAYMENT = {
    "capture": Word(gettext_lazy("The money is here."), Tone.GOOD, Flow.CAME),
    "fail": Word(gettext_lazy("The attempt to pay has failed."), Tone.BAD),
    "suspect": Word(
        gettext_lazy("The provider took the money and suspects fraud."), Tone.BAD, Flow.NAMED
    ),
}
WORDS_OF_CASE = {
    "report": Word(gettext_lazy("A case is opened: {thing}."), Tone.BAD),
    "resolve": Word(gettext_lazy("The case is resolved: {thing}.")),
}
WORDS_OF_REVERSAL = {
    "send": Word(gettext_lazy("The provider is told to give the money back."), flow=Flow.NAMED),
    "return_unsent": Word(gettext_lazy("The provider could not be reached; it is told later.")),
    "retry_as_partial": Word(
        gettext_lazy("The provider takes no full refund; it is asked for a partial one.")
    ),
    "doubt": Word(gettext_lazy("Nobody knows whether the provider did it; it is asked."), Tone.BAD),
    "accept": Word(gettext_lazy("The provider will give the money back."), flow=Flow.NAMED),
    "succeed": Word(gettext_lazy("The money is back at the customer."), Tone.GOOD, Flow.WENT),
    "reject": Word(gettext_lazy("The money was not given back."), Tone.BAD, Flow.NAMED),
}
WORDS_OF_JOBS = {
    "payments.question_due": gettext_lazy("Ask the provider what became of it"),
    "payments.reversal_due": gettext_lazy("Send the money back, or ask what became of it"),
    "payments.reversal_ended": gettext_lazy("Finish the refund whose money is back or refused"),
    "payments.reversal_unclear": gettext_lazy("Ask a person what the provider did"),
    "payments.owed": gettext_lazy("Tell the customer that this money goes back"),
    "payments.case_opened": gettext_lazy("Give late or second money back"),
}
# Who said something to whom, and in which words.
WORDS_OF_MESSAGES = {
    Channel.RETURN: gettext_lazy("The customer's browser came back from {provider}."),
    Channel.IPN: gettext_lazy("We were called (IPN)."),
    Channel.QUERY: gettext_lazy("We asked {provider} what became of it."),
    Channel.REFUND: gettext_lazy("We asked {provider} to give money back."),
    Channel.ANSWER: gettext_lazy("The question was answered."),
}
WORDS_OF_FORGED_CALL = gettext_lazy(
    "A call in {provider}'s name that could not be verified. Nothing of it was believed."
)
FROM_THE_PROVIDER = (Channel.IPN, Channel.ANSWER)


@tells(
    {Payment: "order", PaymentCase: "order", Reversal: "payment__order"},
    {Payment: WORDS_OF_PAYMENT, PaymentCase: WORDS_OF_CASE, Reversal: WORDS_OF_REVERSAL},
)
def payments(order: Order, reader: Reader) -> Told:
    """Four queries, however many rows there are."""
    attempts = list(order.payments.order_by("pk"))
    cases = list(PaymentCase.objects.filter(order=order).order_by("pk"))
    reversals = list(Reversal.objects.filter(payment__order=order).order_by("pk"))
    messages = list(_messages(attempts))
    return Told(
        entries=[
            *(_attempt(payment) for payment in attempts),
            *messages,
            *(_case(case) for case in cases if case.kind != CaseKind.REPORTED),
        ],
        logged=_logged(attempts, cases, reversals),
        jobs=[
            Jobs("payment_id", [each.pk for each in attempts], WORDS_OF_JOBS),
            Jobs("reversal_id", [each.pk for each in reversals], WORDS_OF_JOBS),
            Jobs("case_id", [each.pk for each in cases], WORDS_OF_JOBS),
        ],
        mail_keys=[case.mail_key for case in cases],
        is_cut=len(messages) == MOST_MESSAGES,
    )


def _logged(
    attempts: Iterable[Payment], cases: Iterable[PaymentCase], reversals: Iterable[Reversal]
) -> list[Logged]:
    paid = {each.pk: Thing(each.txn_ref, each.amount, Row(Payment, each.pk)) for each in attempts}
    odd = {each.pk: Thing(each.get_kind_display(), row=Row(PaymentCase, each.pk)) for each in cases}
    back = {
        each.pk: Thing(each.request_id, each.amount, Row(Reversal, each.pk)) for each in reversals
    }
    return [
        Logged(Payment, Kind.PAYMENT, paid),
        Logged(PaymentCase, Kind.CASE, odd),
        Logged(Reversal, Kind.REVERSAL, back),
    ]


def _attempt(payment: Payment) -> Entry:
    return Entry(
        payment.created_at,
        Kind.PAYMENT,
        _("An attempt to pay begins at {provider}.").format(provider=_name(payment.provider)),
        actor=the_customer(),
        why=_("Reference {reference}").format(reference=payment.txn_ref),
        amount=payment.amount,
        row=Row(Payment, payment.pk),
    )


def _messages(attempts: Iterable[Payment]) -> Iterable[Entry]:
    """The newest ones. What they say word by word is for those who may open their pages."""
    references = [payment.txn_ref for payment in attempts]
    messages = ProviderMessage.objects.filter(txn_ref__in=references)
    # The link itself is left out: the entry of the attempt tells of it.
    for each in messages.exclude(channel=Channel.PAY).order_by("-pk")[:MOST_MESSAGES]:
        forged = each.is_believed is False
        words = WORDS_OF_FORGED_CALL if forged else WORDS_OF_MESSAGES[Channel(each.channel)]
        yield Entry(
            each.at,
            Kind.MESSAGE,
            str(words).format(provider=_name(each.provider)),
            actor=_("unknown") if forged else _speaker(each),
            row=Row(ProviderMessage, each.pk),
            details=each.body,
        )


def _speaker(message: ProviderMessage) -> str:
    if message.channel in FROM_THE_PROVIDER:
        return _name(message.provider)
    return the_customer() if message.channel == Channel.RETURN else the_system()


def _case(case: PaymentCase) -> Entry:
    return Entry(
        case.opened_at,
        Kind.CASE,
        _("A case is opened: {thing}.").format(thing=case.get_kind_display()),
        actor=the_system(),
        why=case.description,
        amount=case.amount,
        tone=Tone.BAD,
        row=Row(PaymentCase, case.pk),
    )


def _name(provider: str) -> str:
    return {"vnpay": "VNPay"}.get(provider, provider)
