"""Values of this room as they go over the wire."""

from collections.abc import Collection
from typing import Any

from marketplace.awards.model import Approval, Award, Comparison, Selection
from marketplace.awards.schemas import ApprovalOutput, AwardOutput, ComparisonOutput
from marketplace.kernel import codec


def comparison(found: Comparison, defaulted: Collection[str] = ()) -> ComparisonOutput:
    """Return a comparison for the wire, the figures that follow from others included.

    ``defaulted`` are the providers that did not stand by an award on this request.
    """
    document: dict[str, Any] = codec.dump(found)
    for lot, shown in zip(found.lots, document["lots"], strict=True):
        for offer, out in zip(lot.offers, shown["offers"], strict=True):
            out["evaluated"] = str(offer.evaluated)
            out["defaulted"] = offer.provider_id in defaulted
    exchange = f"Every bid is made in {found.currency}: no exchange rate stands between them."
    return ComparisonOutput(**document, exchange=exchange)


def award(made: Award) -> AwardOutput:
    """Return an award for the wire."""
    return AwardOutput(**codec.dump(made), status="awarded")


def waiting(asked: Approval) -> AwardOutput:
    """Return what waits for a second user in the form of the award that it would be."""
    return AwardOutput(
        id=asked.id,
        request_id=asked.request_id,
        at=asked.asked_at,
        lots=_lots(asked.selection),
        discounts=[],
        basis=codec.dump(asked.basis),
        decided_by=asked.asked_by,
        approved_by=None,
        status=asked.status,
    )


def approval(asked: Approval) -> ApprovalOutput:
    """Return an approval for the wire."""
    document: dict[str, Any] = codec.dump(asked)
    del document["selection"]
    return ApprovalOutput(**document, lots=_lots(asked.selection))


def _lots(selection: Selection) -> list[Any]:
    none: dict[str, Any] = {"provider_id": None, "total": None}
    chosen = [
        none | {"lot": item.lot, "outcome": "selected", "bid_id": item.bid_id, "reason": item.reason}
        for item in selection.awarded
    ]
    refused = [
        none | {"lot": item.lot, "outcome": "not awarded", "bid_id": None, "reason": item.reason}
        for item in selection.not_awarded
    ]
    return [*chosen, *refused]
