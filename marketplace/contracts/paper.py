"""The contract as PDF: the same document, signature and terms give the same bytes anywhere and at any time."""

import io
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import typst
from pypdf import PdfReader, PdfWriter

from marketplace.contracts.sheet import sheet
from marketplace.kernel import codec
from sellers.model import PDF

DOCUMENT = "contract.json"
SIGNATURE = "contract.jws"
KEYS = "keys.json"
TERMS = {PDF: "terms.pdf"}
TERMS_TEXT = "terms.md"
_TEMPLATE = Path(__file__).with_name("contract.typ")


def paper(document: bytes, sha256: str, signature: str, terms: bytes, keys: Mapping[str, str]) -> bytes:
    """Return the PDF of a contract: its pages, and as files inside the document, its signature, keys and terms.

    ``document`` are the canonical bytes that ``sha256`` is of; ``terms`` those that its terms' hash is of; ``keys`` the
    platform's public keys (PEM by key id). Terms that are a PDF follow as pages of their own.
    """
    content = codec.parse(document)
    is_pdf = content["terms"].get("media_type") == PDF
    words = sheet(content, sha256, signature, terms)
    words["files"] = [
        _file(DOCUMENT, "document", "source", "application/json", "The contract document that was signed"),
        _file(SIGNATURE, "signature", "supplement", "application/jose", "The platform's signature"),
        _file(KEYS, "keys", "supplement", "application/json", "The platform's public keys"),
    ]
    inputs = {"document": document.decode(), "signature": signature, "keys": json.dumps(dict(keys), sort_keys=True)}
    if not is_pdf:
        words["files"].append(_file(TERMS_TEXT, "terms", "supplement", "text/markdown", "The terms as accepted"))
        inputs["terms"] = terms.decode()
    made_at = int(datetime.fromisoformat(content["made_at"]).timestamp())
    pages: bytes = typst.compile(
        _TEMPLATE.read_bytes(),
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(words), **inputs},
        timestamp=made_at,
    )
    return _with_terms(pages, terms) if is_pdf else pages


def _file(name: str, source: str, relationship: str, media_type: str, description: str) -> dict[str, str]:
    return {
        "name": name,
        "input": source,
        "relationship": relationship,
        "mime": media_type,
        "description": description,
    }


def _with_terms(pages: bytes, terms: bytes) -> bytes:
    """Return the contract's pages with those of the carrier's PDF behind them, and its bytes as a file inside."""
    writer = PdfWriter(clone_from=io.BytesIO(pages))
    writer.append(PdfReader(io.BytesIO(terms)), import_outline=False)
    writer.add_attachment(TERMS[PDF], terms)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()
