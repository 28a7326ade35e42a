from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buyers.requests import rules
from buyers.requests.model import (
    Bands,
    BillingPreferences,
    Content,
    Disclosure,
    Line,
    Lot,
    Place,
    PriorUsage,
    Request,
    Schedule,
    Site,
    Status,
)
from buyers.requests.rules import Action
from buyers.requests.view import carrier_view
from marketplace.kernel import codec
from marketplace.kernel.errors import ConflictError
from marketplace.kernel.ids import RequestId

NOW = datetime(2026, 12, 1, 12, tzinfo=UTC)
CLOSING = NOW + timedelta(days=10)
DRAFT = Content(
    title="Internet access",
    sites=(Site("S1", "a", Place("US", city="Waterbury")), Site("S2", "b", Place("US", city="Lakewood"))),
    lines=(
        Line("L1", "data.broadband", "S2"),
        Line("L2", "data.broadband", "S1"),
        Line("L3", "mobile.paging"),
        Line("L4", "voice.pri", "S1"),
    ),
    billing=BillingPreferences(purchase_order="PO 1"),
    schedule=Schedule(CLOSING, award_planned_on=date(2027, 1, 1)),
)
PUBLISHED = replace(DRAFT, lots=rules.default_lots(DRAFT))


def request(status: Status, *, suspended: bool = False, content: Content = PUBLISHED) -> Request:
    return Request(RequestId("req_1"), status, suspended, 1, 1, "Buyer K7-204", "2026.1", content, NOW, None)


def seen(content: Content) -> bytes:
    return codec.canonical(codec.dump(carrier_view(1, "", content, Bands(), content.lots, catalogue_version="")))


def test_an_open_request_is_closed_from_its_closing_time_on() -> None:
    it = request(Status.OPEN)
    assert rules.effective_status(it, CLOSING - timedelta(microseconds=1)) is Status.OPEN
    assert rules.effective_status(it, CLOSING) is Status.CLOSED
    assert rules.effective_status(request(Status.DRAFT), CLOSING) is Status.DRAFT


ALLOWED = {
    (Status.DRAFT, Action.EDIT): Status.DRAFT,
    (Status.DRAFT, Action.SUBMIT): Status.AWAITING_VERIFICATION,
    (Status.DRAFT, Action.PUBLISH): Status.OPEN,
    (Status.AWAITING_VERIFICATION, Action.PUBLISH): Status.OPEN,
    (Status.AWAITING_VERIFICATION, Action.RETURN): Status.DRAFT,
    (Status.OPEN, Action.AMEND): Status.OPEN,
    (Status.CLOSED, Action.CLOSE): Status.CLOSED,
    (Status.OPEN, Action.AWARD): Status.AWARDED,
    (Status.OPEN, Action.END_UNAWARDED): Status.NOT_AWARDED,
    (Status.CLOSED, Action.AWARD): Status.AWARDED,
    (Status.CLOSED, Action.END_UNAWARDED): Status.NOT_AWARDED,
    (Status.DRAFT, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.AWAITING_VERIFICATION, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.OPEN, Action.WITHDRAW): Status.WITHDRAWN,
    (Status.CLOSED, Action.WITHDRAW): Status.WITHDRAWN,
}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("status", Status)
def test_the_life_of_a_request_has_these_steps_and_no_other(status: Status, action: Action) -> None:
    if (status, action) in ALLOWED:
        assert rules.transition(request(status), action, NOW) is ALLOWED[status, action]
    else:
        with pytest.raises(ConflictError) as refused:
            rules.transition(request(status), action, NOW)
        assert type(refused.value) not in {ConflictError, rules.SuspendedError}
        assert f"'{status}'" in refused.value.detail


@pytest.mark.parametrize(
    ("action", "status", "error"),
    [
        (Action.EDIT, Status.OPEN, rules.NotEditableError),
        (Action.SUBMIT, Status.OPEN, rules.NotSubmittableError),
        (Action.PUBLISH, Status.OPEN, rules.NotPublishableError),
        (Action.AMEND, Status.DRAFT, rules.NotAmendableError),
        (Action.WITHDRAW, Status.AWARDED, rules.NotWithdrawableError),
        (Action.AWARD, Status.DRAFT, rules.NotClosedError),
    ],
)
def test_a_refusal_is_named_after_what_is_not_possible(
    action: Action, status: Status, error: type[ConflictError]
) -> None:
    with pytest.raises(error):
        rules.transition(request(status), action, NOW)


def test_an_amendment_after_the_closing_time_is_refused_though_the_status_still_says_open() -> None:
    with pytest.raises(rules.NotAmendableError):
        rules.transition(request(Status.OPEN), Action.AMEND, CLOSING)


def test_a_suspended_request_can_be_withdrawn_but_neither_amended_nor_awarded() -> None:
    assert rules.transition(request(Status.OPEN, suspended=True), Action.WITHDRAW, NOW) is Status.WITHDRAWN
    for status, action in ((Status.OPEN, Action.AMEND), (Status.CLOSED, Action.AWARD)):
        with pytest.raises(rules.SuspendedError):
            rules.transition(request(status, suspended=True), action, NOW)


def test_default_lots_are_one_per_site_in_site_order_then_the_whole_company() -> None:
    assert rules.default_lots(DRAFT) == (
        Lot("T1", "Site S1", ("L2", "L4")),
        Lot("T2", "Site S2", ("L1",)),
        Lot("T3", "Whole company", ("L3",)),
    )


