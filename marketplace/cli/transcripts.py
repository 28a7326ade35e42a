"""Saving the transcripts of closed lots: the same command for desks, buyers and the platform."""

import json
from pathlib import Path
from typing import Annotated

import typer

from marketplace.cli import session, show
from marketplace.cli.choices import MistakeError
from marketplace.cli.command import write_new
from marketplace.players.api import Api

Out = Annotated[Path, typer.Option(help="where to save it; no file is overwritten")]
Keys = Annotated[Path | None, typer.Option(help="also save the marketplace's public keys here, to check it with")]


def save(at: str, lot: str, out: Path, keys: Path | None) -> None:
    """Save the transcript at an address of the API, and say how to check it. Raises MistakeError."""
    api = session.api()
    if keys is not None and keys.exists():
        raise MistakeError(f"{keys} is there already and was left as it is: give another name.")
    found = session.raw(api, at)
    write_new(out, found.content)
    if keys is not None:
        write_new(keys, (json.dumps(api.get("/keys"), indent=2) + "\n").encode())
    size = len(found.content)
    show.answer(
        {"lot": lot, "file": str(out), "size": size},
        f"The transcript of lot {lot} is saved to {out}: {size:,} bytes.",
        f"Check it without us: marketplace verify {out}{f' --key {keys}' if keys else ''}",
    )


def one_lot(api: Api, at: str, lot: str) -> str:
    """Return the lot of the auction at ``at`` that is meant: ``lot``, or if that is empty the only one.

    Raises MistakeError naming the lots if there are several, or no such one.
    """
    refs = [str(one["lot"]) for one in api.get(at)]
    named = lot.strip().upper()
    if named and named not in refs:
        raise MistakeError(f"It has no lot {named}; its lots: {_some(refs) or 'none yet'}.")
    if named:
        return named
    if not refs:
        raise MistakeError("There is no auction on it yet.")
    if len(refs) > 1:
        raise MistakeError(f"It has {len(refs)} lots ({_some(refs)}): say which, such as --lot {refs[0]}")
    return refs[0]


def _some(refs: list[str]) -> str:
    most = 10
    return ", ".join(refs[:most]) + (" and more" if len(refs) > most else "")
