"""What stands on a contract's paper, as words and figures ready to be set: the document's values, nothing else."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from marketplace.bidding.offer import Firmness, Fit, Surcharge, surcharge_words
from marketplace.contracts import document as documents
from marketplace.contracts import markdown
from marketplace.contracts.dates import ContractDates
from marketplace.kernel import codec
from sellers import key_terms
from sellers.model import PDF

LETTER_COUNTRIES = frozenset({"US", "CA", "MX", "CL", "CO", "CR", "DO", "GT", "PA", "PH", "PR", "SV", "VE"})
"""Where offices print on US Letter; everywhere else A4 (ISO 216)."""
_LONG_RUN = re.compile(r"\S{24,}")
_BREAK_EVERY = 12
_LONG_NOTES = 600
"""Characters beside a line from which on a page may end between them."""
_ZERO_WIDTH = "\u200b"
_BIDI = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COVERED = ((0x0, 0x6FF), (0x1E00, 0x2BFF), (0xFB00, 0xFDFF), (0xFE70, 0xFEFF))
"""What the typefaces inside the PDF have signs for: Latin, Greek, Cyrillic, Hebrew, Arabic, signs."""

_HOW_TO_VERIFY = (
    "The document itself, this signature and the terms are files inside this PDF. Without any connection, “marketplace "
    "verify FILE --key KEYS” checks the signature, every hash, and that these pages are the ones which the document "
    "makes. KEYS is what GET /keys of the marketplace answers."
)

Document = Mapping[str, Any]


def sheet(document: Document, sha256: str, signature: str, terms: bytes) -> dict[str, Any]:
    """Return everything that the template sets, as JSON values with every text breakable and harmless."""
    changes = document.get("changes")
    after = 5 if changes else 4
    words: dict[str, Any] = {
        "paper": paper_size(document),
        "kind": "Contract",
        "title": document["request"]["view"].get("title") or "Telecommunications services",
        "subtitle": f"Contract {document['id']}, made on {_instant(document['made_at'])}",
        "buyer": _buyer(document),
        "provider": {
            "role": "Carrier",
            "name": document["parties"]["provider"]["name"],
            "lines": [f"Account {document['parties']['provider']['id']}"],
        },
        "figures": _figures(document),
        "agreed": _agreed(document),
        "price_note": f"Prices are in {document['figures']['currency']} per unit, without taxes unless named. "
        "“Installed” counts days from the order.",
        "lots": [*(_lot(document, lot) for lot in document["lots"]), *_discounts(document)],
        "key_terms_note": "As the carrier stated them with this version of its terms.",
        "key_terms": _key_terms(document),
        "changes": list(_changes(changes)),
        "changes_note": f"Version {changes['version']}, accepted by both on {_instant(changes['agreed_at'])}. "
        f"{changes['precedence']}"
        if changes
        else "",
        "numbers": {name: str(after + n) for n, name in enumerate(("dates", "evidence", "proof", "terms"))},
        "dates": list(_dates(documents.dates_in(document))),
        "date_notes": list(documents.dates_in(document).notes),
        "evidence": list(_evidence(document)),
        "proof_note": "The platform signed the contract's id and SHA-256 (JSON Web Signature, ES256):",
        "proof_steps": [
            _HOW_TO_VERIFY,
        ],
        "terms_note": _terms_note(document),
        "terms": [] if _is_pdf(document) else markdown.blocks(terms.decode()),
    }
    if not printable(codec.plain(words).decode()):
        words["proof_steps"].append(
            "Some characters have no sign in the typefaces of this paper; the document has them."
        )
    settable: dict[str, Any] = _settable(words)
    settable["sha256"] = sha256
    settable["signature"] = _broken(signature)
    return settable


def paper_size(document: Document) -> str:
    """Return the paper that the buyer's country prints on, by Typst's name."""
    country = document["parties"]["buyer"].get("demographics", {}).get("country", "")
    return "us-letter" if country in LETTER_COUNTRIES else "a4"


def printable(text: str) -> bool:
    """Tell whether the typefaces inside the PDF have signs for all of ``text``."""
    return all(any(low <= ord(sign) <= high for low, high in _COVERED) for sign in set(text))


def _settable(value: Any) -> Any:
    """Return ``value`` with every text free of control characters, and long words breakable."""
    if isinstance(value, str):
        return _LONG_RUN.sub(lambda run: _broken(run[0]), _BIDI.sub("\ufffd", value))
    if isinstance(value, dict):
        return {name: _settable(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_settable(inner) for inner in value]
    return value


def _broken(run: str) -> str:
    return _ZERO_WIDTH.join(run[at : at + _BREAK_EVERY] for at in range(0, len(run), _BREAK_EVERY))


def _buyer(document: Document) -> dict[str, Any]:
    buyer = document["parties"]["buyer"]
    numbers = [f"{number['kind'].upper()} {number['value']}" for number in buyer.get("numbers", ())]
    contact = buyer.get("contact") or {}
    said = [", ".join(filter(None, (contact.get("name"), contact.get("email"), contact.get("phone"))))]
    order = document.get("purchase_order")
    orders = [f"Purchase order {order}"] if order else []
    return {"role": "Buyer", "name": buyer["name"], "lines": list(filter(None, [*numbers, *said, *orders]))}


def _figures(document: Document) -> list[dict[str, str]]:
    figures, currency = document["figures"], document["figures"]["currency"]
    return [
        _fact("Monthly", f"{_money(figures['monthly'])} {currency}"),
        _fact("Once", f"{_money(figures['one_time'])} {currency}"),
        _fact("Term", key_terms.count(figures["term_months"], "month")),
        _fact("Total over the term", f"{_money(figures['total'])} {currency}"),
    ]


def _agreed(document: Document) -> list[dict[str, str]]:
    terms, lots, view = document["terms"], document["lots"], document["request"]["view"]
    lines = key_terms.count(sum(len(lot["lines"]) for lot in lots), "line")
    return [
        _fact(
            "Services",
            f"{lines} in {key_terms.count(len(lots), 'lot')} as listed in section 2, asked for in the request "
            f"{view.get('pseudonym', '')} (version {document['request']['version']}), answered in the bids named.",
        ),
        _fact("Award", f"{document['award']['id']} of {_instant(document['award']['at'])}"),
        _fact("Terms", f"“{terms['title']}”, version {terms['version']}, SHA-256 {terms['sha256']}"),
        _fact(
            "Total",
            "Counts recurring and one-time charges, usage as stated in the request, taxes, surcharges, construction "
            "caps and adjustments over the term, without optional lines"
            + (", less the discounts at the end of section 2." if document.get("discounts") else "."),
        ),
    ]


def _lot(document: Document, lot: Document) -> dict[str, Any]:
    sites = {site["ref"]: site for site in document["request"]["sites"]}
    notes = list(_lot_notes(lot))
    currency = document["figures"]["currency"]
    return {
        "name": f"{lot['lot']}  {lot['name']}",
        "total": f"{_money(lot['total'])} {currency} in total",
        "lines": [_line(line, sites) for line in lot["lines"]],
        "notes": notes,
    }


def _discounts(document: Document) -> Iterator[dict[str, Any]]:
    """Yield what the discounts take off, as a last block of the lots' table."""
    discounts, currency = document.get("discounts"), document["figures"]["currency"]
    if discounts:
        yield {
            "name": "Discounts",
            "total": f"−{_money(document['figures']['discount'])} {currency} in total",  # noqa: RUF001 - a minus
            "lines": [],
            "notes": [_discount_note(discount, currency) for discount in discounts],
        }


