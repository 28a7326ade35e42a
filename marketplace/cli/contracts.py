"""The command ``contract``, the same for both sides of one."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer

from marketplace.cli import session, show, views
from marketplace.cli.choices import MistakeError

ContractId = Annotated[str, typer.Argument(metavar="CONTRACT", help="a contract's id")]


def contract(
    contract_id: ContractId,
    document: Annotated[Path | None, typer.Option(help="also save the signed document here")] = None,
) -> None:
    """One contract: figures, every price, the terms, and what was decided."""
    api = session.api()
    found = api.get(session.path("/contracts/{}", contract_id))
    if document is not None:
        made = session.raw(api, session.path("/contracts/{}/document", contract_id))
        if hashlib.sha256(made.content).hexdigest() != found["sha256"]:
            raise MistakeError("The document that came does not have the contract's hash. Nothing was saved.")
        document.write_bytes(made.content)
        show.remark(f"Saved to {document}. SHA-256 {found['sha256']}")
    show.answer(found, *views.contract_parts(found))