def test_the_buyers_lots_stay_and_only_the_rest_gets_default_lots() -> None:
    mine = Lot("T2", "Voice and paging", ("L3", "L4"))
    assert rules.default_lots(replace(DRAFT, lots=(mine,))) == (
        mine,
        Lot("T1", "Site S1", ("L2",)),
        Lot("T3", "Site S2", ("L1",)),
    )


@given(st.lists(st.sampled_from(["", "S1", "S2"]), max_size=12), st.sets(st.integers(1, 12)), st.integers(1, 4))
def test_lots_partition_the_lines(sites: list[str], grouped: set[int], number: int) -> None:
    lines = tuple(Line(f"L{index}", "voice.pri", site) for index, site in enumerate(sites, start=1))
    own = tuple(line.ref for line in lines if int(line.ref[1:]) in grouped)
    content = replace(DRAFT, lines=lines, lots=(Lot(f"T{number}", "Mine", own),) if own else ())
    lots = rules.default_lots(content)
    assert sorted(ref for lot in lots for ref in lot.lines) == sorted(line.ref for line in lines)
    assert len({lot.ref for lot in lots}) == len(lots)
    assert rules.default_lots(replace(content, lots=lots)) == lots


def test_monthly_spend_adds_what_is_known() -> None:
    usage = PriorUsage("voice.pri", "minutes", Decimal(1))
    assert rules.monthly_spend(replace(DRAFT, prior_usage=(usage,))) is None
    known = (usage, replace(usage, monthly_spend=Decimal("10.10")), replace(usage, monthly_spend=Decimal("0.20")))
    assert rules.monthly_spend(replace(DRAFT, prior_usage=known)) == Decimal("10.30")


def test_an_amendment_tells_what_changed_without_values() -> None:
    first, second, third, fourth = PUBLISHED.lines
    proposed = replace(
        PUBLISHED,
        title="Internet and paging",
        lines=(replace(first, quantity=7, note="attic"), second, third, Line("L9", "voice.pri", "S2")),
        schedule=replace(PUBLISHED.schedule, closes_at=CLOSING + timedelta(days=1)),
        billing=replace(PUBLISHED.billing, payment_days=60),
    )
    amendment = rules.amend(PUBLISHED, proposed)
    assert amendment.changed == (
        "title",
        "line L1: quantity, note",
        "line L9 added",
        f"line {fourth.ref} removed",
        "schedule: closes_at",
        "billing: payment_days",
    )
    assert [lot.lines for lot in amendment.content.lots] == [("L2",), ("L1", "L9"), ("L3",)]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"term_months": 12}, "/term_months"),
        ({"disclosure": Disclosure.EXACT}, "/disclosure"),
        ({"auction": replace(PUBLISHED.auction, min_bidders=2)}, "/auction"),
        ({"provider_list": replace(PUBLISHED.provider_list, distribute=False)}, "/provider_list"),
        ({"sites": (PUBLISHED.sites[0], replace(PUBLISHED.sites[1], place=Place("CA")))}, "/sites"),
        ({"billing": replace(PUBLISHED.billing, currency="EUR")}, "/billing/currency"),
        ({"schedule": replace(PUBLISHED.schedule, closes_at=CLOSING - timedelta(1))}, "/schedule/closes_at"),
        ({"schedule": replace(PUBLISHED.schedule, opens_at=NOW)}, "/schedule/opens_at"),
        ({"lots": (*PUBLISHED.lots[:2], replace(PUBLISHED.lots[2], name="Else"))}, "/lots"),
        ({"lots": (replace(PUBLISHED.lots[0], lines=("L1", "L2", "L4")),)}, "/lots"),
        ({"lines": (replace(PUBLISHED.lines[0], site="S1"), *PUBLISHED.lines[1:])}, "/lines/0/site"),
        ({"lines": PUBLISHED.lines[1:]}, "/lots/1"),
    ],
)
def test_what_was_fixed_at_publishing_is_refused_by_name(changes: dict[str, object], pointer: str) -> None:
    with pytest.raises(rules.NotAmendableError) as refused:
        rules.amend(PUBLISHED, replace(PUBLISHED, **changes))  # type: ignore[arg-type]
    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_an_added_line_without_a_clear_lot_must_name_one() -> None:
    split = replace(
        PUBLISHED, lots=tuple(Lot(f"T{n}", "", (ref,)) for n, ref in enumerate(("L1", "L2", "L3", "L4"), start=1))
    )
    added = replace(split, lines=(*split.lines, Line("L5", "voice.pri", "S1")))
    with pytest.raises(rules.NotAmendableError):
        rules.amend(split, added)
    named = replace(added, lots=(*split.lots[:3], replace(split.lots[3], lines=("L4", "L5"))))
    assert rules.amend(split, named).content.lots[3].lines == ("L4", "L5")


@given(
    st.permutations(PUBLISHED.lines),
    st.sampled_from(["PO 1", "PO 2"]),
    st.sampled_from(["Internet access", "Internet"]),
    st.sampled_from(["", "attic"]),
)
def test_no_change_is_told_if_and_only_if_carriers_see_the_same_bytes(
    lines: list[Line], purchase_order: str, title: str, note: str
) -> None:
    billing = replace(PUBLISHED.billing, purchase_order=purchase_order)
    noted = tuple(replace(line, note=note) if line.ref == "L2" else line for line in lines)
    amendment = rules.amend(PUBLISHED, replace(PUBLISHED, lines=noted, billing=billing, title=title))
    assert (amendment.changed == ()) == (seen(amendment.content) == seen(PUBLISHED))
    assert amendment.content.billing.purchase_order == purchase_order
