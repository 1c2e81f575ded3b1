"""The rows that jobs are about. Apps say what their arguments name; jobs know none of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db.models import Model
from django.urls import reverse

_models: dict[str, type[Model]] = {}


class Subject(NamedTuple):
    """A row that a job is about, and its page in the back office."""

    name: str
    address: str


def names(argument: str, model: type[Model]) -> None:
    """Say that jobs called with `argument` are about the row of `model` with that id."""
    _models[argument] = model


def subjects_of(payload: Mapping[str, Any]) -> list[Subject]:
    """The rows that a payload names, as far as apps have said what its arguments mean."""
    return [
        Subject(f"{_models[argument]._meta.verbose_name} {pk}", address_of(_models[argument], pk))
        for argument, pk in payload.items()
        if argument in _models
    ]


def address_of(model: type[Model], pk: object) -> str:
    """The address of a row's page in the back office."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_change", args=[pk])
