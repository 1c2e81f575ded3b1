"""The state graphs of the documentation, drawn from the code."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db.models import Model
from django_fsm import FSMField

HEADING = """# States

Drawn by `manage.py draw_states > docs/states.md`; a test compares. Every arrow is a protected
transition of the model. Seats and holds have no arrows of their own: they change set-wise with
their order, in one statement (`SeatQuerySet`, `SeatHoldQuerySet`).
"""


class Command(BaseCommand):
    help = "Print the state graph of every model as Markdown with Mermaid diagrams."

    def handle(self, **options: Any) -> None:
        self.stdout.write(draw(), ending="")


def draw() -> str:
    """The whole page."""
    return HEADING + "".join(_graph(model, field) for model, field in _machines())


def _machines() -> Iterator[tuple[type[Model], FSMField]]:
    for model in apps.get_models():
        if model._meta.proxy:
            continue  # another view of a model that is drawn already
        for field in model._meta.fields:
            if isinstance(field, FSMField) and list(field.get_all_transitions(model)):
                yield model, field


def _graph(model: type[Model], field: FSMField) -> str:
    arrows = sorted(
        f"    {transition.source} --> {transition.target}: {transition.name}"
        for transition in field.get_all_transitions(model)
    )
    start = f"    [*] --> {field.get_default()}"
    lines = "\n".join([start, *arrows])
    title = f"{model._meta.label}.{field.name}"
    return f"\n## {title}\n\n```mermaid\nstateDiagram-v2\n{lines}\n```\n"
