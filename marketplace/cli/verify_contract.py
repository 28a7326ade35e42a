"""What ``marketplace verify`` says of a contract: a PDF with everything inside, or the document alone."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from marketplace.bidding import transcript
from marketplace.contracts import proof
from marketplace.contracts.proof import Checked
from marketplace.kernel import codec

LARGEST_PAPER = 64 * 1024 * 1024
_START = b"%PDF-"

KeysFor = Callable[[str], Mapping[str, str] | None]
"""The keys that are trusted, given the id of the one that signed; None: those inside the file are believed."""


def is_paper(file: Path) -> bool:
    """Tell whether the file is a PDF. Raises OSError."""
    with file.open("rb") as opened:
        return opened.read(len(_START)) == _START


def is_document(document: Any) -> bool:
    """Tell whether a JSON file is a contract document."""
    return isinstance(document, dict) and str(document.get("format", "")).startswith("tenderline contract")


def of_paper(file: Path, keys_for: KeysFor) -> Iterator[str]:
    """Yield what is true of a contract's PDF. Raises WrongContractError, OSError."""
    if file.stat().st_size > LARGEST_PAPER:
        raise proof.WrongContractError("this is larger than any contract of ours")
    content = file.read_bytes()
    trusted = keys_for(transcript.key_of(proof.signature_in(content)))
    checked = proof.check_paper(content, trusted)
    yield from _said(checked)
    if trusted is None:
        yield f"The key {checked.kid} came with the file: compare it with GET /keys, or give --key."
    if not checked.same_pages:
        # what is read on paper is the pages: the signed document alone must not make them look right
        raise proof.WrongContractError(
            "the pages are not those which the signed document makes. They were changed, or another release set them: "
            "believe the document inside the file (any PDF reader saves it), and download the PDF again"
        )
    yield "The pages are byte for byte those which this document makes."


def of_document(document: Any, keys: Mapping[str, str] | None, signature: str) -> Iterator[str]:
    """Yield what is true of a contract document; with a signature and keys also who signed it.

    Raises WrongContractError.
    """
    checked = proof.check_document(_bytes(document), signature if keys else "", keys or {})
    yield from _said(checked)
    if not checked.kid:
        yield "Not checked who signed it: give --signature (GET /contracts/{id}) and --key (GET /keys)."


def _bytes(document: Any) -> bytes:
    try:
        return codec.canonical(document)
    except (TypeError, ValueError) as error:
        raise proof.WrongContractError("the document holds what no contract holds: a float, or broken text") from error


def _said(checked: Checked) -> Iterator[str]:
    document, figures = checked.document, checked.document["figures"]
    parties = document["parties"]
    yield f"Contract {document['id']} of {document['made_at']}"
    yield f"{parties['buyer']['name']} with {parties['provider']['name']}"
    yield f"{len(document['lots'])} lots, {figures['total']} {figures['currency']} over {figures['term_months']} months"
    yield f"Terms '{document['terms']['title']}' version {document['terms']['version']}, accepted by its own hash"
    if document.get("changes"):
        yield f"With version {document['changes']['version']} of the agreed changes"
    yield f"SHA-256 {checked.sha256}"
    if checked.kid:
        yield f"Signed with the key {checked.kid}."
