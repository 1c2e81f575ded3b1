"""Switches that make the stand-in misbehave the way the real gateway can."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from sandbox.records import Switch
from sandbox.store import Store

Value = bool | int | float | str


class WeatherError(Exception):
    """A switch that does not exist, or a value it cannot take; the text is for the caller."""


@dataclass(frozen=True)
class Kind:
    """What a switch does, in words, and which values it takes."""

    about: str
    values: str
    accepts: Callable[[object], bool]


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1e9


def _flag(about: str) -> Kind:
    return Kind(about, "true or false", _is_flag)


def _seconds(about: str) -> Kind:
    return Kind(about, "seconds", _is_number)


def _one_of(about: str, *choices: str) -> Kind:
    return Kind(about, " or ".join(choices), lambda value: value in choices)


def _flag_or(about: str, *choices: str) -> Kind:
    values = f"true, false or {', '.join(choices)}"
    return Kind(about, values, lambda value: _is_flag(value) or value in choices)


SWITCHES: dict[str, Kind] = {
    "no_ipn": _flag("The IPN is never sent by itself."),
    "ipn_before_return": _flag("The IPN is sent and answered before the browser is sent back."),
    "ipn_twice": _flag("Two IPN calls run in parallel."),
    "ipn_late_seconds": _seconds("The first IPN call waits this long."),
    "wrong_amount": Kind(
        "IPN and Return carry another amount: 1,000 VND more, or this many VND.",
        "true, false or VND",
        lambda value: _is_flag(value) or (isinstance(value, int) and 0 < value < 10**10),
    ),
    "code_07": _flag("A success turns into suspected fraud (07)."),
    "return_lost": _flag("The browser gets a page about a broken connection, not the redirect."),
    "query_91": _flag("querydr answers 91, no such transaction."),
    "query_94": _flag("querydr answers 94, unsigned."),
    "query_99": _flag("querydr answers 99."),
    "query_unsigned": _flag("querydr answers without a signature."),
    "refund_outcome": _one_of(
        "How an accepted refund goes on.",
        "done",
        "processing_then_done",
        "processing_then_rejected",
    ),
    "refund_13": _flag("refund answers 13, only partial refunds allowed."),
    "refund_94": _flag_or("refund answers 94; `done`: the refund was taken all the same.", "done"),
    "refund_98": _flag_or("refund answers 98; `done`: the refund was taken all the same.", "done"),
    "refund_99": _flag_or("refund answers 99; `done`: the refund was taken all the same.", "done"),
    "api_down": _flag_or("The API does no work: 503, or `cut` for a closed connection.", "cut"),
    "api_slow_seconds": _seconds("The API thinks this long before it works."),
    "answer_lost": _flag("The API does its work, then the connection is cut."),
    "mail_refused": _flag("A mail is refused for now (451). Scope: the recipient's address."),
    "mail_refused_for_ever": _flag("A mail is refused for ever (550)."),
    "mail_slow_seconds": _seconds("A mail is accepted this much later."),
    "mail_dropped": _flag("A mail is accepted and lost."),
    "mail_answer_lost": _flag("A mail is kept, then the connection is cut before the answer."),
    "qstash_dropped": _flag("A message is accepted and never delivered."),
    "qstash_late_seconds": _seconds("A message comes this much later than it was asked for."),
    "qstash_reversed_seconds": _seconds(
        "Messages accepted within this time come together, newest first, one after the other."
    ),
    "qstash_twice": _flag_or(
        "A message comes once more after its success; `parallel`: twice at the same time.",
        "parallel",
    ),
    "qstash_signature": _one_of(
        "What is wrong with the signature of a delivery.",
        "missing",
        "next_key",
        "wrong_key",
        "other_url",
        "other_body",
        "expired",
    ),
    "qstash_down": _flag_or("The API does no work: 503, or `cut` for a closed connection.", "cut"),
    "qstash_slow_seconds": _seconds("The API thinks this long before it works."),
    "qstash_answer_lost": _flag_or(
        "The API does its work, then the connection is cut; `error`: then it answers 500.", "error"
    ),
    "qstash_limited": _flag_or(
        "The API answers 429, too many calls; `daily`: too many messages today.", "daily"
    ),
    "qstash_no_ids_mean_all": _flag(
        "Cancelling or deleting without ids hits everything, as QStash does; otherwise 400."
    ),
}


class Weather:
    """The switches that are set: for all, or for one scope, which wins.

    A scope is a TxnRef, or for QStash a message's label.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def take(self, name: str, txn_ref: str) -> Value:
        """The switch's value for this transaction, or False. Uses up one of its `times`."""
        switch = self._find(name, txn_ref)
        if switch is None:
            return False
        self._use_up(switch)
        return _value_of(switch)

    def look(self, name: str, txn_ref: str) -> Value:
        """As `take`, but uses up nothing."""
        switch = self._find(name, txn_ref)
        return _value_of(switch) if switch else False

    def show(self, scope: str = "") -> dict[str, object]:
        """The switches of one scope, in the form that `change` accepts."""
        return {
            switch.name: {"value": json.loads(switch.value), "times": switch.times}
            for switch in self._store.select(Switch, scope=scope)
        }

    def scopes(self) -> list[str]:
        """The TxnRefs that have switches of their own."""
        return sorted({switch.scope for switch in self._store.select(Switch)} - {""})

    def change(self, wanted: Mapping[str, object], scope: str = "") -> None:
        """Set the named switches and leave the others; None unsets one.

        A value stands alone or as `{"value": ..., "times": N}`. Raises `WeatherError` and changes
        nothing when any of them is wrong.
        """
        parsed = [_parse(name, value, scope) for name, value in wanted.items()]
        with self._store.together():
            for switch in parsed:
                self._store.delete(Switch, key=switch.key)
                if switch.value != "null":
                    self._store.save(switch)

    def clear(self, scope: str = "") -> None:
        """Unset every switch of one scope."""
        self._store.delete(Switch, scope=scope)

    def _find(self, name: str, txn_ref: str) -> Switch | None:
        own = self._store.find(Switch, key=_key(name, txn_ref))
        return own or self._store.find(Switch, key=_key(name, ""))

    def _use_up(self, switch: Switch) -> None:
        if switch.times is None:
            return
        if switch.times <= 1:
            self._store.delete(Switch, key=switch.key)
        else:
            self._store.save(replace(switch, times=switch.times - 1))


def _value_of(switch: Switch) -> Value:
    value: Value = json.loads(switch.value)
    return value


def _key(name: str, scope: str) -> str:
    return f"{scope}/{name}"


def _parse(name: str, wanted: object, scope: str) -> Switch:
    value, times = wanted, None
    if isinstance(wanted, Mapping):
        value, times = wanted.get("value"), wanted.get("times")
    if name not in SWITCHES:
        raise WeatherError(f"There is no switch {name!r}; there are: {', '.join(SWITCHES)}.")
    if value is not None and not SWITCHES[name].accepts(value):
        raise WeatherError(f"{name} takes {SWITCHES[name].values}, not {value!r}.")
    # By its very type: true and false are ints as well.
    if times is not None and not (type(times) is int and times >= 1):
        raise WeatherError(f"times of {name} must be a whole number from 1, not {times!r}.")
    return Switch(_key(name, scope), scope, name, json.dumps(value), times)