def _discount_note(discount: Document, currency: str) -> str:
    said = f"{discount['words']}: {_money(discount['amount'])} {currency} off these lots' totals over the term"
    if discount["elsewhere"]:
        others = ", ".join(discount["elsewhere"])
        said += f". It counts {others} of another contract too: if one of these returns to the buyer, it is not granted"
    return f"{said}."


def _line(line: Document, sites: Mapping[str, Document]) -> dict[str, Any]:
    site = sites.get(line["site"])
    place, record = (site or {}).get("place") or {}, (site or {}).get("record") or {}
    notes = list(_line_notes(line))
    parts = (place.get("street"), place.get("city"), place.get("state"), place.get("postal_code"), place.get("country"))
    return {
        "service": f"{line['line']}  {line['service_type']}" + (" (optional)" if line["optional"] else ""),
        "site": record.get("label") or line["site"],
        "address": ", ".join(part for part in parts if part),
        "quantity": f"{line['quantity']:,}",
        "mrc": _money(line["mrc"]),
        "nrc": _money(line["nrc"]),
        "install": "-" if line["install_days"] is None else f"{line['install_days']} d",
        "notes": notes,
        "long": sum(map(len, notes)) > _LONG_NOTES,
    }


def _line_notes(line: Document) -> Iterator[str]:
    for rate in line["usage_rates"]:
        yield f"usage {rate['service_type']}: {Decimal(rate['rate']):,.4f} per {rate['unit']}"
    for answer in line["answers"]:
        if answer["text"] or answer["fit"] != Fit.MEETS:
            yield f"{answer['code']} {answer['fit']}" + (f": {answer['text']}" if answer["text"] else "")
    for tax in line["taxes"]:
        yield f"plus {surcharge_words(codec.load(Surcharge, tax))}"
    if line.get("access_owner"):
        yield f"access line of {line['access_owner']}"
    if line.get("entrance"):
        yield f"entrance or route: {line['entrance']}"
    if line["construction_cap"] is not None:
        yield f"price {line['firmness']}, construction at most {_money(line['construction_cap'])}"
    elif line["firmness"] != Firmness.FIRM:
        yield f"price {line['firmness']}, construction without a cap"


