"""Pages of a list that cost the same however far one reads.

A page begins where another one ended: at a row, which it finds by the values that the list is
sorted by. It does not count the rows before it, as OFFSET does, nor those after it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from django.contrib.admin.utils import get_fields_from_path
from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, Model, Q, QuerySet

SORTED_BY = "sorted_by_{}"  # what a row was sorted by, as attributes of it


@dataclass(frozen=True)
class Key:
    """One of the values that a list is sorted by."""

    path: str
    is_descending: bool
    is_nullable: bool

    def reversed(self) -> Key:
        return Key(self.path, not self.is_descending, self.is_nullable)

    def is_beyond(self, value: Any) -> Q | None:
        """What is sorted after this value, None if nothing is. Nulls are PostgreSQL's highest."""
        if self.is_descending:
            return self._has_value() if value is None else Q((f"{self.path}__lt", value))
        if value is None:
            return None
        greater = Q((f"{self.path}__gt", value))
        return greater | self._is_null() if self.is_nullable else greater

    def is_not_before(self, value: Any) -> Q:
        """The values from this one on, as a range that an index can begin with; Q() for all."""
        if value is None or (self.is_nullable and not self.is_descending):
            return Q()
        return Q((f"{self.path}__{'lte' if self.is_descending else 'gte'}", value))

    def is_same(self, value: Any) -> Q:
        return self._is_null() if value is None else Q((self.path, value))

    def _is_null(self) -> Q:
        return Q((f"{self.path}__isnull", True))

    def _has_value(self) -> Q:
        return Q((f"{self.path}__isnull", False))


@dataclass(frozen=True)
class Position:
    """The row that a page begins after or ends before, by what it is sorted by."""

    is_after: bool
    values: tuple[Any, ...]

    @classmethod
    def read(cls, text: str) -> Self | None:
        """The position that an address names; None for what no page has written."""
        try:
            is_after, *values = json.loads(base64.urlsafe_b64decode(text.encode()))
        except (ValueError, TypeError, RecursionError):
            return None
        is_plain = all(value is None or isinstance(value, str | int | float) for value in values)
        return cls(is_after, tuple(values)) if is_plain and isinstance(is_after, bool) else None

    def write(self) -> str:
        """The position as a part of an address."""
        plain = json.dumps([self.is_after, *self.values], default=str)
        return base64.urlsafe_b64encode(plain.encode()).decode()


@dataclass(frozen=True)
class Page:
    """Rows in their order, and where the pages beside them lie."""

    rows: list[Any]
    previous: Position | None
    next: Position | None


def read_page(rows: QuerySet[Any], position: Position | None, size: int) -> Page:
    """One page of rows whose order ends with the primary key.

    Raises ValueError or ValidationError for a position with values of another kind of list.
    """
    keys = keys_of(rows)
    if position is not None and len(position.values) != len(keys):
        position = None  # the list is sorted otherwise by now
    rows = rows.annotate(**{SORTED_BY.format(n): F(key.path) for n, key in enumerate(keys)})
    if position is None or position.is_after:
        # One row more than a page says whether there is another.
        found = list(_from(rows, keys, position)[: size + 1])
        return _page(found[:size], len(keys), before=position is not None, after=len(found) > size)
    turned = [key.reversed() for key in keys]
    found = list(_from(rows.reverse(), turned, position)[: size + 1])
    # These are the first ones, maybe too few for a page by now.
    if len(found) <= size:
        return read_page(rows, None, size)
    return _page(found[:size][::-1], len(keys), before=True, after=True)


def keys_of(rows: QuerySet[Any]) -> list[Key]:
    """What these rows are sorted by: names of fields, maybe negated, up to the primary key."""
    keys: dict[str, Key] = {}
    for name in rows.query.order_by:
        key = _key(rows.model, str(name))
        keys.setdefault(key.path, key)
        if key.path == rows.model._meta.pk.name:
            break
    return list(keys.values())


def _key(model: type[Model], name: str) -> Key:
    path = name.removeprefix("-")
    path = model._meta.pk.name if path == "pk" else path
    try:
        fields = get_fields_from_path(model, path)
        is_nullable = any(getattr(field, "null", True) for field in fields)
    except FieldDoesNotExist:
        is_nullable = True  # an annotation
    return Key(path, name.startswith("-"), is_nullable)


def _from(rows: QuerySet[Any], keys: Sequence[Key], position: Position | None) -> QuerySet[Any]:
    """The rows after a position. With several keys: the first one that differs decides."""
    if position is None:
        return rows
    # Not `Q()`: if nothing lies beyond this position, that would be every row.
    later, same = Q(pk__in=[]), Q()
    for key, value in zip(keys, position.values, strict=True):
        beyond = key.is_beyond(value)
        if beyond is not None:
            later |= same & beyond
        same &= key.is_same(value)
    # An index can't begin at an OR. The first value alone says where, and the OR does the rest.
    return rows.filter(keys[0].is_not_before(position.values[0]), later)


def _page(rows: list[Any], width: int, *, before: bool, after: bool) -> Page:
    return Page(
        rows,
        previous=_beside(rows[0], width, is_after=False) if before and rows else None,
        next=_beside(rows[-1], width, is_after=True) if after else None,
    )


def _beside(row: Any, width: int, *, is_after: bool) -> Position:
    return Position(is_after, tuple(getattr(row, SORTED_BY.format(n)) for n in range(width)))
