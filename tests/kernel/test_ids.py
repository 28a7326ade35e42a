"""Identifiers: unique, opaque, and repeatable only where that is asked for."""

import re
import threading

import pytest

from marketplace.kernel import ids


def test_an_identifier_says_what_it_names_and_nothing_else() -> None:
    found = {ids.new("req") for _ in range(1000)}
    assert len(found) == 1000
    assert all(re.fullmatch(r"req_[a-z2-7]{24}", one) for one in found)
    assert sorted(found) != [one for one in found]  # noqa: C416 - order of making tells nothing


def test_a_seed_repeats_its_identifiers_inside_its_block_only() -> None:
    def three() -> list[str]:
        return [ids.new("req") for _ in range(3)]

    with ids.seeded(7):
        first = three()
    with ids.seeded(7):
        assert three() == first
        with ids.seeded("other"):
            assert three() != first
        assert not set(three()) & set(first)
    assert three() != first


def test_a_seed_ends_with_its_block_even_when_that_fails() -> None:
    with ids.seeded(7):
        first = ids.new("req")
    with pytest.raises(RuntimeError), ids.seeded(7):
        raise RuntimeError
    assert ids.new("req") != first


def test_a_seed_reaches_no_other_thread() -> None:
    with ids.seeded(7):
        first = ids.new("req")
    found: list[str] = []
    with ids.seeded(7):
        thread = threading.Thread(target=lambda: found.append(ids.new("req")))
        thread.start()
        thread.join()
    assert found != [first]
