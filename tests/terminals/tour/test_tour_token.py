"""A tour travels sealed: small enough for a cookie, unreadable, and worth nothing when changed or old."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.kernel.config import Settings
from marketplace.kernel.sealing import Sealer
from marketplace.terminals.tour import sealed
from marketplace.terminals.tour.model import LIFETIME, LONGEST_TEXT, MOST_MOVES, Kind, Move, Role, Tour

START = datetime(2026, 11, 2, 12, tzinfo=UTC)
SEALER = Sealer(Settings(_env_file=None), sealed.PURPOSE)

moves = st.builds(
    Move,
    st.integers(0, 3_600_000),
    st.sampled_from(list(Kind)),
    st.text("0123456789.,;", max_size=20),
)
tours = st.builds(
    Tour,
    st.integers(0, 2**32 - 1),
    st.sampled_from(list(Role)),
    st.just(START),
    st.lists(moves, max_size=MOST_MOVES).map(tuple),
)


@given(tours)
@settings(deadline=None)
def test_a_token_brings_back_the_same_tour_and_fits_into_a_cookie(tour: Tour) -> None:
    token = sealed.pack(tour, SEALER)
    assert len(token) <= sealed.LONGEST
    assert sealed.unpack(token, tour.role, SEALER, START) == tour


@given(st.text(max_size=400) | st.binary(max_size=300).map(lambda raw: raw.hex()))
def test_what_is_no_token_is_no_tour(text: str) -> None:
    assert sealed.unpack(text, Role.BUYER, SEALER, START) is None


def test_a_token_ends_after_its_time_and_belongs_to_one_role() -> None:
    token = sealed.pack(Tour(1, Role.BUYER, START), SEALER)
    assert sealed.unpack(token, Role.BUYER, SEALER, START + LIFETIME - timedelta(seconds=1)) is not None
    assert sealed.unpack(token, Role.BUYER, SEALER, START + LIFETIME) is None
    assert sealed.unpack(token, Role.BUYER, SEALER, START - timedelta(minutes=1)) is None
    assert sealed.unpack(token, Role.CARRIER, SEALER, START) is None


def test_a_changed_token_and_one_of_another_purpose_do_not_open() -> None:
    tour = Tour(1, Role.BUYER, START)
    token = sealed.pack(tour, SEALER)
    other = Sealer(Settings(_env_file=None), "answers")
    assert sealed.unpack(token[:-4] + "AAAA", Role.BUYER, SEALER, START) is None
    assert sealed.unpack(sealed.pack(tour, other), Role.BUYER, SEALER, START) is None


@pytest.mark.parametrize(
    "wrong",
    [
        Tour(-1, Role.BUYER, START),
        Tour(2**40, Role.BUYER, START),
        Tour(1, Role.BUYER, START, (Move(-5, Kind.NEED, "fleet"),)),
        Tour(1, Role.BUYER, START, (Move(5, Kind.NEED, "x" * (LONGEST_TEXT + 1)),)),
        Tour(1, Role.BUYER, START, (Move(5, Kind.JUMP),) * (MOST_MOVES + 1)),
    ],
)
def test_a_sealed_tour_that_breaks_the_limits_is_none(wrong: Tour) -> None:
    assert sealed.unpack(sealed.pack(wrong, SEALER), Role.BUYER, SEALER, START) is None


def test_a_tour_that_grew_too_long_is_not_packed() -> None:
    texts = (f"{number:064x}" * 3 for number in range(9**9, 9**9 + 900_000_000, 15_000_000))
    grown = replace(
        Tour(1, Role.CARRIER, START), moves=tuple(Move(at, Kind.BID, text) for at, text in enumerate(texts))
    )
    sealed_text = sealed.pack(grown, SEALER) if len(grown.moves) <= MOST_MOVES else ""
    assert len(sealed_text) <= sealed.LONGEST
