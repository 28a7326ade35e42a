"""How requests, prices and contracts are shown: the same parts for the buyer, the desk and the platform."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import RenderableType

from marketplace.cli import auction_view, show

_BASES = {"percent": "%", "monthly": " a month", "once": " once"}


def taxes(value: Sequence[Mapping[str, Any]] | None) -> str:
    """Return taxes and surcharges as a bid sheet writes them."""
    said = [f"{one['name']} {one['figure']}{_BASES.get(one['basis'], one['basis'])}" for one in value or ()]
    return show.plain(said)


def usage_rates(value: Sequence[Mapping[str, Any]] | None) -> str:
    """Return the prices of units of usage."""
    return show.plain([f"{one['rate']} per {one['unit']}" for one in value or ()])


def access(value: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return how lines get in, as far as a bid states it: 'L1 Cascade Fiber, north'."""
    said = ((one["line"], ", ".join(filter(None, (one["access_owner"], one["entrance"])))) for one in value)
    return [f"{line} {words}" for line, words in said if words]


def stated(rows: Sequence[Mapping[str, Any]], *columns: show.Column) -> tuple[show.Column, ...]:
    """Return the columns in which at least one row says something."""
    return tuple(column for column in columns if any(row.get(column.path) for row in rows))


CONTRACT_COLUMNS = (
    show.code("Contract", "id"),
    show.col("Status", "status"),
    show.col("Carrier", "provider_name"),
    show.col("Terms", "terms.title"),
    show.col("Lots", "lots"),
    show.money("Monthly", "figures.monthly"),
    show.money("One time", "figures.one_time"),
    show.money("Total", "figures.total"),
    show.col("", "figures.currency"),
    show.when("Presented", "presented_at"),
    show.col("The carrier's word on the award", "award_confirmed"),
    show.count("Agreed changes, version", "changes.version"),
)
RECEIPT_COLUMNS = (
    show.col("Lot", "lot"),
    show.code("Bid", "bid_id"),
    show.count("Version", "version"),
    show.money("Total cost", "amount"),
    show.col("", "currency"),
    show.when("Received", "received_at"),
)
_ASKED = (
    show.col("Title", "title"),
    show.col("Description", "description"),
    show.count("Term (months)", "term_months"),
    show.col("Start", "start_date"),
    show.when("Bids from", "schedule.opens_at"),
    show.when("Bids until", "schedule.closes_at"),
    show.col("Award planned", "schedule.award_planned_on"),
    show.col("Auction", "auction_words"),
    show.money("Ceiling per lot", "auction.ceiling"),
    show.col("Currency", "billing.currency"),
    show.col("Billing", "billing"),
    show.col("Sites shown by", "disclosure"),
)
_SITES = (
    show.col("Site", "ref"),
    show.col("Country", "place.country"),
    show.col("State", "place.state"),
    show.col("City", "place.city"),
    show.col("Postal code", "place.postal_code"),
    show.col("Street", "place.street"),
)
_LINES = (
    show.col("Line", "ref"),
    show.col("Service", "service_type"),
    show.col("Site", "site"),
    show.count("Quantity", "quantity"),
    show.col("Features", "wishes"),
    show.col("Priority", "priority"),
    show.col("Note", "note"),
)
_LOTS = (show.col("Lot", "ref"), show.col("Name", "name"), show.col("Lines", "lines"))
_USAGE = (
    show.col("Used today", "service_type"),
    show.money("A month", "monthly_quantity"),
    show.col("Unit", "unit"),
)
_FIGURES = (
    show.code("Contract", "id"),
    show.col("Status", "status"),
    show.col("Carrier", "presentation.provider_name"),
    show.count("Term (months)", "presentation.figures.term_months"),
    show.money("Monthly", "presentation.figures.monthly"),
    show.money("One time", "presentation.figures.one_time"),
    show.money("Discounts", "presentation.figures.discount"),
    show.money("Total over the term, after discounts", "presentation.figures.total"),
    show.col("Currency", "presentation.figures.currency"),
    show.count("Slowest installation (days)", "presentation.figures.slowest_install_days"),
    show.when("Presented", "presented_at"),
    show.col("Terms", "presentation.terms.title"),
    show.count("Version of the terms", "presentation.terms.version"),
    show.code("SHA-256 of the terms", "presentation.terms.sha256"),
    show.col("Accepted by", "acceptance.full_name"),
    show.when("Accepted", "acceptance.at"),
    show.when("Refused", "refused_at"),
    show.col("Reason", "refusal_reason"),
    show.code("SHA-256 of the contract", "sha256"),
)
KEY_TERMS = (show.col("Key term", "name"), show.col("Now", "now"), show.col("Accepted before", "before"))
_AGREED = (show.col("What", "reference"), show.col("Clause", "clause"), show.col("Shall read", "wording"))
_BID_LOTS = (
    show.col("Lot", "lot"),
    show.col("Name", "name"),
    show.money("Adjustment, once", "adjustment"),
    show.money("Total over the term", "total"),
    show.col("Open, without a cap", "open_ended"),
)
_PRICES = (
    show.col("Lot", "lot"),
    show.col("Line", "line"),
    show.col("Service", "service_type"),
    show.col("Site", "site"),
    show.count("Quantity", "quantity"),
    show.money("MRC", "mrc"),
    show.money("NRC", "nrc"),
    show.Column("Taxes and surcharges", "taxes", taxes),
    show.col("Firmness", "firmness"),
    show.money("Construction at most", "construction_cap"),
    show.count("Install days", "install_days"),
    show.Column("Usage rates", "usage_rates", usage_rates),
    show.col("Answers", "answers"),
    show.col("Optional", "optional"),
)
ACCESS = (show.col("Access line of", "access_owner"), show.col("Entrance", "entrance"))
_DISCOUNTS = (
    show.col("Discount", "words"),
    show.money("Off the total", "amount"),
    show.col("Only if these do not return", "elsewhere"),
)


