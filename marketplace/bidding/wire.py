"""From the wire types of bids to the values that the rules work on."""

from decimal import Decimal

from marketplace.bidding.model import BidderView, Refusal, StageView
from marketplace.bidding.offer import FeatureAnswer, LinePrice, Offer, QualityAnswer, Surcharge, UsageRate
from marketplace.bidding.offer_conditions import Capacity, PackageCondition, VolumeTier
from marketplace.bidding.offer_names import tidy
from marketplace.bidding.schemas import (
    AnswerInput,
    BidderLotOutput,
    CapacityInput,
    DryRunOutput,
    LinePriceInput,
    OfferInput,
    PackageInput,
    PriceLineOutput,
    RefusalOutput,
    StageOutput,
    SurchargeInput,
    UsageRateInput,
    VolumeTierInput,
)


def offer_from(item: OfferInput, term_months: int, terms_id: str, terms_sha256: str) -> Offer:
    """Return one lot's part of a bid; the terms are those of the whole bid."""
    return Offer(
        lot=item.lot,
        lines=tuple([_line(line) for line in item.lines]),
        term_months=term_months,
        valid_until=item.valid_until,
        terms_id=terms_id,
        terms_sha256=terms_sha256,
        note=item.note,
        adjustment=item.adjustment,
        packages=packages_from(item.packages),
        volume=volume_from(item.volume),
        quality=tuple([QualityAnswer(given.criterion, given.answer) for given in item.quality]),
        capacity=None if item.capacity is None else capacity_from(item.capacity),
        alternative=item.alternative and tidy(item.alternative),
    )


def usage_rates_from(rates: list[UsageRateInput]) -> tuple[UsageRate, ...]:
    """Return the rates of usage."""
    return tuple([UsageRate(rate.service_type, rate.unit, rate.rate) for rate in rates])


def answers_from(answers: list[AnswerInput]) -> tuple[FeatureAnswer, ...]:
    """Return the answers to wanted features."""
    return tuple([FeatureAnswer(answer.code, answer.fit, answer.text) for answer in answers])


def taxes_from(taxes: list[SurchargeInput]) -> tuple[Surcharge, ...]:
    """Return taxes and surcharges, their names without needless spaces."""
    return tuple([Surcharge(tidy(tax.name), tax.basis, tax.figure) for tax in taxes])


def packages_from(packages: list[PackageInput]) -> tuple[PackageCondition, ...]:
    """Return the conditions on several lots."""
    return tuple([PackageCondition(tuple(item.lots), item.percent, item.amount) for item in packages])


def volume_from(tiers: list[VolumeTierInput]) -> tuple[VolumeTier, ...]:
    """Return the tiers by volume."""
    return tuple([VolumeTier(tier.percent, tier.from_lots, tier.from_monthly) for tier in tiers])


def capacity_from(capacity: CapacityInput) -> Capacity:
    """Return a capacity."""
    return Capacity(capacity.lots, capacity.sites, capacity.mbps)


def _line(line: LinePriceInput) -> LinePrice:
    return LinePrice(
        line=line.line,
        mrc=line.mrc,
        nrc=line.nrc,
        usage_rates=usage_rates_from(line.usage_rates),
        install_days=line.install_days,
        answers=answers_from(line.answers),
        taxes=taxes_from(line.taxes),
        firmness=line.firmness,
        construction_cap=line.construction_cap,
        access_owner=line.access_owner and tidy(line.access_owner),
        entrance=line.entrance and tidy(line.entrance),
    )


def lot_output(ref: str, view: BidderView) -> BidderLotOutput:
    """Return what a bidder may know of a lot, every field by name: a new one of the view stays inside until named."""
    return BidderLotOutput(
        lot=ref,
        status=view.status,
        opens_at=view.opens_at,
        closes_at=view.closes_at,
        reason=view.reason,
        excluded=view.excluded,
        own_amount=view.own.amount if view.own else None,
        own_version=view.own.version if view.own else None,
        own_automatic=view.own.automatic if view.own else None,
        rank=view.rank,
        joint=view.joint,
        light=view.light,
        lead_price=view.lead_price,
        prices=None
        if view.prices is None
        else [PriceLineOutput(alias=line.alias, amount=line.amount) for line in view.prices],
        bidders=view.bidders,
        stage=None if view.stage is None else _stage(view.stage),
        proxy_limit=view.proxy_limit,
        next_admissible_price=view.next_admissible_price,
        won=view.won,
    )


def _stage(stage: StageView) -> StageOutput:
    return StageOutput(
        number=stage.number,
        price=stage.price,
        ends_at=stage.ends_at,
        may_bid=stage.may_bid,
        answered=stage.answered,
        out=stage.out,
    )


def dry_run_output(ref: str, amount: Decimal, found: BidderView | Refusal) -> DryRunOutput:
    """Return what a bid on a lot would lead to."""
    if isinstance(found, Refusal):
        refused = RefusalOutput(
            code=found.code,
            rule=found.rule,
            detail=found.detail,
            amount=found.amount,
            own_amount=found.own_amount,
            next_admissible_price=found.next_admissible_price,
        )
        return DryRunOutput(lot=ref, amount=amount, refused=refused, seen=None)
    return DryRunOutput(lot=ref, amount=amount, refused=None, seen=lot_output(ref, found))
