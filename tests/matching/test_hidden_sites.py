"""Thousands of tiny filters, lit buildings and a footprint learn no more of a site than the request's view tells."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import h3
import pytest
from fastapi.testclient import TestClient

from buyers.requests.model import Disclosure, Place
from marketplace.kernel.clock import StagedClock
from marketplace.wiring import Marketplace
from tests.matching.made import SAN_FRANCISCO, a_provider, content, publish

HERE = replace(SAN_FRANCISCO, latitude=Decimal("37.7749"), longitude=Decimal("-122.4194"))
THERE = replace(HERE, street="900 Folsom Street", latitude=Decimal("37.7800"), longitude=Decimal("-122.4020"))
BOX_HERE, BOX_THERE = (replace(place, street="PO Box 7") for place in (HERE, THERE))
CELLS = h3.grid_disk(h3.latlng_to_cell(37.7749, -122.4194, 9), 8)


def learned(
    stage: tuple[Marketplace, TestClient, StagedClock], place: Place, disclosure: Disclosure, *, left_out: bool
) -> Any:
    """Return everything that a carrier with a filter for each cell and each building reads of a request."""
    market, client, clock = stage
    user = a_provider(market)
    rows = "".join(f"on-net,data,100,{street},94103,US\r\n" for street in ("1 Market Street", "900 Folsom Street"))
    answer = client.post(
        "/footprint/versions",
        content="kind,service_types,down_mbps,street,postal_code,country\r\n" + rows,
        headers={**user.headers, "Content-Type": "text/csv"},
    )
    assert answer.status_code == 201, answer.text
    territories: list[dict[str, Any]] = [{"cells": [cell]} for cell in CELLS] + [{"net": "on-net"}]
    for number, street in enumerate((HERE.street, THERE.street)):
        building = {"street": street, "postal_code": "94103", "country": "US"}
        body = {"name": f"building {number}", "buildings": [building]}
        territories.append({"saved": [client.post("/territories", json=body, headers=user.headers).json()["id"]]})
    where = "excluded_territory" if left_out else "territory"
    filters = [{"name": f"filter {number}", "criteria": {where: one}} for number, one in enumerate(territories)]
    seen = []
    for some in (filters, filters[::-1], *([one] for one in filters[-3:])):
        assert client.put("/filters", json=some, headers=user.headers).is_success
        clock.now += timedelta(minutes=1)  # so that the newest invitation is this one's
        publish(market, content(place, disclosure=disclosure))
        newest = client.get("/invitations", headers=user.headers).json()["items"][:1]
        for one in newest:
            told = client.get(f"/invitations/{one['id']}", headers=user.headers).json()
            seen.append([told[name] for name in ("filter_name", "why", "reason")] + [told["request"]["sites"]])
    assert seen
    return seen


@pytest.mark.parametrize("left_out", [False, True], ids=["wanted", "left out"])
@pytest.mark.parametrize(
    ("disclosure", "here", "there"),
    [
        (Disclosure.POSTAL_CODE, HERE, THERE),
        (Disclosure.CITY, HERE, THERE),
        (Disclosure.CITY, HERE, replace(THERE, postal_code="94107")),
        (Disclosure.BUILDING, BOX_HERE, BOX_THERE),
    ],
)
def test_two_places_of_the_same_view_are_the_same_to_a_carrier(  # noqa: PLR0917 - parameters of a test
    market: Marketplace,
    client: TestClient,
    clock: StagedClock,
    disclosure: Disclosure,
    here: Place,
    there: Place,
    left_out: bool,  # noqa: FBT001 - a parameter of a test
) -> None:
    stage = market, client, clock
    seen = learned(stage, here, disclosure, left_out=left_out)
    assert learned(stage, there, disclosure, left_out=left_out) == seen
