"""No bid can keep a lot from being opened, and no lot can keep the others waiting."""

from datetime import timedelta
from typing import Any

import pytest

from marketplace.kernel import alarms
from marketplace.kernel.work import Work
from tests.security.made import INTERNET, Stage


def _line(ref: str, quantity: int = 1) -> dict[str, Any]:
    features = [{"code": "bandwidth_mbps", "value": 900}]
    return {"ref": ref, "service_type": INTERNET, "site": "S1", "quantity": quantity, "features": features}


@pytest.mark.parametrize(
    ("mrc", "amendment"),
    [
        ("400.00", {"lines": [_line("L2")], "lots": [{"ref": "T1", "name": "Site S1", "lines": ["L2"]}]}),
        ("9999999999.99", {"lines": [_line("L1", quantity=5)]}),
    ],
    ids=["its line is gone", "too large for any price now"],
)
def test_a_bid_that_an_amendment_left_without_a_price_keeps_no_others_sealed(
    stage: Stage, mrc: str, amendment: dict[str, Any]
) -> None:
    early, late = stage.a_carrier(), stage.a_carrier()
    amended = stage.publish()
    stage.bid(early, mrc)
    stage.amend(amended, **amendment)
    body = stage.bid_body(late, "800.00", request_version=2)
    body["lots"][0]["lines"][0]["line"] = amendment["lines"][0]["ref"]
    stage.ok(late, "POST", f"/invitations/{stage.invitation(late)}/bids", body)
    stage.close()
    offers = stage.ok(stage.buyer, "GET", f"/requests/{amended}/comparison")["lots"][0]["offers"]
    assert [(offer["provider_id"], offer["stale"]) for offer in offers] == [
        (late.principal.organization_id, False),
        (early.principal.organization_id, True),
    ]


def test_an_alarm_that_fails_holds_up_no_other(stage: Stage) -> None:
    rung = []

    def ring(_: Work, key: str) -> None:
        if key == "first":
            raise RuntimeError("broken lot")
        rung.append(key)

    with stage.market.workshop.work() as work:
        for key in ("first", "second", "third"):
            alarms.set_alarm(work, "lot-clock", key, work.now)
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken lot"):
            alarms.ring_due(stage.market.workshop, {"lot-clock": ring})
        stage.clock.now += timedelta(minutes=1)
    assert sorted(rung) == ["second", "third"]
