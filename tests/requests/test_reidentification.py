"""How unusual a request is among the buyers: known answers, and what the hint never tells."""

import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from buyers.requests.model import Band, Bands, Content, Disclosure, Place, Site
from buyers.requests.reidentification import FLOOR, STEPS, Cost, Hint, Profile, Spot, Trait, at_least, hint, spot

OWN = Bands("K", "50-249", "US-West")
SEATTLE = Place("US", "WA", "Seattle", "98101", "1 Pike Street")
TACOMA = Place("US", "WA", "Tacoma", "98402", "9 Dock Street")
ASKED = Content(
    sites=(Site("S1", "a", SEATTLE),), disclosed_bands=(Band.INDUSTRY, Band.SIZE), disclosure=Disclosure.CITY
)


def profile(bands: Bands = OWN, sites: int = 3, *places: Place) -> Profile:
    return Profile(bands, sites, frozenset(map(spot, places or (SEATTLE,))))


def many(count: int, one: Profile) -> list[Profile]:
    return [one] * count


def test_who_fits_everything_is_counted_and_others_are_not() -> None:
    others = [
        *many(20, profile()),
        *many(30, profile(replace(OWN, industry="Q"))),
        *many(80, profile(replace(OWN, size="250+"))),
        *many(200, profile(OWN, 3, TACOMA)),
    ]
    assert hint(ASKED, OWN, others) == Hint(
        others=20,
        costs=(Cost(Trait.INDUSTRY, 20), Cost(Trait.SIZE, 100), Cost(Trait.PLACES, 100)),
        costliest=Trait.PLACES,
    )


def test_fewer_than_five_are_not_told_by_their_number() -> None:
    found = {hint(ASKED, OWN, many(count, profile())).others for count in range(FLOOR)}
    assert found == {0}
    assert hint(ASKED, OWN, many(FLOOR, profile())).others == FLOOR


def test_what_is_not_disclosed_excludes_nobody() -> None:
    others = many(25, profile(Bands("A", "1-9", "US-South")))
    silent = replace(ASKED, disclosed_bands=())
    assert hint(silent, OWN, others) == Hint(20, (Cost(Trait.PLACES, 20),), None)
    assert hint(replace(silent, disclosed_bands=(Band.REGION,)), OWN, others) == Hint(
        0, (Cost(Trait.REGION, 20), Cost(Trait.PLACES, 0)), Trait.REGION
    )


def test_a_finer_level_costs_more_and_the_next_building_does_not_fit() -> None:
    neighbour = replace(SEATTLE, street="2 Pike Street")
    others = [*many(6, profile(OWN, 3, SEATTLE)), *many(20, profile(OWN, 3, neighbour))]
    others += many(100, profile(OWN, 3, replace(SEATTLE, postal_code="98109")))
    levels = (Disclosure.EXACT, Disclosure.BUILDING, Disclosure.POSTAL_CODE, Disclosure.CITY)
    found = [hint(replace(ASKED, disclosure=level), OWN, others).others for level in levels]
    assert found == [5, 5, 20, 100]


def test_every_site_has_to_fit_and_so_has_their_number() -> None:
    asked = replace(ASKED, disclosed_bands=(), sites=(Site("S1", "a", SEATTLE), Site("S2", "b", TACOMA)))
    both, one_of_them = profile(OWN, 2, SEATTLE, TACOMA), profile(OWN, 2, SEATTLE)
    too_small = profile(OWN, 1, SEATTLE, TACOMA)
    found = hint(asked, OWN, [*many(5, both), *many(50, one_of_them), *many(100, too_small)])
    assert found == Hint(5, (Cost(Trait.PLACES, 20), Cost(Trait.SITES, 100)), Trait.SITES)


def test_a_buyer_that_is_alone_by_two_things_is_told_that_no_single_one_gives_it_away() -> None:
    others = many(50, profile(Bands("A", "1-9", "US-South"), 3))
    found = hint(ASKED, OWN, others)
    assert (found.others, found.costliest) == (0, None)


def test_spelling_makes_no_difference() -> None:
    assert spot(Place("US", "WA", " seattle ", "98 101", "1  PIKE street")) == spot(SEATTLE)


PROFILES = st.builds(
    Profile,
    st.builds(Bands, st.sampled_from("KQ"), st.sampled_from(("50-249", "250+")), st.just("US-West")),
    st.integers(1, 3),
    st.frozensets(st.sampled_from([spot(SEATTLE), spot(TACOMA), Spot("us", "wa")])),
)


@given(st.lists(PROFILES, max_size=150), st.randoms(use_true_random=False))
def test_the_hint_is_the_same_in_any_order_and_withholding_never_leaves_fewer(
    others: list[Profile],
    chance: random.Random,
) -> None:
    found = hint(ASKED, OWN, others)
    shuffled = list(others)
    chance.shuffle(shuffled)
    assert hint(ASKED, OWN, shuffled) == found
    assert all(cost.others_without >= found.others for cost in found.costs)
    assert {found.others, *(cost.others_without for cost in found.costs)} <= {0, *STEPS}


@given(st.integers(0, 10_000))
def test_a_step_is_never_more_than_there_are(count: int) -> None:
    assert at_least(count) <= count
    assert (at_least(count) == 0) == (count < FLOOR)
