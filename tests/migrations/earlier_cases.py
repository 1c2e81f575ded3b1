"""Cases as the version before `given_back` opened and filed them, in its words."""

from __future__ import annotations

from jobs.models import Job
from jobs.outbox import handler_of
from payments.models import Payment, PaymentCase
from tests.factories import from_now
from tests.refunds.moved import new_admin

TURNING = "payments.turn_earlier_cases"
SAID = {
    "of a refund": "{payment} is captured here, and the provider says: 400,000 VND were or will be "
    "given back as 77. Nothing was changed. Look it up at the provider, then decide about order "
    "{order}.",
    "of a reversal": "The reversal r55 of 400,000 VND of {payment} is rejected here, and the "
    "provider says of it: done. Nothing was changed. Look it up at the provider, then decide about "
    "order {order}.",
    "of a payment": "{payment} is captured here, and the provider says: failed, code 00/01/02. "
    "Nothing was changed. Look it up at the provider, then decide about order {order}.",
}


def earlier_case(payment: Payment, about: str, *, is_decided: bool = False) -> PaymentCase:
    said = SAID[about].format(payment=payment, order=payment.order.code)
    case = PaymentCase.objects.create(
        kind="contradicted", provider="vnpay", txn_ref=payment.txn_ref, payment=payment,
        order=payment.order, amount=payment.amount, description=said, opened_at=from_now(),
    )  # fmt: skip
    if is_decided:
        case.resolve(by=new_admin(), at=from_now(), reason="Looked it up.")
        case.save()
    return case


def filed(*cases: PaymentCase) -> list[tuple[str, str]]:
    """The kind of each, and what follows its payment's reference."""
    now = [PaymentCase.objects.select_related("payment").get(pk=case.pk) for case in cases]
    return [(case.kind, case.txn_ref.removeprefix(case.payment.txn_ref)) for case in now]


def turn() -> None:
    """What the job does that the migration leaves."""
    job = Job.objects.get(topic=TURNING, status="pending")
    handler_of(job.topic)(**job.payload)