def _lot_notes(lot: Document) -> Iterator[str]:
    if Decimal(lot["adjustment"]):
        yield f"Adjustment, once: {_money(lot['adjustment'])}"
    if lot["open_ended"]:
        yield f"Cost without a limit: {', '.join(lot['open_ended'])}"
    for package in lot["packages"]:
        off = f"{package['percent']} % off" if package["percent"] else f"{_money(package['amount'])} off, once"
        yield f"Package: {off} if all of {', '.join(package['lots'])} are awarded"
    for tier in lot["volume"]:
        since = f"{tier['from_lots']} lots" if tier["from_lots"] else f"{_money(tier['from_monthly'])} a month"
        yield f"Volume: {tier['percent']} % off from {since} on"
    if lot["note"]:
        yield f"The carrier notes: {lot['note']}"
    yield f"Bid {lot['bid_id']}, version {lot['bid_version']}, of {_instant(lot['bid_placed_at'])}"


def _key_terms(document: Document) -> list[dict[str, str]]:
    summary = document.get("key_terms", {}).get("summary") or key_terms.sentences(None)
    return [_fact(key_terms.NAMES.get(key, key), summary[key]) for key in [*key_terms.NAMES] if key in summary]


def _changes(changes: Document | None) -> Iterator[dict[str, str]]:
    for change in changes["changes"] if changes else ():
        named = change["reference"] == "key term"
        yield {
            "reference": "Key term" if named else "Instead of this passage of the terms",
            "clause": key_terms.NAMES.get(change["clause"], change["clause"]) if named else change["clause"],
            "wording": change["wording"],
        }


def _dates(dates: ContractDates) -> Iterator[dict[str, str]]:
    yield _fact("Start (expected)", f"{_day(dates.start)}: {dates.start_basis}")
    if dates.notice_opens is not None and dates.notice_closes is not None:
        yield _fact("Notice", f"{_day(dates.notice_opens)} to {_day(dates.notice_closes)}, the last day included")
    if dates.price_reviews:
        yield _fact("Price reviews", "; ".join(_day(day) for day in dates.price_reviews))
    yield _fact("End of term", _day(dates.end))


def _evidence(document: Document) -> Iterator[dict[str, str]]:
    confirmed, accepted = document.get("confirmation"), document["acceptance"]
    if confirmed:
        yield _fact("Carrier", f"{confirmed['full_name']} confirmed the award on {_instant(confirmed['at'])}")
    yield _fact("Terms presented", _instant(document["terms"]["presented_at"]))
    yield _fact("Buyer", f"{accepted['full_name']} ({accepted['role']}) accepted on {_instant(accepted['at'])}")
    yield _fact("Shown to the buyer", f"SHA-256 {accepted['shown_sha256']}")


def _terms_note(document: Document) -> str:
    terms = document["terms"]
    named = f"“{terms['title']}”, version {terms['version']}, SHA-256 {terms['sha256']}."
    if _is_pdf(document):
        return f"{named} The carrier's own {key_terms.count(terms['pages'] or 0, 'page')} follow behind this one."
    return f"{named} The original text is a file inside this PDF."


def _is_pdf(document: Document) -> bool:
    return bool(document["terms"].get("media_type") == PDF)


def _fact(name: str, value: str) -> dict[str, str]:
    return {"name": name, "value": value}


def _money(amount: str) -> str:
    return f"{Decimal(amount):,.2f}"


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"


def _instant(text: str) -> str:
    at = datetime.fromisoformat(text)
    return f"{_day(at.date())}, {at:%H:%M} UTC"
