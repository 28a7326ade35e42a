"""Two pairs of eyes on the command line: the limit, selections that wait, and what leaving present providers costs."""

from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import session, show
from marketplace.cli.buyer_awards import AWARDED, following_award
from marketplace.cli.buyer_requests import RequestId
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Reason, Yes, command_of, figure, read_json, want_word

ApprovalId = Annotated[str, typer.Argument(metavar="APPROVAL", help="its id, from: marketplace buyer approvals")]

_APPROVALS = (
    show.col("Status", "status"),
    show.money("Counts", "total"),
    show.money("Limit", "limit"),
    show.when("Asked", "asked_at"),
    show.col("By", "asked_by"),
    show.when("Decided", "decided_at"),
    show.col("By", "decided_by"),
    show.col("Reason", "reason"),
    show.col("Scenario", "basis.scenario"),
    show.code("Approval", "id"),
)
_COSTS = (
    show.col("Lot", "lot"),
    show.money("Switching cost", "amount"),
    show.code("Present provider", "incumbent"),
    show.col("Note", "note"),
)


def add_to(app: typer.Typer) -> None:
    """Add the commands to the buyer's group."""
    command = command_of(app)
    for name, function in (
        ("approval-limit", approval_limit),
        ("approvals", approvals),
        ("approve", approve),
        ("reject", reject),
        ("cancel-award", cancel_award),
        ("switching-costs", switching_costs),
    ):
        command(name)(function)


def approval_limit(
    amount: Annotated[
        str, typer.Argument(help="what one user may award alone; without it: show; 'none': anything")
    ] = "",
    *,
    currency: Annotated[str, typer.Option(help="ISO 4217")] = "USD",
) -> None:
    """What one user of your organization may award alone; above it a second one has to approve."""
    api = session.api()
    found = api.get("/buyer/approval-limit")
    if amount:
        body = {"amount": None if amount == "none" else str(figure(amount)), "currency": currency}
        headers = {"If-Match": api.etag}
        found = api.call("PUT", "/buyer/approval-limit", body, key=session.key(), headers=headers)
    said = "One user may award anything alone."
    if found["amount"] is not None:
        said = f"Above {show.amount(found['amount'])} {found['currency']} a request, a second user has to approve."
    show.answer(found, said)


def approvals(request_id: RequestId) -> None:
    """Selections that wait, or waited, for a second user, newest first."""
    found = session.api().get(session.path("/requests/{}/approvals", request_id))
    waiting = [one["id"] for one in found if one["status"] == "waits for approval"]
    following = f"Next: marketplace buyer approve {request_id} {waiting[0]}" if waiting else ""
    show.answer(found, show.table(found, *_APPROVALS, empty="None ever had to wait."), following)


def approve(request_id: RequestId, approval_id: ApprovalId, *, yes: Yes = False) -> None:
    """Approve another user's selection: the winners learn who you are. Nothing happens before you type APPROVE."""
    api = session.api()
    if not yes:
        found = api.get(session.path("/requests/{}/approvals", request_id))
        asked = [one for one in found if one["id"] == approval_id]
        if not asked:
            raise MistakeError(f"There is no approval {approval_id}: marketplace buyer approvals {request_id}")
        show.before_asking(show.table(asked, *_APPROVALS), show.table(asked[0]["lots"], *AWARDED))
        want_word("APPROVE", "Nothing was approved, and nobody learned anything.")
    done = api.post(session.path("/requests/{}/approvals/{}/approve", request_id, approval_id), key=session.key())
    show.answer(done, show.table(done["lots"], *AWARDED), following_award(done, request_id))


def reject(request_id: RequestId, approval_id: ApprovalId, reason: Reason) -> None:
    """Reject another user's selection: its lots wait for a decision again."""
    path = session.path("/requests/{}/approvals/{}/reject", request_id, approval_id)
    done = session.api().post(path, {"reason": reason}, key=session.key())
    show.answer(done, f"Rejected. Next: marketplace buyer award {request_id}")


def cancel_award(request_id: RequestId, approval_id: ApprovalId) -> None:
    """Take back your own selection, as long as it waits for a second user."""
    path = session.path("/requests/{}/approvals/{}/cancel", request_id, approval_id)
    done = session.api().post(path, key=session.key())
    show.answer(done, f"Taken back. Next: marketplace buyer award {request_id}")


def switching_costs(
    request_id: RequestId,
    path: Annotated[
        Path | None,
        typer.Argument(allow_dash=True, help='JSON: [{"lot": "T1", "incumbent": "org_…", "amount": "500.00"}]'),
    ] = None,
    *,
    reason: Annotated[str, typer.Option(help="why only now, if bids can be seen already")] = "",
) -> None:
    """What leaving your present providers costs, by lot; no carrier is ever shown it. With a file: state it anew."""
    api, at = session.api(), session.path("/requests/{}/switching-costs", request_id)
    found: dict[str, Any] = api.get(at)
    if path is not None:
        body = {"costs": read_json(path), "reason": reason}
        found = api.call("PUT", at, body, key=session.key(), headers={"If-Match": api.etag})
    show.answer(found, show.table(found["costs"], *_COSTS, empty="None is stated."))
