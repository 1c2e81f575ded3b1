"""What staff do before the pictures are taken: by browser, as there is no API for it."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sandbox.screenshots.camera import Camera
from sandbox.screenshots.pages import ADMIN, follow, open_first
from sandbox.screenshots.world import SUSPECT
from sandbox.shop import Failed

AT_THE_HOUSE = ZoneInfo("Asia/Ho_Chi_Minh")


def open_door(camera: Camera, showing: str) -> None:
    """An admin moves a showing that has no buyers yet, so that its door is open by now."""
    page = camera.page_of(ADMIN)
    page.goto(f"{camera.public}/admin/ticketing/showing/{showing}/change/")
    begins = datetime.now(AT_THE_HOUSE).replace(minute=0) + timedelta(hours=3)
    times = {
        "ticket_sale_end": begins - timedelta(hours=1),
        "starts_at": begins,
        "ends_at": begins + timedelta(hours=2),
    }
    for name, moment in times.items():
        page.locator(f"[name={name}]").fill(f"{moment:%Y-%m-%dT%H:%M}")
    page.locator("[name=_save]").click()
    page.wait_for_url("**/admin/ticketing/showing/")


def confirm_fraud(camera: Camera) -> None:
    """An admin ends an investigation, so that there is a campaign to be tried out."""
    page = camera.page_of(ADMIN)
    page.goto(f"{camera.public}/admin/ticketing/event/")
    open_first(SUSPECT)(page)
    follow(page, "Confirm the fraud")
    page.locator("[name=reason]").fill("The singer does not exist, and neither does the hall.")
    page.get_by_role("button", name="Confirm the fraud").click()
    draft = f"{camera.public}/admin/refunds/refundcampaign/?status__exact=draft"
    for _ in range(30):  # a job prepares it
        page.goto(draft)
        if page.locator("#result_list tbody tr").count():
            return
        page.wait_for_timeout(500)
    raise Failed("No campaign was prepared.")
