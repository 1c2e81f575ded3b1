"""The steps of a machine, each with what it draws and when there is a point in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from ticketing.errors import DomainError


@dataclass(frozen=True)
class Step:
    act: Callable[..., None]
    often: int
    when: Callable[[Any], object]
    drawn: dict[str, st.SearchStrategy[Any]]


@dataclass
class Steps:
    """Hypothesis would leave out some rules in each run, and it takes many to get money back."""

    known: list[Step] = field(default_factory=list)

    def step(
        self, *, often: int = 1, when: Callable[[Any], object] = lambda machine: True, **drawn: Any
    ) -> Callable[[Callable[..., None]], Callable[..., None]]:
        """Make a method a step: drawn so often, whenever `when` holds."""

        def note(act: Callable[..., None]) -> Callable[..., None]:
            self.known.append(Step(act, often, when, drawn))
            return act

        return note

    def take(self, machine: object, data: st.DataObject) -> None:
        """Draw one that makes sense now, and do it."""
        possible = {step.act.__name__: step for step in self.known if step.when(machine)}
        names = [name for name, step in possible.items() for _ in range(step.often)]
        chosen = possible[data.draw(st.sampled_from(names), label="step")]
        drawn = {name: data.draw(what, label=name) for name, what in chosen.drawn.items()}
        chosen.act(machine, **drawn)


STEPS = Steps()
step = STEPS.step
any_number = st.integers(0, 23)
OFTEN = 20  # of these numbers: what a step is meant for; then, whatever else there is


def pick(things: list, number: int) -> Any:
    return things[number % len(things)]


def refusal_of(action: Callable[..., Any], *wish: Any, **arguments: Any) -> str | None:
    """Do it; the code of the refusal if it is refused."""
    try:
        action(*wish, **arguments)
    except DomainError as refused:
        return refused.code
    return None
