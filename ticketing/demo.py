"""What the demo shows: people, organizers, and an event in every state. `seed_demo` makes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from ticketing.models import EventStatus, FraudStatus

PASSWORD = "demo-tickets-2026"
CUSTOMER = "customer@example.com"
ORGANIZER = "organizer@example.com"
SUPPORT = "support@example.com"
ADMIN = "admin@example.com"
STAFF = (ORGANIZER, SUPPORT, ADMIN)
MORE_CUSTOMERS = "customer{number}@example.com"

ORGANIZERS = {
    "saigon-stage": "Saigon Stage",
    "giai-bong-da": "Giải Bóng đá Việt Nam",
}


@dataclass(frozen=True)
class DemoArea:
    """Numbered `rows` in shorthand with as many `seats` each, or a field of so many `places`."""

    name: str
    price: int
    rows: str = ""
    seats: int = 0
    places: int = 0
    blocked: Mapping[str, str] = field(default_factory=dict)  # seat numbers by row, in shorthand


@dataclass(frozen=True)
class DemoEvent:
    """An event with one showing, at eight in the evening `in_days` from the seeding.

    `sale_starts` is counted from the seeding as well; so is `sale_ends`, and without it the sale
    ends an hour before the showing.
    """

    slug: str
    title: str
    venue: str
    organizer: str
    areas: tuple[DemoArea, ...]
    description: str = ""
    in_days: int = 30
    sale_starts: timedelta = timedelta(days=-7)
    sale_ends: timedelta | None = None
    status: EventStatus = EventStatus.PUBLISHED
    fraud_status: FraudStatus = FraudStatus.NONE
    auto_approve_refund: bool = False


SMALL_HALL = (DemoArea("Hall", 300_000, rows="A-E", seats=10),)

EVENTS = (
    DemoEvent(
        slug="dem-nhac-trinh",
        title="Đêm nhạc Trịnh",
        venue="Nhà hát Lớn, Hà Nội",
        description="Songs of Trịnh Công Sơn with a chamber orchestra.",
        organizer="saigon-stage",
        areas=(
            DemoArea("Stalls", 1_500_000, rows="A-O", seats=24, blocked={"O": "9-16"}),
            DemoArea("Circle", 900_000, rows="A-H", seats=20),
            DemoArea("Balcony", 500_000, rows="A-E", seats=16, blocked={"E": "1-2,15-16"}),
        ),
    ),
    DemoEvent(
        slug="chung-ket-cup-quoc-gia",
        title="Chung kết Cúp Quốc gia",
        venue="Sân vận động Mỹ Đình, Hà Nội",
        description="The cup final; numbered seats in four stands, standing room on the field.",
        organizer="giai-bong-da",
        auto_approve_refund=True,
        areas=(
            DemoArea("Stand A", 600_000, rows="1-60", seats=200),
            DemoArea("Stand B", 500_000, rows="1-60", seats=200),
            DemoArea("Stand C", 300_000, rows="1-46", seats=176),
            DemoArea("Stand D", 300_000, rows="1-46", seats=176),
            DemoArea("Field", 200_000, places=10_000),
        ),
    ),
    DemoEvent(
        slug="hoi-sach-mua-thu",
        title="Hội sách mùa thu",
        venue="Đường sách Nguyễn Văn Bình, TP. Hồ Chí Minh",
        description="Free, but the room is small: take a ticket.",
        organizer="saigon-stage",
        areas=(DemoArea("Reading room", 0, places=50),),
    ),
    DemoEvent(
        slug="kich-ban-moi",
        title="Vở kịch mới",
        venue="Sân khấu nhỏ 5B",
        description="Still a draft: only its organizer and admins see it.",
        organizer="saigon-stage",
        areas=SMALL_HALL,
        status=EventStatus.DRAFT,
    ),
    DemoEvent(
        slug="dem-jazz-song-han",
        title="Đêm jazz sông Hàn",
        venue="Nhà hát Trưng Vương, Đà Nẵng",
        description="Postponed; a new date will be told.",
        organizer="saigon-stage",
        areas=SMALL_HALL,
        status=EventStatus.POSTPONED,
    ),
    DemoEvent(
        slug="le-hoi-bien",
        title="Lễ hội biển",
        venue="Nha Trang",
        description="Cancelled.",
        organizer="saigon-stage",
        areas=(DemoArea("Beach", 150_000, places=200),),
        status=EventStatus.CANCELLED,
    ),
    DemoEvent(
        slug="hoa-nhac-nam-moi",
        title="Hòa nhạc năm mới",
        venue="Nhà hát Thành phố, TP. Hồ Chí Minh",
        description="The sale begins in a week.",
        organizer="saigon-stage",
        areas=SMALL_HALL,
        in_days=60,
        sale_starts=timedelta(days=7),
    ),
    DemoEvent(
        slug="cheo-san-dinh",
        title="Chèo sân đình",
        venue="Đình Kim Liên, Hà Nội",
        description="The sale is over.",
        organizer="saigon-stage",
        areas=SMALL_HALL,
        in_days=1,
        sale_ends=timedelta(hours=-1),
    ),
    DemoEvent(
        slug="sieu-sao-bi-an",
        title="Siêu sao bí ẩn",
        venue="Nhà thi đấu Phú Thọ, TP. Hồ Chí Minh",
        description="Sells, and is under investigation.",
        organizer="giai-bong-da",
        areas=SMALL_HALL,
        fraud_status=FraudStatus.INVESTIGATING,
    ),
)
