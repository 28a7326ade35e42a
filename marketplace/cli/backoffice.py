"""The platform's work on the command line: verifying buyers, approving providers, explaining who matched."""

from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import platform_auctions, platform_oversight, provider_statuses, questions, session, show
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import Limit, Reason, Yes, command_of, group, want_word
from marketplace.cli.notices import notices

app = group("Run the platform: verify buyers, approve carriers, see who matched and why, steer running auctions.")
command = command_of(app)

BuyerId = Annotated[str, typer.Argument(metavar="BUYER", help="a buyer's id, as in the queue")]
ProviderId = Annotated[str, typer.Argument(metavar="PROVIDER", help="a provider's id")]
_QUEUE = (
    show.code("Buyer", "buyer_id"),
    show.col("Status", "status"),
    show.when("Since", "since"),
    show.count("Numbers", "numbers"),
    show.count("Documents", "documents"),
    show.col("Needs another admin", "flagged"),
)
_CASE = (
    show.code("Buyer", "buyer.id"),
    show.col("Name", "buyer.name"),
    show.col("Status", "buyer.verification"),
    show.when("Since", "since"),
    show.when("Verified until", "verified_until"),
    show.col("Contact", "buyer.contact"),
    show.col("Demographics", "buyer.demographics"),
    show.col("Numbers", "buyer.numbers"),
    show.col("Flagged because", "flag_reason"),
)
_CHECKS = (show.col("Check", "name"), show.col("Passed", "passed"), show.col("Finding", "finding"))
_DOCUMENTS = (
    show.code("Document", "id"),
    show.col("Title", "title"),
    show.col("Type", "media_type"),
    show.count("Bytes", "size"),
)
_DECISIONS = (
    show.when("When", "at"),
    show.col("Decision", "decision"),
    show.col("Reason", "reason"),
    show.code("Admin", "admin_id"),
)
_DECIDED = (
    show.code("Buyer", "buyer_id"),
    show.col("Status", "status"),
    show.col("Needs another admin", "flagged"),
    show.when("Verified until", "verified_until"),
)
_PROVIDERS = (
    show.code("Provider", "id"),
    show.col("Name", "name"),
    show.col("Status", "status"),
    show.col("Reference", "reference"),
    show.col("Contact", "contact_email"),
    show.when("Registered", "registered_at"),
    show.col("Reason", "reason"),
)
_MATCHING = (
    show.col("Carrier", "name"),
    show.col("Status", "status"),
    show.col("Received it", "invited"),
    show.col("Listed in", "admitted"),
    show.col("Filter accepts", "accepted"),
    show.col("Filter", "filter_name"),
    show.col("Against it", "against"),
)
_CRITERIA = (show.col("Criterion", "criterion"), show.col("Passed", "passed"), show.col("Why", "reason"))


@command("queue")
def queue(
    status: Annotated[
        str, typer.Option(help="pending, unverified, verified, rejected, revoked or expired")
    ] = "pending",
    limit: Limit = 50,
) -> None:
    """Buyers that wait for verification, the longest waiting first, without names."""
    found, left = session.pages(session.api(), "/verifications", limit, status=status)
    show.answer(found, show.table(found, *_QUEUE, empty="Nobody waits."))
    show.more(left)


@command("case")
def case(buyer_id: BuyerId) -> None:
    """Who a buyer says it is, beside what the checks found. That you read it goes on record."""
    found = session.api().get(session.path("/verifications/{}", buyer_id))
    show.answer(found, *_case_parts(found), f"Next: marketplace platform verify {buyer_id}, or reject, or flag")


@command("document")
def document(
    buyer_id: BuyerId,
    document_id: Annotated[str, typer.Argument(metavar="DOCUMENT", help="as in the case")],
    file: Annotated[Path, typer.Argument(help="where to save it")],
) -> None:
    """Save a document of a case. That you read it goes on record."""
    found = session.raw(session.api(), session.path("/verifications/{}/documents/{}", buyer_id, document_id))
    file.write_bytes(found.content)
    size = len(found.content)
    show.answer({"file": str(file), "size": size}, f"Saved to {file}: {size:,} bytes.")


@command("verify")
def verify(buyer_id: BuyerId, reason: Reason, *, yes: Yes = False) -> None:
    """Decide that a buyer is who it says it is; what it submitted is published."""
    _decide(buyer_id, "verify", reason, ask_first=not yes)


