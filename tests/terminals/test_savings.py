"""Savings to date: only of what is wholly under contract, and only where the buyer said what it paid."""

from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from marketplace.contracts.model import ContractStatus
from marketplace.terminals.buyer.savings import Savings, savings_of


def request(name: str, *spends: str | None, lots: int = 1, currency: str = "USD") -> Any:
    usage = tuple(SimpleNamespace(monthly_spend=None if spend is None else Decimal(spend)) for spend in spends)
    parts = tuple(SimpleNamespace(ref=f"T{number}") for number in range(1, lots + 1))
    billing = SimpleNamespace(currency=currency)
    return SimpleNamespace(
        id=name, content=SimpleNamespace(prior_usage=usage, lots=parts, billing=billing, term_months=36)
    )


def contract(name: str, total: str, *lots: str, status: ContractStatus = ContractStatus.ACCEPTED) -> Any:
    figures = SimpleNamespace(total=Decimal(total))
    return SimpleNamespace(
        request_id=name, status=status, presentation=SimpleNamespace(lot_refs=lots or ("T1",), figures=figures)
    )


def test_what_was_paid_over_the_same_terms_less_what_all_contracts_of_a_request_cost() -> None:
    own = [request("a", "1000", "500", lots=2), request("b", "100")]
    made = [contract("a", "20000", "T1"), contract("a", "25000", "T2"), contract("b", "4000")]
    assert savings_of(own, made) == [Savings("USD", 2, Decimal(57600), Decimal(49000))]
    assert savings_of(own, made)[0].saved == Decimal(8600)


def test_a_request_counts_once_every_lot_is_under_contract_and_its_spend_is_known() -> None:
    own = [request("a", "1000", lots=2), request("b", None), request("c")]
    made = [contract("a", "20000", "T1"), contract("b", "1"), contract("c", "1")]
    made.append(contract("a", "1", "T2", status=ContractStatus.PRESENTED))
    assert savings_of(own, made) == []


def test_currencies_are_never_added_up() -> None:
    own = [request("a", "10"), request("b", "10", currency="EUR")]
    made = [contract("a", "400"), contract("b", "300")]
    assert [(one.currency, one.saved) for one in savings_of(own, made)] == [("EUR", Decimal(60)), ("USD", Decimal(-40))]
