"""Values that are valid JSON and that no program expects, at every place of bodies that are good otherwise."""

import json
from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from typing import Any

from tests.factories import SignedIn
from tests.security.made import Stage

VALUES = (
    "1e1000000",
    "-1E-999999999",
    10**40,
    1e308,
    float("nan"),
    float("inf"),
    "9999-12-31T23:59:59-14:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31",
    "\ud800",
    "\x00",
    True,
    [[]],
    {},
)
"""Figures that overflow, instants that leave the calendar in another zone, halves of characters, other types."""


def _places(body: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of every value inside of a body that holds no others."""
    parts = body.items() if isinstance(body, dict) else enumerate(body) if isinstance(body, list) else None
    if parts is None:
        yield path
    else:
        for key, inner in parts:
            yield from _places(inner, (*path, key))


def _with(body: Any, path: tuple[Any, ...], value: Any) -> bytes:
    """Return the body with another value at a place."""
    changed = deepcopy(body)
    inner = changed
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return json.dumps(changed).encode()


def _broken(stage: Stage, who: SignedIn, path: str, body: Any) -> list[str]:
    """Send a body, which is good, once for each place and value; return what was answered as a fault of ours."""
    good = stage.call(who, "POST", path, body)
    assert good.is_success, good.text
    broken = []
    headers = who.headers | {"Content-Type": "application/json"}
    for sent in (_with(body, place, value) for place in _places(body) for value in VALUES):
        answer = stage.client.post(path, content=sent, headers=headers)
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            broken.append(f"{sent.decode()}: {answer.status_code} {answer.text}")
    return broken


SCHEDULE = {"closes_at": "2026-11-20T12:00:00Z", "opens_at": "2026-11-10T12:00:00Z", "award_planned_on": "2026-12-01"}
USAGE = {
    "service_type": "data.broadband",
    "unit": "Mbps",
    "monthly_quantity": "200",
    "monthly_spend": "90.5",
    "contract_end": "2027-01-01",
}
CRITERIA = {
    "service_types": ["data"],
    "territory": {"states": ["US-NY"]},
    "coverage": {"kind": "any"},
}


def test_no_value_in_a_request_is_a_fault_of_ours(stage: Stage) -> None:
    more = {"discount_rate": "0.05", "start_date": "2027-01-01", "prior_usage": [USAGE], "term_months": 36}
    assert not _broken(stage, stage.buyer, "/requests", stage.parts(schedule=SCHEDULE, **more))


def test_no_value_in_the_rules_of_an_auction_is_a_fault_of_ours(stage: Stage) -> None:
    request_id = stage.ok(stage.buyer, "POST", "/requests", stage.parts(schedule=SCHEDULE))["id"]
    auction = {"format": "english", "ceiling": "900.00", "decrement": "1.00", "min_bidders": 2}
    assert not _broken(stage, stage.buyer, f"/requests/{request_id}/auction/lint", {"auction": auction})


def test_no_value_in_a_bid_is_a_fault_of_ours(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    path = f"/invitations/{stage.invitation(carrier)}/bids/dry-run"
    assert not _broken(stage, carrier, path, stage.bid_body(carrier))


def test_no_value_in_a_filter_is_a_fault_of_ours(stage: Stage) -> None:
    carrier = stage.a_carrier()
    assert not _broken(stage, carrier, "/filters", {"name": "One", "criteria": CRITERIA})


def test_no_nul_in_an_address_is_a_fault_of_ours(stage: Stage) -> None:
    carrier = stage.a_carrier()
    stage.publish()
    for path in ("/invitations/a%00b", "/invitations/a%00b/bids", "/terms/a%00b"):
        assert stage.call(carrier, "GET", path).status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}
    for path in ("/invitations/a%00b/bids", "/invitations/a%00b/bids/dry-run"):
        answer = stage.call(carrier, "POST", path, stage.bid_body(carrier))
        assert answer.status_code in {HTTPStatus.NOT_FOUND, HTTPStatus.UNPROCESSABLE_ENTITY}
