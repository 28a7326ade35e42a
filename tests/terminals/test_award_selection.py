"""A selection of many lots page by page: nothing that is chosen is lost by turning a page."""

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from fastapi.testclient import TestClient
from hypothesis import given
from hypothesis import strategies as st

from marketplace.kernel.clock import StagedClock
from marketplace.terminals.buyer import award_selection
from marketplace.terminals.buyer.award_selection import A_PAGE, Choice, page_of
from marketplace.wiring import Marketplace
from tests.security.made import Stage
from tests.stories.made import begin

CHOICES = st.lists(st.sampled_from(["", "dearer", "none"]), max_size=450).map(
    lambda reasons: [
        Choice(f"T{number}", "", "", (), None, None, Decimal(0), "", because, "")
        for number, because in enumerate(reasons, start=1)
    ]
)


@given(CHOICES, st.integers(1, 9))
def test_every_lot_is_shown_or_kept_on_every_page(listed: list[Choice], number: int) -> None:
    page = page_of(listed, number)
    assert sorted((*page.shown, *page.beside, *page.kept), key=lambda one: one.lot) == sorted(
        listed, key=lambda one: one.lot
    )
    assert len(page.shown) <= A_PAGE
    assert 1 <= page.number <= page.last
    assert all(one.reason_because for one in page.beside)


@given(CHOICES)
def test_pages_together_show_every_lot_once_in_their_order(listed: list[Choice]) -> None:
    last = page_of(listed, 1).last
    assert [one for number in range(1, last + 1) for one in page_of(listed, number).shown] == listed


def test_a_form_of_many_lots_keeps_what_other_pages_choose(
    market: Marketplace,
    client: TestClient,
    clock: StagedClock,
    run_worker: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(award_selection, "A_PAGE", 2)
    stage = Stage(market, client, clock, run_worker)
    story = begin(stage, {"preset": "open_price_race", "ceiling": "20000.00", "decrement": "100.00"}, "AB", 3)
    dearer = story.bid("B", "9500.00", "T1")["bid_id"]
    bids = {lot: story.bid("A", "9000.00", lot)["bid_id"] for lot in ("T1", "T2", "T3")}
    story.at(story.closes_at)
    path = f"/b/requests/{story.request_id}/award"
    first = stage.call(stage.buyer, "GET", f"{path}?by=lot").text
    assert re.findall(r'aria-label="Choice for (T\d)"', first) == ["T1", "T2"]
    assert f'<input type="hidden" name="pick" value="T3:{bids["T3"]}">' in first
    assert "1 to 2 of 3 lots" in first
    picks = f"pick=T1:{dearer}&pick=T2:none&pick=T3:{bids['T3']}&page=1&reason.T1=One+desk"
    second = stage.call(stage.buyer, "GET", f"{path}?{picks}&turn=2").text
    shown = re.findall(r'aria-label="Choice for (T\d)"', second)
    assert shown == ["T3", "T1", "T2"], "those of the first page need a reason"
    assert 'value="One desk"' in second
    assert 'name="turn" value="1"' in second
