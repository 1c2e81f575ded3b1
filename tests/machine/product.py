"""The product and the stand-in under the machine, and which row is which thing of the model."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from decimal import Decimal

from django.db.models import F
from django.test import Client
from django.utils import timezone

from jobs.models import Job
from jobs.outbox import RunLater, handler_of
from jobs.services import run_job
from orders.models import Order
from orders.services import place_order
from payments.models import Payment, PaymentCase, Reversal
from payments.providers import Customer
from payments.services import start_payment
from refunds.models import Refund
from tests.factories import CustomerFactory, EventFactory, ShowingFactory, seats_in_area
from tests.machine.house import House
from tests.machine.things import ACampaign, AnArea, AnAttempt, APlace, ASale
from tests.payments.reconciled import let_time_pass
from tests.payments.reversed import let_reversals_wait
from tests.payments.vnpay_calls import IPN, RETURN
from tests.refunds.money_model import ARefund
from tests.refunds.moved import new_admin
from tests.sandbox.protocol import link
from ticketing.models import Area

MOODS = {
    "fair": {},
    "slow": {"api_slow_seconds": 0.02},
    "refusing refunds": {"refund_outcome": "processing_then_rejected"},
    "taking refunds without a word": {"refund_98": "done"},
    "down": {"api_down": True},
    "hanging up": {"api_down": "cut"},
    "losing answers": {"answer_lost": True},
    "muddled": {"query_99": True, "refund_99": True},
}
ANSWERS_QUESTIONS = {"fair", "slow", "refusing refunds", "taking refunds without a word"}
ENDS = {"succeeded", "rejected"}
SOON = timedelta(seconds=210)  # between whole minutes, as steps let pass
TOPICS = [
    "orders.expiry_due",
    "payments.case_opened",
    "payments.reversal_due",
    "payments.reversal_ended",
    "payments.reversal_unclear",
    "refunds.campaign_due",
    "refunds.pay_back",
    "ticketing.event_cancelled",
    "ticketing.event_closed",
    "ticketing.fraud_confirmed",
]


class Product:
    """A showing with two areas of seats and two standing fields, all on sale, and its buyers."""

    def __init__(self, vnpay, house: House, sizes: list[int]) -> None:
        self.vnpay, self.house = vnpay, house
        self.client = Client()
        self.event = EventFactory(auto_approve_refund=house.is_automatic)
        self.showing = ShowingFactory(event=self.event)
        self.admin, self.second_admin = new_admin(), new_admin()
        self.customers = CustomerFactory.create_batch(3)
        self.pks: dict[object, int] = {}
        self.calls: list[tuple[AnAttempt, str, str]] = []
        self.by_hand: dict[ARefund, int] = {}
        for area, size in zip(house.areas, sizes, strict=True):
            self._build(area, size)
        vnpay.reset()
        self.change_mood("fair")

    def _build(self, area: AnArea, size: int) -> None:
        seats = seats_in_area(
            size,
            showing=self.showing,
            price=Decimal(area.price) / 100,
            is_general_admission=area.is_standing,
        )
        self.pks[area] = seats[0].area_id
        for seat in sorted(seats, key=lambda each: each.pk):
            area.places.append(APlace(area))
            self.pks[area.places[-1]] = seat.pk

    def ids(self, things: list) -> list[int]:
        return [self.pks[thing] for thing in things]

    def stored(self, sale: ASale) -> Order:
        return Order.objects.get(pk=self.pks[sale])

    def tickets(self, sale: ASale) -> list:
        return list(self.stored(sale).tickets.order_by("seat_id"))

    def payment(self, attempt: AnAttempt) -> Payment:
        return Payment.objects.get(pk=self.pks[attempt])

    # Buying

    def place(self, customer: int, wanted: list[APlace], count: int, key: str) -> Order:
        """Not the showing itself: its event has changed since."""
        area = wanted[0].area
        what = (
            {"area": Area.objects.get(pk=self.pks[area]), "quantity": count}
            if area.is_standing
            else {"seat_ids": self.ids(wanted)}
        )
        showing = type(self.showing).objects.get(pk=self.showing.pk)
        buyer = self.customers[customer]
        return place_order(
            customer=buyer, showing=showing, idempotency_key=key, request_digest=key, **what
        )

    def held_places(self, order: Order, area: AnArea) -> list[APlace]:
        held = set(order.holds.values_list("seat_id", flat=True))
        return [place for place in area.places if self.pks[place] in held]

    def start_payment(self, sale: ASale) -> Payment:
        return start_payment(
            order_id=self.pks[sale], provider="vnpay", customer=Customer("127.0.0.1")
        )

    # What happens at the bank

    def open_link(self, attempt: AnAttempt) -> None:
        values = dict(self.payment(attempt).provider_request)
        if attempt.is_other_amount:
            values["vnp_Amount"] = str(int(values["vnp_Amount"]) + 100_000)
        self.vnpay.open(link(values))

    def decide(self, attempt: AnAttempt, outcome: str) -> None:
        """Pay or not; what the bank would tell us of it is kept to be told at any later time."""
        txn_ref = self.payment(attempt).txn_ref
        self.vnpay.decide(txn_ref, outcome)
        callback = self.vnpay.transaction(txn_ref)["callback"]
        if callback:
            self.calls.append((attempt, attempt.at_bank or "", callback))

    def call_ipn(self, query: str) -> str:
        answer = self.client.get(f"{IPN}?{query}")
        assert answer.status_code == 200
        return answer.json()["RspCode"]

    def come_back(self, query: str) -> None:
        assert self.client.get(f"{RETURN}?{query}").status_code == 200

    def change_mood(self, mood: str) -> None:
        self.mood = mood
        self.vnpay.clear_weather()
        self.vnpay.set_weather(**{"no_ipn": True, "refund_outcome": "done", **MOODS[mood]})

    @property
    def is_answering(self) -> bool:
        return self.mood in ANSWERS_QUESTIONS

    def given_back(self, attempt: AnAttempt) -> dict[str, int]:
        """The cents that the bank gave back of a payment, by the id that we asked with."""
        if attempt.at_bank is None:
            return {}
        refunds = self.vnpay.transaction(self.payment(attempt).txn_ref)["refunds"]
        return {r["request_id"]: r["amount"] for r in refunds if r["final_status"] != "09"}

    # Time and jobs

    def let_time_pass(self, minutes: int) -> None:
        let_time_pass(minutes)
        let_reversals_wait(minutes=minutes)
        shift = timedelta(minutes=minutes)
        Job.objects.update(run_at=F("run_at") - shift, leased_until=F("leased_until") - shift)
        self.house.clock += minutes

    def due_jobs(self, *, soon: timedelta = timedelta(0)) -> list[Job]:
        waiting = Job.objects.filter(topic__in=TOPICS, status__in=["pending", "published"])
        due = waiting.extra(where=["run_at <= clock_timestamp() + %s"], params=[soon])
        return list(due.order_by("run_at", "pk"))

    def jobs_at_hand(self) -> list[Job]:
        """Due, or soon: which steps there are may not depend on how fast the machine runs."""
        return self.due_jobs(soon=SOON)

    def run(self, job: Job) -> None:
        """As a delivery does. None may fail, whatever has happened meanwhile."""
        now = timezone.now()
        Job.objects.filter(pk=job.pk, run_at__gt=now).update(run_at=now)
        reversals = self.reversals()
        outcome = run_job(job_id=job.pk, generation=job.generation)
        assert outcome in ("done", "postponed"), f"{job}: {outcome}"
        self._expect(job, reversals)

    def run_once_more(self, job: Job) -> None:
        """A message that came twice, or late."""
        reversals = self.reversals()
        with suppress(RunLater):
            handler_of(job.topic)(**job.payload)
        self._expect(job, reversals)

    def _expect(self, job: Job, reversals: dict[int, tuple[ASale, ARefund]]) -> None:
        """Do to the model what the job has to do."""
        _app, name = job.topic.split(".")
        if name in ("reversal_ended", "reversal_unclear"):
            if both := reversals.get(job.payload["reversal_id"]):
                self.house.record(*both, is_unclear=name == "reversal_unclear")
        elif name != "reversal_due":
            getattr(self, f"_expect_{name}")(**job.payload)

    def _expect_expiry_due(self, order_id: int) -> None:
        self.house.settle_order(self.thing(ASale, order_id), is_answering=self.is_answering)

    def _expect_case_opened(self, case_id: int) -> None:
        case = PaymentCase.objects.get(pk=case_id)
        sale = self.thing(ASale, case.order_id)
        self.house.give_back(sale, self.thing(AnAttempt, case.payment_id))

    def _expect_pay_back(self, refund_id: int) -> None:
        refund = self.thing(ARefund, refund_id)
        self.house.pay_back(self.sale_of(refund), refund)

    def _expect_event_closed(self, event_id: int) -> None:
        self.house.close()

    def _expect_event_cancelled(self, event_id: int, by_id: int) -> None:
        self.house.campaigns.setdefault("cancelled", ACampaign("cancelled", "running"))

    def _expect_fraud_confirmed(self, event_id: int, by_id: int) -> None:
        if self.house.fraud == "confirmed":
            self.house.campaigns.setdefault("fraud", ACampaign("fraud"))

    def _expect_campaign_due(self, campaign_id: int) -> None:
        self.house.take_up(self.thing(ACampaign, campaign_id))

    # Which row is which

    def thing(self, kind: type, pk: int):
        return next(each for each, of in self.pks.items() if of == pk and isinstance(each, kind))

    def refunds(self) -> list[tuple[ASale, ARefund]]:
        return [(sale, refund) for sale in self.house.orders for refund in sale.refunds]

    def sale_of(self, refund: ARefund) -> ASale:
        return next(sale for sale, each in self.refunds() if each is refund)

    def reversals(self) -> dict[int, tuple[ASale, ARefund]]:
        """Who waits for which reversal, by the id of the reversal."""
        known = dict(Refund.objects.filter(reversal__isnull=False).values_list("pk", "reversal"))
        found = {known.get(self.pks[both[1]]): both for both in self.refunds()}
        return {pk: both for pk, both in found.items() if pk}

    def adopt(self) -> None:
        """Find the rows of refunds and campaigns that the last step has made."""
        for sale in self.house.orders:
            new = [refund for refund in sale.refunds if refund not in self.pks]
            rows = Refund.objects.filter(order=self.pks[sale])
            mine = [self.pks[refund] for refund in sale.refunds if refund in self.pks]
            pks = rows.exclude(pk__in=mine).order_by("pk").values_list("pk", flat=True)
            self.pks.update(zip(new, pks, strict=True))
        for reason, campaign in self.house.campaigns.items():
            self.pks[campaign] = self.event.refund_campaigns.get(reason=reason).pk

    def look_at_reversals(self) -> None:
        """How far the bank is: the machine believes the product, if the bank's books agree."""
        known = {each.pk: each for each in Reversal.objects.all()}
        for pk, (sale, refund) in self.reversals().items():
            status = known[pk].status if known[pk].status in ENDS else "open"
            if refund.reversal.status == "open" and status != "open":
                attempt = self.thing(AnAttempt, known[pk].payment_id)
                is_back = known[pk].request_id in self.given_back(attempt)
                assert is_back == (status == "succeeded"), f"{sale.status}: {known[pk]}"
                refund.reversal.status = status

    def catch_up(self) -> None:
        self.adopt()
        self.look_at_reversals()

    def is_back(self, refund: ARefund) -> bool:
        """Whether the bank has given its money back, whatever we know of it."""
        reversal = Refund.objects.select_related("reversal").get(pk=self.pks[refund]).reversal
        attempt = self.thing(AnAttempt, reversal.payment_id)
        return reversal.request_id in self.given_back(attempt)
