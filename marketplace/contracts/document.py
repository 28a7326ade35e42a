"""The contract as a document: what it is built from, its one byte form and how anybody checks it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from marketplace.contracts.model import Acceptance, Presentation
from marketplace.kernel import codec

FORMAT = "tenderline contract 1"
"""Named in every document, so that a later form can't be taken for this one."""


def shown(presentation: Presentation, terms_text: str) -> str:
    """Return the SHA-256 of what a buyer was shown: prices, lots, figures and the text of the terms."""
    return codec.digest({"presentation": codec.dump(presentation), "terms_text": terms_text})


def contract_document(
    contract_id: str,
    presentation: Presentation,
    acceptance: Acceptance,
    *,
    awarded_at: datetime,
    presented_at: datetime,
    identity: Mapping[str, Any],
    view: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the frozen contract as JSON values.

    ``identity`` is what was disclosed to the provider at the award; of its sites only those of the contract's lots go
    in. ``view`` is the carrier view of the version that was bid on. The contract is made at the acceptance.
    """
    agreed: dict[str, Any] = codec.dump(presentation)
    refs = {line.site for lot in presentation.lots for line in lot.lines}
    return {
        "format": FORMAT,
        "id": contract_id,
        "made_at": codec.dump(acceptance.at),
        "award": {"id": presentation.award_id, "at": codec.dump(awarded_at)},
        "parties": {
            "buyer": identity["buyer"],
            "provider": {"id": presentation.provider_id, "name": presentation.provider_name},
        },
        "purchase_order": identity["purchase_order"],
        "request": {
            "version": presentation.request_version,
            "view": dict(view),
            "sites": [site for site in identity["sites"] if site["ref"] in refs],
        },
        "lots": agreed["lots"],
        "figures": agreed["figures"],
        "terms": agreed["terms"] | {"presented_at": codec.dump(presented_at)},
        "acceptance": codec.dump(acceptance),
    }


def verify_document(document: Any, sha256: str) -> bool:
    """Tell whether ``document`` is, value for value, the contract with this hash and accepts its own terms."""
    try:
        return (
            codec.digest(document) == sha256
            and document["format"] == FORMAT
            and bool(document["acceptance"]["terms_sha256"] == document["terms"]["sha256"])
        )
    except (TypeError, ValueError, LookupError):  # a float, text that is not Unicode, another shape: none of ours
        return False


def signed_part(contract_id: str, sha256: str) -> bytes:
    """Return what the platform signs of a contract: its id and hash, small enough for any token reader."""
    return codec.canonical({"contract_id": contract_id, "sha256": sha256})
