"""Who belongs to an organizer: changed by platform admins, on what the page still shows."""

from __future__ import annotations

import re

from tests.back_office.workbench import page_of, text_of
from tests.factories import CustomerFactory, OrganizerFactory


def opened(browser, organizer):
    """The form as a browser has it, with the mark of what it was shown."""
    page = text_of(browser.get(page_of(organizer)))
    fields = {"name": organizer.name, "slug": organizer.slug}
    members = list(organizer.members.values_list("pk", flat=True))
    [seen] = re.findall(r'name="seen" value="(\w+)"', page) or [""]
    return {**fields, "members": members, "seen": seen}


def test_whoever_was_taken_out_is_not_brought_back_by_an_older_page(boss, second_boss):
    organizer, stays, leaves = OrganizerFactory(), CustomerFactory(), CustomerFactory()
    organizer.members.set([stays, leaves])
    older = opened(second_boss, organizer)
    without = {**opened(boss, organizer), "members": [stays.pk]}
    assert boss.post(page_of(organizer), without).status_code == 302

    refused = second_boss.post(page_of(organizer), {**older, "name": "Another name"})

    assert "This has changed since you opened the page." in text_of(refused)
    assert list(organizer.members.all()) == [stays]
    again = {**opened(second_boss, organizer), "name": "Another name"}
    assert second_boss.post(page_of(organizer), again).status_code == 302
    organizer.refresh_from_db()
    assert (organizer.name, list(organizer.members.all())) == ("Another name", [stays])


def test_an_organizer_is_made_with_its_members(boss):
    user = CustomerFactory()
    form = {"name": "Nhà hát", "slug": "nha-hat", "members": [user.pk]}

    assert boss.post("/admin/ticketing/organizer/add/", form).status_code == 302

    assert [each.slug for each in user.organizers.all()] == ["nha-hat"]


def test_the_page_of_an_organizer_names_its_members_and_no_other_account(boss):
    """There may be hundreds of thousands. Others are found by their whole address."""
    organizer, member, other = OrganizerFactory(), CustomerFactory(), CustomerFactory()
    organizer.members.add(member)

    page = text_of(boss.get(page_of(organizer)))

    assert member.username in page
    assert other.username not in page
    field = {"app_label": "ticketing", "model_name": "organizer", "field_name": "members"}
    found = boss.get("/admin/autocomplete/", {**field, "term": other.email}).json()
    assert [each["text"] for each in found["results"]] == [other.username]
