"""Checking a contract by its files alone: document, signature, and whether a PDF is the one that the document makes."""

import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from marketplace.bidding import transcript
from marketplace.contracts import document as documents
from marketplace.contracts import paper
from marketplace.kernel import codec, security


class WrongContractError(Exception):
    """The contract is not what it says; the message names the first thing that is wrong."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A contract that is whole. ``kid``: the key that signed it; empty for a document without its signature.

    ``same_pages``: the PDF is byte for byte what the document makes; None for a document alone.
    """

    document: Mapping[str, Any]
    sha256: str
    kid: str
    keys: Mapping[str, str]
    same_pages: bool | None = None


def check_document(content: bytes, signature: str, keys: Mapping[str, str]) -> Checked:
    """Return the contract in ``content`` (canonical JSON). Raises WrongContractError.

    Without a ``signature`` only the document's own shape is checked.
    """
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        document = codec.parse(content)
    except ValueError as error:
        raise WrongContractError("the document is no JSON") from error
    if not isinstance(document, dict) or not documents.verify_document(document, sha256):
        raise WrongContractError("the document is no contract in its one byte form, or does not accept its own terms")
    if not signature:
        return Checked(document, sha256, "", keys)
    try:
        signed = security.verified(keys, documents.SIGNED_AS, signature)
    except security.InvalidTokenError as error:
        raise WrongContractError(f"the signature is none of these keys: {error}") from error
    if signed != documents.signed_part(str(document["id"]), sha256):
        raise WrongContractError("the signature belongs to another contract")
    return Checked(document, sha256, transcript.key_of(signature), keys)


def check_paper(content: bytes, keys: Mapping[str, str] | None) -> Checked:
    """Return the contract inside of a PDF, checked, and whether the pages are its own. Raises WrongContractError.

    ``keys`` None: the keys inside the file are believed, which proves only that the file is whole.
    """
    files = _files(content)
    document, signature = files[paper.DOCUMENT], _text(files, paper.SIGNATURE)
    inside = _keys(files)
    checked = check_document(document, signature, inside if keys is None else keys)
    if not checked.kid:
        raise WrongContractError("there is no signature inside the file")
    terms = _terms(files, checked.document)
    if hashlib.sha256(terms).hexdigest() != checked.document["terms"]["sha256"]:
        raise WrongContractError("the terms inside the file are not those of the contract")
    same = content == paper.paper(document, checked.sha256, signature, terms, inside)
    return Checked(checked.document, checked.sha256, checked.kid, checked.keys, same)


def signature_in(content: bytes) -> str:
    """Return the signature inside of a contract's PDF, unchecked. Raises WrongContractError."""
    return _text(_files(content), paper.SIGNATURE)


def _files(content: bytes) -> dict[str, bytes]:
    try:
        reader = PdfReader(io.BytesIO(content), strict=False)
        files = {name: found[0] for name, found in reader.attachments.items()}
    except (PyPdfError, ValueError, TypeError, LookupError, AttributeError, RecursionError, OSError) as error:
        raise WrongContractError("this is no PDF that can be read") from error
    missing = [name for name in (paper.DOCUMENT, paper.SIGNATURE, paper.KEYS) if name not in files]
    if missing:
        raise WrongContractError(f"no contract is inside this PDF: {', '.join(missing)} is missing")
    return files


def _terms(files: Mapping[str, bytes], document: Mapping[str, Any]) -> bytes:
    name = paper.TERMS.get(document["terms"].get("media_type", ""), paper.TERMS_TEXT)
    if name not in files:
        raise WrongContractError(f"{name} is missing inside the PDF")
    return files[name]


def _keys(files: Mapping[str, bytes]) -> dict[str, str]:
    try:
        keys = codec.parse(files[paper.KEYS])
    except ValueError as error:
        raise WrongContractError("the keys inside the file are no JSON") from error
    if not isinstance(keys, dict) or not all(isinstance(pem, str) for pem in keys.values()):
        raise WrongContractError("the keys inside the file are no public keys by their id")
    return keys


def _text(files: Mapping[str, bytes], name: str) -> str:
    try:
        return files[name].decode("ascii")
    except UnicodeDecodeError as error:
        raise WrongContractError(f"{name} is no text") from error
