"""A bid sheet of three hundred lines: paged, kept page by page, and out and back as one file."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient

from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.security.made import INTERNET, Stage

HERE = {"Sec-Fetch-Site": "same-origin"}
LINES = 300
COLUMNS = (
    "mrc",
    "nrc",
    "taxes",
    "install_days",
    "firmness",
    "construction_cap",
    "access_owner",
    "entrance",
    "own_cost",
)


@pytest.fixture
def stage(market: Marketplace, client: TestClient, clock: StagedClock, run_worker: Callable[[], None]) -> Stage:
    return Stage(market, client, clock, run_worker)


def test_three_hundred_lines_are_priced_page_by_page_and_as_a_file(stage: Stage) -> None:
    carrier = stage.a_carrier()
    features = [{"code": "bandwidth_mbps", "value": 500}]
    wanted = [
        {"ref": f"L{n}", "service_type": INTERNET, "site": "S1", "features": features} for n in range(1, LINES + 1)
    ]
    stage.publish(lines=wanted)
    invitation = stage.invitation(carrier)
    path = f"/c/invitations/{invitation}/bid"
    found = []
    for page in (1, 2):
        shown = stage.call(carrier, "GET", f"{path}?page={page}").text
        rows = re.findall(r'name="lot" value="(\w+)"><input type="hidden" name="line" value="(\w+)"', shown)
        found += rows
        typed: dict[str, Any] = {"lot": [lot for lot, _ in rows], "line": [line for _, line in rows]}
        typed |= {f"cell.{column}": [""] * len(rows) for column in COLUMNS}
        typed |= {"cell.mrc": ["400"] * len(rows), "cell.firmness": ["firm"] * len(rows)}
        typed["cell.own_cost"] = ["300", *[""] * (len(rows) - 1)]
        kept = stage.client.post(f"{path}/draft?page={page}", data=typed, headers=carrier.headers | HERE)
        assert kept.status_code == 200
        assert "25.0%" in kept.text
    assert [line for _, line in found] == [f"L{n}" for n in range(1, LINES + 1)]
    draft = stage.ok(carrier, "GET", f"/invitations/{invitation}/bid-draft")
    assert sum(len(lot["lines"]) for lot in draft["content"]["lots"]) == LINES
    assert [cost["line"] for cost in draft["content"]["costs"]] == ["L1", "L201"]
    sheet = stage.call(carrier, "GET", f"/invitations/{invitation}/bid-sheet?format=csv").content
    raised = sheet.replace(b",400.00,", b",401.00,").replace(b",400,", b",401,")
    done = stage.client.post(
        f"{path}/file", data={"act": "take"}, files={"file": ("s.csv", raised)}, headers=carrier.headers | HERE
    )
    assert done.status_code == 200
    after = stage.ok(carrier, "GET", f"/invitations/{invitation}/bid-draft")["content"]
    assert {line["mrc"] for lot in after["lots"] for line in lot["lines"]} <= {"401", "401.00"}
    assert after["costs"] == draft["content"]["costs"]
