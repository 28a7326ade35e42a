"""The contract as a document: what it is built from, its one byte form and how anybody checks it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marketplace.contracts.dates import ContractDates, contract_dates
from marketplace.contracts.model import Acceptance, Presentation, ProviderConfirmation
from marketplace.contracts.negotiation.model import AgreedChanges, Reference
from marketplace.kernel import codec
from sellers import key_terms

FORMAT = "tenderline contract 3"
"""Named in every document, so that another form can't be taken for this one."""
EARLIER_FORMATS = frozenset({"tenderline contract 1", "tenderline contract 2"})
"""Contracts of these stand and are verified. The first have no key terms, no changes and no confirmation; neither has
discounts, and their totals are what the lots come to."""
SIGNED_AS = "contract"
PRECEDENCE = "The agreed changes prevail over the terms that they change."


def shown(presentation: Presentation, terms_text: str, changes: AgreedChanges | None = None) -> str:
    """Return the SHA-256 of what a buyer was shown.

    Prices, lots, figures, key terms, the version that it accepted before, the text of the terms, the agreed changes.
    """
    screen: dict[str, Any] = {"presentation": codec.dump(presentation), "terms_text": terms_text}
    if changes is not None:
        screen["changes"] = codec.dump(changes)
    return codec.digest(screen)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a contract says besides presentation and acceptance.

    ``identity`` is what was disclosed to the provider at the award; of its sites only those of the contract's lots go
    in. ``view`` is the carrier view of the version that was bid on.
    """

    awarded_at: datetime
    presented_at: datetime
    identity: Mapping[str, Any]
    view: Mapping[str, Any]
    confirmation: ProviderConfirmation | None
    changes: AgreedChanges | None = None


def contract_document(
    contract_id: str, presentation: Presentation, acceptance: Acceptance, around: Surroundings
) -> dict[str, Any]:
    """Return the frozen contract as JSON values. It is made at the acceptance."""
    agreed: dict[str, Any] = codec.dump(presentation)
    refs = {line.site for lot in presentation.lots for line in lot.lines}
    identity = around.identity
    return {
        "format": FORMAT,
        "id": contract_id,
        "made_at": codec.dump(acceptance.at),
        "award": {"id": presentation.award_id, "at": codec.dump(around.awarded_at)},
        "parties": {
            "buyer": identity["buyer"],
            "provider": {"id": presentation.provider_id, "name": presentation.provider_name},
        },
        "purchase_order": identity["purchase_order"],
        "request": {
            "version": presentation.request_version,
            "view": dict(around.view),
            "sites": [site for site in identity["sites"] if site["ref"] in refs],
        },
        "lots": agreed["lots"],
        "discounts": agreed.get("discounts", []),
        "figures": agreed["figures"],
        "terms": agreed["terms"] | {"presented_at": codec.dump(around.presented_at)},
        "key_terms": _key_terms(presentation),
        "changes": None if around.changes is None else codec.dump(around.changes) | {"precedence": PRECEDENCE},
        "dates": codec.dump(dates_of(presentation, acceptance, around)),
        "confirmation": codec.dump(around.confirmation) if around.confirmation else None,
        "acceptance": codec.dump(acceptance),
    }


def dates_in(document: Mapping[str, Any]) -> ContractDates:
    """Return the dates that matter of a contract document; reckoned where an earlier format does not have them."""
    if "dates" in document:
        return codec.load(ContractDates, document["dates"])
    wanted, figures = document["request"]["view"].get("start_date"), document["figures"]
    return contract_dates(
        datetime.fromisoformat(document["acceptance"]["at"]).date(),
        figures["term_months"],
        wanted_start=date.fromisoformat(wanted) if wanted else None,
        slowest_install_days=figures["slowest_install_days"],
        terms=None,
    )


def dates_of(presentation: Presentation, acceptance: Acceptance, around: Surroundings) -> ContractDates:
    """Return the dates that matter, reckoned from what is in the contract."""
    wanted = around.view.get("start_date")
    changes = around.changes.changes if around.changes else ()
    return contract_dates(
        acceptance.at.date(),
        presentation.figures.term_months,
        wanted_start=date.fromisoformat(wanted) if wanted else None,
        slowest_install_days=presentation.figures.slowest_install_days,
        terms=presentation.key_terms,
        changed={change.clause for change in changes if change.reference is Reference.KEY_TERM},
    )


def _key_terms(presentation: Presentation) -> dict[str, Any]:
    """Return the key terms as stated, and as the buyer read them."""
    stated = presentation.key_terms
    return {
        "stated": codec.dump(stated) if stated else None,
        "summary": key_terms.sentences(stated, presentation.figures.currency),
    }


def verify_document(document: Any, sha256: str) -> bool:
    """Tell whether ``document`` is, value for value, the contract with this hash, accepts its own terms and adds up."""
    try:
        return (
            codec.digest(document) == sha256
            and document["format"] in {FORMAT, *EARLIER_FORMATS}
            and bool(document["acceptance"]["terms_sha256"] == document["terms"]["sha256"])
            and _accepts_its_changes(document)
            and (document["format"] in EARLIER_FORMATS or _adds_up(document))
        )
    except (
        TypeError,
        ValueError,
        LookupError,
        AttributeError,
        ArithmeticError,
    ):  # a float, text that is not Unicode, another shape: none of ours
        return False


def _accepts_its_changes(document: Any) -> bool:
    changes = document.get("changes")
    return bool(document["acceptance"].get("changes_version") == (changes["version"] if changes else None))


def _adds_up(document: Any) -> bool:
    """Tell whether the total is what the lots come to, less the discounts."""
    listed = sum((Decimal(lot["total"]) for lot in document["lots"]), Decimal(0))
    off = sum((Decimal(discount["amount"]) for discount in document["discounts"]), Decimal(0))
    return Decimal(document["figures"]["total"]) == listed - off


def signed_part(contract_id: str, sha256: str) -> bytes:
    """Return what the platform signs of a contract: its id and hash, small enough for any token reader."""
    return codec.canonical({"contract_id": contract_id, "sha256": sha256})
