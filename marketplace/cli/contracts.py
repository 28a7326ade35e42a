"""The commands on contracts that are the same for both sides of one: reading, saving, negotiating."""

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.cli import session, show, views
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import command_of, read_json
from marketplace.players.api import Api

ContractId = Annotated[str, typer.Argument(metavar="CONTRACT", help="a contract's id")]
Version = Annotated[int, typer.Argument(help="a proposal's version")]

_PROPOSALS = (
    show.count("Version", "version"),
    show.col("Proposed by", "side"),
    show.when("Proposed", "at"),
    show.col("Status", "status"),
    show.when("Answered", "answered_at"),
)
_CHANGES = (
    show.count("Version", "version"),
    show.col("What", "reference"),
    show.col("Clause", "clause"),
    show.col("Shall read", "wording"),
    show.col("Comment", "comment"),
)
_SIGNS = {"same": "  ", "added": "+ ", "removed": "- "}


def add_to(app: typer.Typer) -> None:
    """Add the commands to the group of either side."""
    command = command_of(app)
    for name, function in (
        ("contract", contract),
        ("differences", differences),
        ("negotiation", negotiation),
        ("propose", propose),
        ("agree", agree),
        ("withdraw-proposal", withdraw_proposal),
    ):
        command(name)(function)


def contract(
    contract_id: ContractId,
    document: Annotated[Path | None, typer.Option(help="also save the signed document here")] = None,
    pdf: Annotated[Path | None, typer.Option(help="also save it as PDF here; `marketplace verify` checks it")] = None,
    calendar: Annotated[Path | None, typer.Option(help="also save the dates that matter here (iCalendar)")] = None,
    terms: Annotated[Path | None, typer.Option(help="also save the terms as they were hashed here")] = None,
) -> None:
    """One contract: figures, every price, key terms, the terms, and what was decided."""
    api = session.api()
    found = api.get(session.path("/contracts/{}", contract_id))
    if document is not None:
        made = session.raw(api, session.path("/contracts/{}/document", contract_id))
        if hashlib.sha256(made.content).hexdigest() != found["sha256"]:
            raise MistakeError("The document that came does not have the contract's hash. Nothing was saved.")
        document.write_bytes(made.content)
        show.remark(f"Saved to {document}. SHA-256 {found['sha256']}")
    for file, part in ((pdf, "document.pdf"), (calendar, "calendar.ics")):
        if file is not None:
            file.write_bytes(session.raw(api, session.path("/contracts/{}/" + part, contract_id)).content)
            show.remark(f"Saved to {file}.")
    if terms is not None:
        terms.write_bytes(whole_terms(api, found))
        show.remark(f"Saved to {terms}. SHA-256 {found['presentation']['terms']['sha256']}")
    show.answer(found, *views.contract_parts(found))


def whole_terms(api: Api, contract: dict[str, Any]) -> bytes:
    """Return the bytes of presented terms. Raises MistakeError where they don't have the hash that they should."""
    content = session.raw(api, session.path("/contracts/{}/terms", contract["id"])).content
    if hashlib.sha256(content).hexdigest() != contract["presentation"]["terms"]["sha256"]:
        raise MistakeError("The terms that came do not have the hash that they should have. Nothing was done.")
    return content


def differences(contract_id: ContractId) -> None:
    """What changed since the terms that the buyer accepted from this carrier before."""
    found = session.api().get(session.path("/contracts/{}/differences", contract_id))
    rows = show.table(found["key_terms"], *views.KEY_TERMS, empty="No key term changed.")
    lines = [_line(line) for line in found["text"]]
    text = "\n".join(lines) if lines else "The text is the same." if found["accepted_before"] else ""
    show.answer(found, found["since"], *([rows, show.clean(text)] if found["accepted_before"] else []))


def negotiation(contract_id: ContractId) -> None:
    """Every change to the terms that either side proposed, and what was agreed."""
    _show_negotiation(session.api().get(_room(contract_id)))


def propose(
    contract_id: ContractId,
    file: Annotated[Path, typer.Argument(allow_dash=True, help="the changes as JSON: reference, clause, wording")],
) -> None:
    """Propose changes to the terms, clause by clause; while the other side's wait, yours counter them.

    The file is a list such as [{"reference": "key term", "clause": "notice_days", "wording": "…"}]; "passage" instead
    of "key term" quotes the text.
    """
    changes = read_json(file)
    body = {"changes": changes if isinstance(changes, list) else [changes]}
    _step(contract_id, "/proposals", body)


def agree(contract_id: ContractId, version: Version) -> None:
    """Accept the other side's proposal: it is in the contract if the buyer accepts the terms."""
    _step(contract_id, f"/proposals/{version}/acceptance")


def withdraw_proposal(contract_id: ContractId, version: Version) -> None:
    """Take back your proposal that the other side has not answered."""
    _step(contract_id, f"/proposals/{version}/withdrawal")


def _step(contract_id: str, part: str, body: Any = None) -> None:
    api = session.api()
    api.get(_room(contract_id))
    headers = {"If-Match": api.etag}
    _show_negotiation(api.post(_room(contract_id) + part, body, key=session.key(), headers=headers))


def _room(contract_id: str) -> str:
    return session.path("/contracts/{}/negotiation", contract_id)


def _show_negotiation(found: dict[str, Any]) -> None:
    changes = [change | {"version": one["version"]} for one in found["proposals"] for change in one["changes"]]
    agreed, waiting = found["agreed_version"], found["open_version"]
    show.answer(
        found,
        show.table(found["proposals"], *_PROPOSALS, empty="Nobody has proposed a change."),
        *([show.table(changes, *_CHANGES)] if changes else []),
        f"Agreed: version {agreed}." if agreed else "Agreed: the terms as presented.",
        f"Version {waiting} waits for an answer." if waiting else "",
    )


def _line(line: dict[str, Any]) -> str:
    if line["change"] == "skipped":
        return f"  ({line['lines']} lines are the same)"
    return _SIGNS[line["change"]] + " ".join(piece["text"] for piece in line["pieces"])
