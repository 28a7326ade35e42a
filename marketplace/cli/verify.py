"""``marketplace verify``: contracts, transcripts and receipts checked without the marketplace, by files alone."""

import json
import re
from pathlib import Path
from typing import Annotated, Any

import typer

from marketplace.bidding import transcript
from marketplace.bidding.transcript import Checked, WrongTranscriptError
from marketplace.cli import verify_contract
from marketplace.contracts.proof import WrongContractError

LARGEST_BYTES = 512 * 1024 * 1024

_PEM = re.compile(r"-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\n?")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def add_to(app: typer.Typer) -> None:
    """Add the command to ``app``."""
    app.command("verify")(verify)


def verify(
    file: Annotated[Path, typer.Argument(help="a contract (PDF, JSON), a transcript or a receipt")],
    *,
    key: Annotated[
        Path | None, typer.Option("--key", help="the marketplace's public key: PEM, or the JSON of GET /keys")
    ] = None,
    receipt: Annotated[list[Path] | None, typer.Option("--receipt", help="a receipt that must be in the chain")] = None,
    signature: Annotated[str, typer.Option(help="a JSON contract's signature, as GET /contracts/{id} shows it")] = "",
) -> None:
    """Check a contract, a transcript or a receipt offline.

    A contract: signature and hashes, and that a PDF's pages are those that its document makes. A transcript: signature,
    chain of hashes, receipts; it is replayed, and standing and candidates are printed.

    Without --key the key inside the file is believed, which proves only that the file is whole. Exit code 1 if
    anything is wrong, naming the first thing.
    """
    try:
        if verify_contract.is_paper(file):
            for sentence in verify_contract.of_paper(file, lambda kid: _keys(key, kid) if key else None):
                _say(sentence)
            return
        document = _document(file)
        if verify_contract.is_document(document):
            keys = _keys(key, transcript.key_of(signature)) if key else None
            for sentence in verify_contract.of_document(document, keys, signature):
                _say(sentence)
        elif isinstance(document, dict) and "transcript" in document:
            _verify_transcript(document, key, receipt or [])
        else:
            _verify_receipts(file, document, key)
    except OSError as error:
        _say(f"{error.filename}: {error.strerror}", err=True)  # nothing is wrong with what could not be read
        raise typer.Exit(1) from error
    except (WrongTranscriptError, WrongContractError) as error:
        _say(f"WRONG: {error}", err=True)
        raise typer.Exit(1) from error


def _verify_transcript(document: Any, key: Path | None, receipts: list[Path]) -> None:
    given = transcript.read(document)
    kid = next(iter(given.keys), "")
    trusted = _keys(key, kid) if key is not None else None
    checked = transcript.check(given, trusted)
    proved = []
    for file in receipts:
        for item in _receipts(_document(file)):
            read = transcript.read_receipt(item, trusted or given.keys)
            proved.append((file, transcript.check_receipt(checked.transcript, read)))
    _tell(checked)
    for file, number in proved:
        _say(f"Receipt {file}: {'an event' if number is None else f'event {number}'} of the chain.")
    if trusted is None:
        print_ = transcript.fingerprint(given.keys[checked.kid])
        _say(f"The key {checked.kid} came with the file (SHA-256 {print_}): compare it with GET /keys, or give --key.")
    else:
        _say(f"Signed with the key {checked.kid} that you gave.")


def _tell(checked: Checked) -> None:
    given, results = checked.transcript, checked.results
    _say(f"Lot {given.lot}: {results.status}, {results.opens_at.isoformat()} to {results.closes_at.isoformat()}")
    _say(f"Rules {given.rules_hash}")
    if all(one.seq is not None for one in given.events):
        _say(f"{len(given.events)} events, unbroken; {checked.events_in_clear} of them in clear.")
    else:
        _say(f"{len(given.events)} events of the reader; the rules hide how many others there are.")
    _say(f"The chain ends in {given.head}.")
    for line in results.standing:
        rank = "-" if line.rank is None else f"{line.rank}."
        joint = " joint" if line.joint else ""
        amount = "sealed" if line.amount is None else f"{line.amount} {given.rules.currency}"
        malus = f" (malus {line.malus})" if line.malus else ""
        _say(f"  {rank}{joint} {line.bidder}: {amount}{malus}")
    for candidate in results.candidates:
        _say(f"  candidate for the award: {candidate.bidder}, paid {candidate.payment} {given.rules.currency}")
    for bidder in results.awarded:
        _say(f"  awarded: {bidder}")
    if checked.replayed:
        _say("Replayed: the events lead to these results.")
    else:
        _say("These results are as signed; the events of others are not in clear.")


def _verify_receipts(file: Path, document: Any, key: Path | None) -> None:
    if key is None:
        raise WrongTranscriptError(
            f"{file} is no transcript; to check a receipt give the marketplace's key: --key FILE"
        )
    for item in _receipts(document):
        found = transcript.read_receipt(item, _keys(key, _kid(item)))
        _say("The receipt is signed by the marketplace:")
        for name, value in found.items():
            _say(f"  {name}: {value}")


def _receipts(document: Any) -> list[Any]:
    """Return the receipts of a file: one, or those of a bid on several lots."""
    if isinstance(document, dict) and isinstance(document.get("receipts"), list):
        return list(document["receipts"])
    return document if isinstance(document, list) else [document]


def _kid(item: Any) -> str:
    signed = item.get("signed") if isinstance(item, dict) else item
    return transcript.key_of(signed) if isinstance(signed, str) else ""


def _keys(file: Path, kid: str) -> dict[str, str]:
    """Return the keys of a file by key id; a bare PEM counts as the key ``kid`` that the document names."""
    text = _text(file)
    if _PEM.fullmatch(text.strip() + "\n"):
        return {kid: text.strip() + "\n"}
    try:
        keys = json.loads(text)
    except ValueError as error:
        raise WrongTranscriptError(f"{file} is neither a PEM public key nor the JSON of GET /keys") from error
    if not isinstance(keys, dict) or not all(isinstance(pem, str) and _PEM.fullmatch(pem) for pem in keys.values()):
        raise WrongTranscriptError(f"{file} is not the JSON of GET /keys: PEM public keys by key id")
    return keys


def _document(file: Path) -> Any:
    text = _text(file)
    if re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", text.strip()):  # a bare JWS
        return text.strip()
    try:
        return json.loads(text, object_pairs_hook=_once)
    except (ValueError, RecursionError) as error:
        raise WrongTranscriptError(f"{file} is no JSON: {error}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _text(file: Path) -> str:
    if file.stat().st_size > LARGEST_BYTES:
        raise WrongTranscriptError(f"{file} is larger than any transcript")
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise WrongTranscriptError(f"{file} is no text in UTF-8") from error


def _say(text: str, *, err: bool = False) -> None:
    """Print text of others without what could steer the reader's terminal."""
    typer.echo(_CONTROL.sub("�", text), err=err)
