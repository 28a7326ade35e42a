"""The state machine of a negotiation: one open proposal at most, the last accepted version binds, the end is final."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.contracts.negotiation import rules
from marketplace.contracts.negotiation.model import ClauseChange, Negotiation, ProposalStatus, Reference, Side
from marketplace.kernel.errors import ConflictError, MalformedError
from marketplace.kernel.ids import OrganizationId, RequestId, UserId

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
ADA = UserId("usr_ada")
EMPTY = Negotiation("con_1", RequestId("req_1"), OrganizationId("org_p"))
TEXT = "# Master agreement\n\nFees for ending early are due\nat once."


def a_change(wording: str = "Thirty days.", clause: str = "notice_days") -> ClauseChange:
    return ClauseChange(Reference.KEY_TERM, clause, wording)


def propose(negotiation: Negotiation, side: Side, wording: str = "Thirty days.") -> Negotiation:
    return rules.propose(negotiation, side, ADA, (a_change(wording),), NOON)


steps = st.lists(
    st.tuples(st.sampled_from(("propose", "accept", "withdraw")), st.sampled_from(Side), st.integers(1, 6)),
    max_size=25,
)


@given(steps)
def test_whatever_the_two_do_the_room_stays_in_order(taken: list[tuple[str, Side, int]]) -> None:
    negotiation, bound = EMPTY, None
    for number, (what, side, version) in enumerate(taken):
        now = NOON + timedelta(minutes=number)
        try:
            if what == "propose":
                after = rules.propose(negotiation, side, ADA, (a_change(str(number)),), now)
            elif what == "accept":
                after = rules.accept(negotiation, version, side, ADA, now)
                bound = version
            else:
                after = rules.withdraw(negotiation, version, side, ADA, now)
        except ConflictError:
            continue
        assert after.revision == negotiation.revision + 1
        assert [one.changes for one in after.proposals[: len(negotiation.proposals)]] == [
            one.changes for one in negotiation.proposals
        ]
        negotiation = after
    open_ones = [one for one in negotiation.proposals if one.status is ProposalStatus.OPEN]
    assert len(open_ones) <= 1
    assert [one.version for one in negotiation.proposals] == list(range(1, len(negotiation.proposals) + 1))
    agreed = rules.agreed(negotiation)
    assert (agreed.version if agreed else None) == bound
    ended = rules.close(negotiation, ADA, NOON)
    assert ended.open is None
    assert rules.agreed(ended) == agreed
    assert rules.close(ended, ADA, NOON) == ended
    with pytest.raises(rules.NegotiationClosedError):
        propose(ended, Side.BUYER)


def test_a_counter_answers_the_other_side_and_nobody_answers_himself() -> None:
    first = propose(EMPTY, Side.BUYER)
    with pytest.raises(rules.NotYourTurnError):
        propose(first, Side.BUYER)
    with pytest.raises(rules.NotYourTurnError):
        rules.accept(first, 1, Side.BUYER, ADA, NOON)
    with pytest.raises(rules.NotYourTurnError):
        rules.withdraw(first, 1, Side.PROVIDER, ADA, NOON)
    second = propose(first, Side.PROVIDER, "Forty-five days.")
    assert [one.status for one in second.proposals] == [ProposalStatus.COUNTERED, ProposalStatus.OPEN]
    with pytest.raises(rules.ProposalNotOpenError):
        rules.accept(second, 1, Side.PROVIDER, ADA, NOON)
    done = rules.accept(second, 2, Side.BUYER, ADA, NOON)
    agreed = rules.agreed(done)
    assert agreed is not None
    assert (agreed.version, agreed.changes[0].wording) == (2, "Forty-five days.")


def test_an_agreement_stands_until_a_later_one_and_can_be_taken_back_together() -> None:
    agreed = rules.accept(propose(EMPTY, Side.BUYER), 1, Side.PROVIDER, ADA, NOON)
    reopened = propose(agreed, Side.PROVIDER, "Ninety days.")
    assert rules.agreed(reopened) == rules.agreed(agreed)
    withdrawn = rules.withdraw(reopened, 2, Side.PROVIDER, ADA, NOON)
    assert rules.agreed(withdrawn) == rules.agreed(agreed)
    nothing = rules.propose(withdrawn, Side.BUYER, ADA, (), NOON)
    assert rules.agreed(rules.accept(nothing, 3, Side.PROVIDER, ADA, NOON)) is None
    with pytest.raises(MalformedError):
        rules.propose(EMPTY, Side.BUYER, ADA, (), NOON)


def test_proposals_have_a_limit() -> None:
    negotiation = EMPTY
    for number in range(rules.MAX_VERSIONS):
        negotiation = propose(negotiation, (Side.BUYER, Side.PROVIDER)[number % 2])
    with pytest.raises(rules.TooManyProposalsError):
        propose(negotiation, Side.BUYER)


def test_a_change_names_a_clause_that_is_there() -> None:
    quoted = ClauseChange(Reference.PASSAGE, "ending early  are due at once.", "Within 60 days.")
    rules.check_changes((quoted, a_change()), TEXT)
    for wrong in (
        (a_change(clause="colour"),),
        (ClauseChange(Reference.PASSAGE, "are due at twice", "x"),),
        (ClauseChange(Reference.PASSAGE, "a", "x"),),
        (a_change(), a_change("Sixty days.")),
        (quoted,) * (rules.MAX_CHANGES + 1),
    ):
        with pytest.raises(MalformedError):
            rules.check_changes(wrong, TEXT)
