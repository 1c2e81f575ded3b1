"""Each role at each address of the back office: what the role table allows, and nothing else."""

from __future__ import annotations

import re

import pytest
from django.apps import apps

from tests.back_office.addresses import (
    ADMIN,
    addresses,
    allowed,
    list_actions,
    of_models,
    unknown_pages,
)
from tests.back_office.role_table import ACTIONS, FOR_ALL_STAFF, LIST_ACTIONS, MODELS
from tests.back_office.world import LETTERS
from ticketing.roles import PERMISSIONS, Role, role_of

OURS = ["ticketing", "orders", "payments", "refunds", "jobs", "auth", "account", "mfa"]
LINK_TO_ROW = re.compile(rf'href="({ADMIN}\w+/\w+/\d+/change/)[^"]*"')


@pytest.fixture(params=LETTERS)
def who(request):
    return request.param


def is_let_in(answer):
    """Whether a page was given, or a deed done; who is not let in goes to the start or log-in."""
    if answer.streaming:
        list(answer.streaming_content)  # a file is closed at its end
    if answer.status_code == 302:
        target = answer.headers["Location"]
        return target != ADMIN and not target.startswith(f"{ADMIN}login/")
    assert answer.status_code in (200, 403, 404), answer.status_code
    return answer.status_code == 200


def stored():
    """All that somebody could have changed."""
    models = [model for app in OURS for model in apps.get_app_config(app).get_models()]
    noise = {"last_login", "last_used_at"}
    return {
        model._meta.label: [
            {name: value for name, value in row.items() if name not in noise}
            for row in model.objects.order_by("pk").values()
        ]
        for model in models
    }


def should_be_let_in(who, address, *, writing=False):
    """By the role table. Lists and empty forms have no row: members of B have their own."""
    letters = LETTERS[who] or ("M" if who == "member of B" and not address.is_of_a_row else "")
    return any(letter in allowed(address, writing=writing) for letter in letters)


def test_every_page_and_action_is_in_the_role_table():
    for address in of_models():
        allowed(address)
    list(list_actions())
    assert unknown_pages() == set(), "New pages of the site: say who may open them."


def test_the_role_table_names_nothing_that_is_not_there():
    there = addresses()

    assert set(MODELS) == {address.model for address in there} - {""}
    assert set(ACTIONS) <= {address.name for address in there}
    assert {address.name for address in there} >= FOR_ALL_STAFF
    own = {f"{model._meta.label_lower} {action}" for model, action, _ in list_actions()}
    assert set(LIST_ACTIONS) <= own


def test_each_page_opens_for_those_whom_the_role_table_names(here, who):
    browser = here.browsers[who]

    for address in of_models():
        answer = browser.get(address.of(here.row(address.model).pk))
        expected = should_be_let_in(who, address)
        if address.verb == "shortcut":  # leads on to the page of the row, which decides
            expected = LETTERS[who] != "" or who == "member of B"
        assert is_let_in(answer) == expected, f"{who} at {address}"


def test_no_page_links_to_one_that_refuses_its_reader(here, who):
    browser = here.browsers[who]
    known = {}

    for address in of_models():
        if address.verb not in ("changelist", "change"):
            continue
        page = browser.get(address.of(here.row(address.model).pk))
        for link in LINK_TO_ROW.findall(page.content.decode()) if is_let_in(page) else ():
            if link not in known:
                known[link] = is_let_in(browser.get(link))
            assert known[link], f"{who} at {address}: {link}"


def test_each_form_is_taken_from_those_whom_the_role_table_names(here, who):
    """Empty forms: whoever may send them is told what is missing, or asked to confirm."""
    forms = [each for each in of_models() if each.verb not in ("changelist", "history", "shortcut")]
    theirs = [address for address in forms if should_be_let_in(who, address, writing=True)]

    def is_taken(address):
        return is_let_in(here.browsers[who].post(address.of(here.row(address.model).pk)))

    before = stored()
    for address in forms:
        assert address in theirs or not is_taken(address), f"{who} at {address}"
    assert stored() == before
    for address in theirs:
        assert is_taken(address), f"{who} at {address}"


def test_each_action_on_a_list_is_there_for_those_whom_the_role_table_names(here, who):
    def is_offered(model, action):
        """Also to whom it is not: it is sent before."""
        page = f"{ADMIN}{model._meta.app_label}/{model._meta.model_name}/"
        chosen = {"action": action, "_selected_action": [here.row(model._meta.label_lower).pk]}
        here.browsers[who].post(page, chosen)
        listed = here.browsers[who].get(page)
        return is_let_in(listed) and f'value="{action}"' in listed.content.decode()

    # A member of B sees the actions of members, and may take none with a row of A.
    letter = LETTERS[who] or ("M" if who == "member of B" else "-")
    before = stored()
    for model, action, may in list_actions():
        if not LETTERS[who] or letter not in may:
            assert is_offered(model, action) == (letter in may), f"{who}: {action} of {model}"
    assert stored() == before
    for model, action, may in list_actions():
        if LETTERS[who] and letter in may:
            assert is_offered(model, action), f"{who}: {action} of {model}"


@pytest.mark.parametrize("name", sorted(FOR_ALL_STAFF - {"view_on_site", "logout", "login"}))
def test_the_site_itself_is_for_staff_alone(here, who, name):
    [address] = [address for address in addresses() if address.name == name]
    route = re.sub(r"\(\?P<app_label>[^)]+\)", "ticketing", address.route).strip("^$")
    event = {"app_label": "ticketing", "model_name": "showing", "field_name": "event"}

    answer = here.browsers[who].get(ADMIN + route, event if name == "autocomplete" else {})

    assert is_let_in(answer) == (who not in ("visitor", "customer"))


def test_everybody_has_one_role_and_the_first_that_fits_counts(here):
    roles = {name: role_of(browser.user) for name, browser in here.browsers.items()
             if name != "visitor"}  # fmt: skip

    assert roles == {"customer": None, "member of A": Role.MEMBER, "member of B": Role.MEMBER,
                     "support": Role.SUPPORT, "admin": Role.ADMIN}  # fmt: skip
    here.a.rows["ticketing.organizer"].members.add(here.browsers["support"].user)
    assert role_of(here.browsers["support"].user) == Role.SUPPORT


@pytest.mark.parametrize("taken", ["is_active", "is_staff"])
@pytest.mark.parametrize("who", ["member of A", "support"])
def test_a_right_ends_with_what_it_came_from(here, who, taken):
    user = here.browsers[who].user
    page = f"{ADMIN}orders/order/"
    assert is_let_in(here.browsers[who].get(page))

    setattr(user, taken, False)
    user.save()

    assert not is_let_in(here.browsers[who].get(page))


def test_whoever_leaves_an_organizer_sees_its_rows_no_more(here):
    here.a.rows["ticketing.organizer"].members.clear()

    assert here.browsers["member of A"].get(f"{ADMIN}orders/order/").status_code == 403


def test_support_has_no_right_that_moves_money_or_decides():
    changing = {name for name in PERMISSIONS[Role.SUPPORT] if ".view_" not in name}

    assert changing == {"orders.resend_tickets", "payments.report_case"}