def request_parts(content: Mapping[str, Any]) -> tuple[RenderableType, ...]:
    """Return what a request asks for; its buyer's content and what carriers read have the same names."""
    lines = [line | {"wishes": [_wish(wish) for wish in line["features"]]} for line in content["lines"]]
    auction = content["auction"]
    words = "" if auction.get("rules") else str(auction.get("preset") or auction["format"]).replace("_", " ")
    parts: list[RenderableType] = [show.facts(dict(content) | {"auction_words": words}, *_ASKED)]
    parts += [] if words else [auction_view.rules_in_words(auction)]
    parts += [show.table(content["sites"], *_SITES)] if content["sites"] else []
    parts += [show.table(lines, *_LINES)] if lines else []
    parts += [show.table(content["lots"], *_LOTS)] if content["lots"] else []
    parts += [show.table(content["prior_usage"], *_USAGE)] if content["prior_usage"] else []
    return tuple(parts)


def contract_parts(contract: Mapping[str, Any]) -> tuple[RenderableType, ...]:
    """Return the key figures, every price and the text of the terms."""
    lots = contract["presentation"]["lots"]
    prices = [line | {"lot": lot["lot"]} for lot in lots for line in lot["lines"]]
    discounts = contract["presentation"].get("discounts", [])
    return (
        show.facts(contract, *_FIGURES),
        show.table(lots, *_BID_LOTS),
        show.table(prices, *_PRICES, *stated(prices, *ACCESS)),
        *([show.table(discounts, *_DISCOUNTS, title="Discounts")] if discounts else []),
        show.table(contract["key_terms"], *KEY_TERMS, title="Key terms"),
        *[f"Mind: {warning}" for warning in contract["warnings"]],
        contract["since"],
        *(
            [show.table(contract["changes"]["changes"], *_AGREED, title="Agreed changes")]
            if contract["changes"]
            else []
        ),
        "Terms and conditions:",
        show.clean(contract["terms_text"]),
    )


def _wish(wish: Mapping[str, Any]) -> str:
    suffix = "" if wish["priority"] == "must" else " (nice)"
    return f"{wish['code']} = {show.plain(wish['value'])}{suffix}"
