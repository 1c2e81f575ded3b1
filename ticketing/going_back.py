"""What undoing a migration would throw away."""

from __future__ import annotations

from typing import Any, cast

from django.db.migrations import AddField, CreateModel, Migration
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import StateApps
from django.db.models import Field, Model, QuerySet
from django.db.models.fields import NOT_PROVIDED


def facts_lost(migration: Migration, apps: StateApps, *, using: str) -> dict[str, int]:
    """How many rows know something that undoing `migration` drops, by table or table.column.

    `apps` is the state after it, which the database has to have. Tables count with their rows, and
    columns with the rows where something else stands than coming forward again would put there.
    """
    lost: dict[str, int] = {}
    for operation in migration.operations:
        if found := _dropped(operation, migration.app_label, apps):
            name, rows = found
            lost[name] = rows.using(using).count()
    return {name: count for name, count in lost.items() if count}


def _dropped(operation: Operation, app: str, apps: StateApps) -> tuple[str, QuerySet[Model]] | None:
    if isinstance(operation, CreateModel):
        model = apps.get_model(app, operation.name)
        is_table = model._meta.managed and not model._meta.proxy
        return (model._meta.db_table, model._base_manager.all()) if is_table else None
    if isinstance(operation, AddField):
        model = apps.get_model(app, operation.model_name)
        field = cast("Field[Any, Any]", model._meta.get_field(operation.name))
        return f"{model._meta.db_table}.{field.name}", _set_to_something(model, field)
    return None


def _set_to_something(model: type[Model], field: Field[Any, Any]) -> QuerySet[Model]:
    if field.remote_field and field.many_to_many:
        through: type[Model] = cast("Any", field.remote_field).through
        return through._base_manager.all()
    unset = field.get_default() if field.has_default() else field.db_default
    if unset is NOT_PROVIDED:
        unset = None if field.null else ""
    is_unset = {f"{field.name}__isnull": True} if unset is None else {field.name: unset}
    return model._base_manager.exclude(**is_unset)
