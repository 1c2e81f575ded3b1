"""Valid rows from no arguments; a test names only what it is about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from allauth.account.models import EmailAddress
from django.contrib.auth.models import User
from factory import LazyAttribute, LazyFunction, Sequence, SubFactory, Trait
from factory.django import DjangoModelFactory

from jobs import outbox
from orders import holding, operations
from orders.models import Order
from payments.models import Payment
from ticketing.models import Area, Event, EventStatus, Organizer, Row, Seat, Showing

STEPS = {
    EventStatus.DRAFT: [],
    EventStatus.PUBLISHED: ["publish"],
    EventStatus.POSTPONED: ["publish", "postpone"],
    EventStatus.CANCELLED: ["publish", "cancel"],
}


def from_now(**delta: float) -> datetime:
    return datetime.now(UTC) + timedelta(**delta)


def where_it_is_midday() -> str:
    """A time zone in which no day ends while a test runs."""
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"  # ahead of Greenwich is a minus, in these


class CustomerFactory(DjangoModelFactory):
    class Meta:
        model = User

    username = Sequence(lambda n: f"customer{n}")
    email = LazyAttribute(lambda user: f"{user.username}@example.org")


class OrganizerFactory(DjangoModelFactory):
    class Meta:
        model = Organizer

    name = "Saigon Stage"
    slug = Sequence(lambda n: f"saigon-stage-{n}")


class EventFactory(DjangoModelFactory):
    class Meta:
        model = Event

    class Params:
        draft = Trait(status=EventStatus.DRAFT)
        postponed = Trait(status=EventStatus.POSTPONED)
        cancelled = Trait(status=EventStatus.CANCELLED)

    organizer = SubFactory(OrganizerFactory)
    title = "Đêm nhạc Trịnh"
    slug = Sequence(lambda n: f"dem-nhac-trinh-{n}")
    status = EventStatus.PUBLISHED

    @classmethod
    def _create(cls, model_class, *args, status, **fields):
        """Bring the event to its status the only way there is: by logged transitions."""
        event = super()._create(model_class, *args, **fields)
        for step in STEPS[status]:
            getattr(event, step)(by=None, at=from_now(), reason="The test begins so.")
        event.save()
        return event


class ShowingFactory(DjangoModelFactory):
    """On sale now; it starts in thirty days."""

    class Meta:
        model = Showing

    class Params:
        not_yet_on_sale = Trait(ticket_sale_start=LazyFunction(lambda: from_now(days=1)))
        sale_over = Trait(ticket_sale_end=LazyFunction(lambda: from_now(seconds=-1)))

    event = SubFactory(EventFactory)
    starts_at = LazyFunction(lambda: from_now(days=30))
    ends_at = LazyAttribute(lambda showing: showing.starts_at + timedelta(hours=2))
    ticket_sale_start = LazyFunction(lambda: from_now(days=-1))
    ticket_sale_end = LazyAttribute(lambda showing: showing.starts_at - timedelta(hours=1))


class AreaFactory(DjangoModelFactory):
    class Meta:
        model = Area

    class Params:
        general_admission = Trait(name="Field", is_general_admission=True)

    showing = SubFactory(ShowingFactory)
    name = Sequence(lambda n: f"Stalls {n}")
    price = 500_000


class RowFactory(DjangoModelFactory):
    class Meta:
        model = Row

    area = SubFactory(AreaFactory)
    label = Sequence(lambda n: f"R{n}")


class SeatFactory(DjangoModelFactory):
    class Meta:
        model = Seat

    row = SubFactory(RowFactory)
    area = LazyAttribute(lambda seat: seat.row.area)
    showing = LazyAttribute(lambda seat: seat.row.area.showing)
    number = Sequence(lambda n: f"{n}")


def reread(row):
    """The same row, as the database has it now."""
    return type(row).objects.get(pk=row.pk)


def able_to_log_in(customer: User, password: str) -> User:
    """The same customer with this password and a verified address."""
    customer.set_password(password)
    customer.save()
    EmailAddress.objects.create(user=customer, email=customer.email, verified=True, primary=True)
    return customer


def seats_in_area(count: int, **area: object) -> list[Seat]:
    """`count` free seats in one row of a new area."""
    row = RowFactory(area=AreaFactory(**area))
    return SeatFactory.create_batch(count, row=row)


def field_of(places: int, **area: object) -> Area:
    """A new standing area with so many free places."""
    area = AreaFactory(general_admission=True, **area)
    SeatFactory.create_batch(places, row=RowFactory(area=area, label="GA"))
    return area


def overdue_order(**fields: object) -> Order:
    """A pending order whose time was up a moment ago."""
    times = {"created_at": from_now(minutes=-16), "expires_at": from_now(seconds=-1)}
    return placed_order(**{**times, **fields})


def placed_order(seats: list[Seat] | None = None, **fields: object) -> Order:
    """A pending order that holds `seats`, just as placing it leaves them."""
    seats = seats or seats_in_area(2)
    fields.setdefault("customer", CustomerFactory())
    order = OrderFactory.build(showing=seats[0].showing, **fields)
    holding.hold_seats(order, [seat.pk for seat in seats])
    order.save()  # with what a test knows of it and placing does not
    outbox.enqueue("orders.expiry_due", run_at=order.expires_at, order_id=order.pk)
    return order


class OrderFactory(DjangoModelFactory):
    """The bare row; `placed_order` gives it seats."""

    class Meta:
        model = Order

    customer = SubFactory(CustomerFactory)
    showing = SubFactory(ShowingFactory)
    event = LazyAttribute(lambda order: order.showing.event)
    email = LazyAttribute(lambda order: order.customer.email)
    total_amount = 1_000_000
    created_at = LazyFunction(lambda: from_now(seconds=-1))
    expires_at = LazyFunction(lambda: from_now(minutes=15))


class PaymentFactory(DjangoModelFactory):
    """A pending attempt at VNPay for an order that was just placed."""

    class Meta:
        model = Payment

    order = LazyFunction(placed_order)
    provider = "vnpay"
    amount = LazyAttribute(lambda payment: payment.order.total_amount)
    created_at = LazyAttribute(lambda payment: payment.order.created_at)
    expires_at = LazyAttribute(lambda payment: payment.order.expires_at)
    provider_request = LazyFunction(lambda: {"vnp_CreateDate": "20261121100000"})

    @classmethod
    def _create(cls, model_class, *args, order, **fields):
        """Leave the order as starting a payment does."""
        order.payment_started_at = order.payment_started_at or fields["created_at"]
        order.save(update_fields=["payment_started_at"])
        return super()._create(model_class, *args, order=order, **fields)


def paid_order(seats: list[Seat] | None = None, *, at: datetime | None = None, **fields) -> Order:
    """A paid order with its tickets, and the captured payment that paid it unless it was free."""
    order = placed_order(seats, **fields)
    at = at or from_now()
    if order.total_amount:
        payment = PaymentFactory(order=order)
        payment.capture(
            by=None, at=at, reason="The test pays it.", transaction_no="14226112", code="00/00"
        )
        payment.save()
    operations.confirm(order, by=None, at=at, reason="The test pays it.")
    return order


def showing_with_sale_end(**delta: float) -> Showing:
    """A showing on sale whose sale ends that far from now."""
    ends = from_now(**delta)
    return ShowingFactory(ticket_sale_end=ends, starts_at=ends + timedelta(hours=1))