@command("reject")
def reject(buyer_id: BuyerId, reason: Reason, *, yes: Yes = False) -> None:
    """Decide that the evidence is not enough. The buyer reads the reason."""
    _decide(buyer_id, "reject", reason, ask_first=not yes)


@command("flag")
def flag(buyer_id: BuyerId, reason: Reason, *, yes: Yes = False) -> None:
    """Leave a case to another admin."""
    _decide(buyer_id, "flag", reason, ask_first=not yes)


@command("revoke")
def revoke(buyer_id: BuyerId, reason: Reason, *, yes: Yes = False) -> None:
    """Take a verification back; the buyer's open requests are suspended."""
    _decide(buyer_id, "revoke", reason, ask_first=not yes)


@command("providers")
def providers(
    status: Annotated[str, typer.Option(help="pending, approved, suspended or closed; default: all")] = "",
    limit: Limit = 50,
) -> None:
    """Providers and their approval; --status pending is the queue."""
    found, left = session.pages(session.api(), "/providers", limit, status=status or None)
    show.answer(found, show.table(found, *_PROVIDERS, empty="There are none."))
    show.more(left)


@command("approve")
def approve(provider_id: ProviderId, reason: Reason) -> None:
    """Let a provider receive requests."""
    _settle(provider_id, "approve", reason)


@command("suspend")
def suspend(provider_id: ProviderId, reason: Reason) -> None:
    """Stop a provider until it is approved again. It reads the reason."""
    _settle(provider_id, "suspend", reason)


@command("close")
def close(provider_id: ProviderId, reason: Reason, *, yes: Yes = False) -> None:
    """Close a provider for good. It reads the reason."""
    if not yes:
        want_word("CLOSE", "Nothing was changed.")
    _settle(provider_id, "close", reason)


@command("matching")
def matching(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="a request's id")], limit: Limit = 200
) -> None:
    """Every provider beside a request: whether it received it, and what stood against it."""
    found, left = session.pages(session.api(), session.path("/platform/requests/{}/matching", request_id), limit)
    rows = [item | {"against": [one["reason"] for one in item["criteria"] if not one["passed"]]} for item in found]
    show.answer(found, show.table(rows, *_MATCHING, empty="There are no providers."))
    show.more(left)


@command("why")
def why(
    request_id: Annotated[str, typer.Argument(metavar="REQUEST", help="a request's id")], provider_id: ProviderId
) -> None:
    """Why a provider did or did not get a request: each criterion of the filter that accepts, or comes closest."""
    found = session.api().get(session.path("/platform/requests/{}/matching/{}", request_id, provider_id))
    empty = "It has no active filter." if found["filter_id"] is None else "The filter states no criterion."
    show.answer(found, show.facts(found, *_MATCHING[:-1]), show.table(found["criteria"], *_CRITERIA, empty=empty))


platform_auctions.add_to(app)
platform_oversight.add_to(app)
questions.add_to_platform(app)
provider_statuses.add_to(app)
command("notices")(notices)


def _decide(buyer_id: str, decision: str, reason: str, *, ask_first: bool) -> None:
    """Decide on exactly what is shown: a case that changes meanwhile is refused."""
    api = session.api()
    read = session.raw(api, session.path("/verifications/{}", buyer_id))
    if ask_first:
        show.before_asking(*_case_parts(read.json()))
        want_word(decision.upper(), "Nothing was decided.")
    if "etag" not in read.headers:
        raise MistakeError("The marketplace did not say which version of the case this is. Nothing was decided.")
    done = api.post(
        session.path("/verifications/{}/decisions", buyer_id),
        {"decision": decision, "reason": reason},
        key=session.key(),
        headers={"If-Match": read.headers["etag"]},
    )
    show.answer(done, show.facts(done, *_DECIDED))


def _settle(provider_id: str, what: str, reason: str) -> None:
    at = session.path("/providers/{}/{}", provider_id, what)
    done = session.api().post(at, {"reason": reason}, key=session.key())
    show.answer(done, show.table([done], *_PROVIDERS))


def _case_parts(case: dict[str, Any]) -> tuple[Any, ...]:
    parts = [show.facts(case, *_CASE), show.table(case["checks"], *_CHECKS, empty="No check has run.")]
    parts += [show.table(case["documents"], *_DOCUMENTS)] if case["documents"] else []
    parts += [show.table(case["decisions"], *_DECISIONS)] if case["decisions"] else []
    return tuple(parts)
