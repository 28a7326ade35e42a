"""From the wire types of drafts to the values that the rules work on."""

from marketplace.bidding import wire
from marketplace.bidding.drafts.draft import Draft, DraftLine, DraftLot, OwnCost
from marketplace.bidding.drafts.schemas import DraftInput, DraftLineInput, DraftLotInput
from marketplace.bidding.offer_names import tidy


def draft_from(item: DraftInput) -> Draft:
    """Return a draft as the desk wrote it, gaps included."""
    costs = tuple(OwnCost(cost.lot, cost.line, cost.monthly) for cost in item.costs)
    return Draft(item.terms_id, tuple(_draft_lot(lot) for lot in item.lots), costs)


def _draft_lot(lot: DraftLotInput) -> DraftLot:
    return DraftLot(
        lot=lot.lot,
        lines=tuple(_draft_line(line) for line in lot.lines),
        valid_until=lot.valid_until,
        note=lot.note,
        adjustment=lot.adjustment,
        packages=wire.packages_from(lot.packages),
        volume=wire.volume_from(lot.volume),
        capacity=None if lot.capacity is None else wire.capacity_from(lot.capacity),
        alternative=tidy(lot.alternative),
    )


def _draft_line(line: DraftLineInput) -> DraftLine:
    return DraftLine(
        line=line.line,
        mrc=line.mrc,
        nrc=line.nrc,
        usage_rates=wire.usage_rates_from(line.usage_rates),
        install_days=line.install_days,
        answers=wire.answers_from(line.answers),
        taxes=wire.taxes_from(line.taxes),
        firmness=line.firmness,
        construction_cap=line.construction_cap,
        access_owner=tidy(line.access_owner),
        entrance=tidy(line.entrance),
    )
