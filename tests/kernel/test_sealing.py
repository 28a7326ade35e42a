"""Sealing: what comes back, with which key alone, and what does not show."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from marketplace.kernel.config import Settings
from marketplace.kernel.sealing import SealBrokenError, Sealer, new_key_pair, open_sealed, seal_to


def sealer(purpose: str = "answers", secret: str = "a" * 40) -> Sealer:
    return Sealer(Settings(_env_file=None, secret=SecretStr(secret)), purpose)


@given(st.binary(max_size=500))
def test_what_was_sealed_comes_back_and_does_not_show(plain: bytes) -> None:
    sealed = sealer().seal(plain)
    assert sealer().open(sealed) == plain
    assert len(plain) < 4 or plain not in sealed


def test_the_same_sealed_twice_does_not_look_the_same() -> None:
    assert sealer().seal(b"400.00") != sealer().seal(b"400.00")


@pytest.mark.parametrize("other", [sealer("factors"), sealer(secret="b" * 40)], ids=["purpose", "secret"])
def test_another_purpose_or_secret_opens_nothing_and_marks_otherwise(other: Sealer) -> None:
    with pytest.raises(SealBrokenError):
        other.open(sealer().seal(b"400.00"))
    assert other.mark(b"400.00") != sealer().mark(b"400.00")


@given(st.integers(0), st.integers(0, 7))
def test_a_changed_bit_is_noticed(place: int, bit: int) -> None:
    sealed = bytearray(sealer().seal(b"400.00"))
    sealed[place % len(sealed)] ^= 1 << bit
    with pytest.raises(SealBrokenError):
        sealer().open(bytes(sealed))


def test_a_cut_off_seal_is_a_broken_one() -> None:
    for length in (0, 10, 45):
        with pytest.raises(SealBrokenError):
            sealer().open(sealer().seal(b"400.00")[:length])
        with pytest.raises(SealBrokenError):
            open_sealed(new_key_pair()[1], b"x" * length)


def test_a_mark_is_the_same_for_the_same_content_and_no_plain_hash_of_it() -> None:
    assert sealer().mark(b"400.00") == sealer().mark(b"400.00")
    assert sealer().mark(b"400.00") != sealer().mark(b"400.01")


@given(st.binary(max_size=500))
def test_what_is_sealed_to_a_key_opens_with_its_private_half_alone(plain: bytes) -> None:
    public, private = new_key_pair()
    sealed = seal_to(public, plain)
    assert open_sealed(private, sealed) == plain
    for wrong in (public, new_key_pair()[1]):
        with pytest.raises(SealBrokenError):
            open_sealed(wrong, sealed)
