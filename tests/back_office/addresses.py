"""Every address of the back office, read from the URL conf."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib import admin
from django.urls import URLResolver, reverse

from tests.back_office.role_table import ACTIONS, FOR_ALL_STAFF, LIST_ACTIONS, MODELS

ADMIN = reverse("admin:index")
READING = ("changelist", "history", "change")
SAY_IT = "Say in tests/back_office/role_table.py who may use it."


@dataclass(frozen=True)
class Address:
    """A pattern of the URL conf; `model` and `verb` are empty for pages of the site itself."""

    route: str
    name: str | None
    model: str = ""
    verb: str = ""

    def __str__(self) -> str:
        return self.name or self.route

    @property
    def is_of_a_row(self) -> bool:
        return "<" in self.route

    def of(self, pk: object) -> str:
        """The address for this row."""
        return ADMIN + re.sub(r"<[^>]+>", str(pk), self.route)


def addresses() -> list[Address]:
    """All of them, with the model they belong to."""
    return [_described(route, name) for route, name in _walk(admin.site.urls[0])]


def of_models() -> list[Address]:
    return [address for address in addresses() if address.model]


def _walk(patterns: list[object], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    for pattern in patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _walk(pattern.url_patterns, route)
        else:
            yield route, pattern.name


def _described(route: str, name: str | None) -> Address:
    for model in admin.site._registry:
        app, model_name = model._meta.app_label, model._meta.model_name
        if route.startswith(f"{app}/{model_name}/"):
            verb = (name or "shortcut").removeprefix(f"{app}_{model_name}_")
            return Address(route, name, model._meta.label_lower, verb)
    return Address(route, name)


def allowed(address: Address, *, writing: bool = False) -> str:
    """Who may use it, by the role table. Fails for what the table does not name."""
    if address.name in ACTIONS:
        return ACTIONS[address.name]
    assert address.model in MODELS, f"{address.model} is new in the back office. {SAY_IT}"
    rights = MODELS[address.model]
    if address.verb == "shortcut" or (address.verb in READING and not writing):
        return rights.read
    rights_by_verb = {"add": rights.add, "change": rights.change, "delete": rights.delete}
    reading = {"changelist": rights.read, "history": rights.read}
    known = {**rights_by_verb, **reading}
    assert address.verb in known, f"{address} is a new address in the back office. {SAY_IT}"
    return known[address.verb]


def list_actions() -> Iterator[tuple[type, str, str]]:
    """Every action on ticked rows: the model, the action, and who may take it."""
    for model, page in admin.site._registry.items():
        label = model._meta.label_lower
        yield model, "delete_selected", MODELS[label].delete
        for given in page.actions or ():
            action = getattr(given, "__name__", given)
            told = f"{label} {action}"
            assert told in LIST_ACTIONS, f"{told} is a new action in the back office. {SAY_IT}"
            yield model, action, LIST_ACTIONS[told]


def unknown_pages() -> set[str]:
    """Pages of no model that the role table does not name; the last pattern catches the rest."""
    names = {address.name for address in addresses() if not address.model}
    return names - FOR_ALL_STAFF - {None}
