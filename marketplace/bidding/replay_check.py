"""Whether a lot's events lead to the state that is stored: field by field, in words."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from marketplace.bidding import engine
from marketplace.bidding.events import event_from
from marketplace.bidding.model import LotState
from marketplace.kernel.chain import GENESIS, Recorded, leaf


@dataclass(frozen=True, slots=True)
class Difference:
    """One field, or one entry of a field, in which the two states differ."""

    field: str
    stored: str
    replayed: str


def replayed(events: Iterable[Recorded]) -> LotState:
    """Return the state that journaled events of one lot lead to. Raises ValueError naming an event that is broken."""
    state: LotState | None = None
    previous, number = GENESIS, 0
    for number, one in enumerate(events, start=1):
        if one.seq != number or one.previous != previous or leaf(one) != one.hash:
            raise ValueError(f"event {one.seq} is not as it was written")
        previous = one.hash
        try:
            state = engine.evolve(state, event_from(one.name, one.data["event"]))
        except (KeyError, TypeError, StopIteration, ValueError) as error:
            raise ValueError(f"event {one.seq} ({one.name}) can't follow the events before it: {error}") from error
    if state is None:
        raise ValueError("there are no events")
    return state


def differences(stored: LotState, led: LotState) -> Iterator[Difference]:
    """Yield in what the stored state differs from the one that the events lead to."""
    for name in LotState._fields:
        one, other = getattr(stored, name), getattr(led, name)
        if one == other:
            continue
        if isinstance(one, Mapping) and isinstance(other, Mapping):
            for key in sorted({*one, *other}, key=str):
                if one.get(key) != other.get(key):
                    yield Difference(f"{name} {_said(key)}", _said(one.get(key)), _said(other.get(key)))
        else:
            yield Difference(name, _said(one), _said(other))


def _said(value: Any) -> str:
    if value is None:
        return "nothing"
    return " ".join(map(str, value)) if type(value) is tuple else str(value)
