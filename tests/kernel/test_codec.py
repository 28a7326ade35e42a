"""Values to JSON and back without loss, and one byte form for what is hashed and signed."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from marketplace.kernel import codec


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, slots=True)
class Part:
    price: Decimal
    colour: Colour


@dataclass(frozen=True, slots=True)
class Thing:
    name: str
    parts: tuple[Part, ...]
    at: datetime
    weight: int | None


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
PARTS = st.builds(Part, st.decimals(allow_nan=False, allow_infinity=False, places=4), st.sampled_from(Colour))
THINGS = st.builds(
    Thing,
    TEXTS,
    st.lists(PARTS, max_size=3).map(tuple),
    st.datetimes(timezones=st.just(UTC)),
    st.none() | st.integers(),
)
DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(THINGS)
def test_a_value_comes_back_from_the_bytes_that_were_made_of_it(thing: Thing) -> None:
    assert codec.load(Thing, codec.parse(codec.canonical(codec.dump(thing)))) == thing


def test_money_is_written_with_the_digits_that_it_has() -> None:
    document = codec.dump(Part(Decimal("400.1000"), Colour.RED))
    assert document == {"price": "400.1000", "colour": "red"}


def test_what_is_no_such_value_is_refused() -> None:
    with pytest.raises(ValidationError):
        codec.load(Part, {"price": "much", "colour": "red"})
    with pytest.raises(ValidationError):
        codec.load(Part, {"price": "1"})


@given(DOCUMENTS)
def test_the_order_of_keys_changes_no_byte(document: object) -> None:
    def backwards(value: object) -> object:
        if isinstance(value, dict):
            return {key: backwards(value[key]) for key in reversed(value)}
        return [backwards(item) for item in value] if isinstance(value, list) else value

    assert codec.canonical(backwards(document)) == codec.canonical(document)
    assert codec.parse(codec.canonical(document)) == document


def test_the_byte_form_and_its_hash_stay_what_they_were() -> None:
    """Chains and receipts that exist depend on both."""
    document = {"b": [1, "ä", None], "a": {"z": True, "y": "4.50"}}
    assert codec.canonical(document) == '{"a":{"y":"4.50","z":true},"b":[1,"ä",null]}'.encode()
    assert codec.digest({}) == "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@pytest.mark.parametrize("document", [1.5, [1.5], {"a": {"b": [0, 1.5]}}, {"a": (1, 1.5)}, float("nan")])
def test_a_float_is_never_hashed(document: object) -> None:
    with pytest.raises(TypeError, match="float"):
        codec.canonical(document)
