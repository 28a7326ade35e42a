"""How a buyer wants to be billed and what it uses today, typed in or read from a bill's rows and then confirmed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import Depends, Request, Response

from buyers.desk.content import document_of
from buyers.requests import checks
from buyers.requests import model as requests
from buyers.requests.model import Content
from marketplace.catalogue import service as catalogues
from marketplace.catalogue.model import Catalogue
from marketplace.catalogue.rules import read_number
from marketplace.kernel.access import Kind, Principal, Scope, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer import importing, wizard, wizard_services, wizard_site_rows
from marketplace.terminals.buyer.importing import column
from marketplace.terminals.buyer.wizard import Context, Step
from marketplace.terminals.buyer.wizard_forms import nested, rows

router = pages.router()

Writer = Annotated[Principal, Depends(allow(Kind.BUYER, scope=Scope.REQUESTS))]
_TEMPLATE = "buyer/wizard/billing.html"
_USAGE = ("service_type", "unit", "monthly_quantity", "monthly_spend", "provider", "contract_end")
_COLUMNS = (
    column("service_type", "service", "product", "description", "type", "charge type"),
    column("monthly_quantity", "quantity", "usage", "minutes", "gb", "volume", "qty", "units used", "monthly quantity"),
    column("unit", "units", "measure", "uom"),
    column("monthly_spend", "spend", "cost", "charge", "amount", "price", "total", "monthly charge", "monthly cost"),
    column("provider", "carrier", "vendor", "supplier"),
    column("contract_end", "end", "contract end date", "expires", "expiry", "term end"),
)
_UNITS_OF_HEADINGS = {"minutes": "minutes", "gb": "GB"}
_SPARE_ROWS = 2


@dataclass(frozen=True, slots=True)
class Read:
    """What was read of a bill: how many rows, what they come to by unit, their spend, and rows that say nothing."""

    rows: int
    quantities: tuple[tuple[str, Decimal], ...]
    spend: Decimal
    left_out: int


def values(form: pages.Form, content: Content, zone: ZoneInfo) -> dict[str, Any]:  # noqa: ARG001 - as every step's
    """Return the billing preferences and the rows of prior usage that say something."""
    billing = {name: value for name, value in nested(form, "billing").items() if value is not None}
    billing["tax_exempt"] = form.ticked("billing.tax_exempt")
    return {"billing": billing, "prior_usage": typed_usage(form)}


def typed_usage(form: pages.Form) -> list[dict[str, Any]]:
    """Return the rows of the usage table that say more than a service; figures without signs between thousands."""
    found = []
    for row in rows(nested(form, "prior_usage")):
        said = {name: value for name, value in row.items() if value is not None and name in _USAGE}
        if said.keys() - {"service_type", "unit"}:
            for name in ("monthly_quantity", "monthly_spend"):
                if name in said:
                    said[name] = said[name].replace(",", "").removeprefix("$").strip()
            found.append(said)
    return found


def context(reading: Reading, own: requests.Request) -> Context:
    """Return what the forms need: services, periods, and the rows of usage as they are saved."""
    catalogue = catalogues.version(reading, own.catalogue_version)
    used = list(dict.fromkeys(line.service_type for line in own.content.lines))
    return {
        "services": wizard_services.services(catalogue),
        "usual_service": used[0] if used else "",
        "periods": checks.PERIODS,
        "usage": document_of(own.content)["prior_usage"],
        "typed_usage": typed_usage,
        "spare_rows": _SPARE_ROWS,
        "read": None,
    }


STEP = Step("billing", ("billing", "prior_usage"), values, context)


def _context(reading: Reading, own: requests.Request) -> Context:
    return wizard.frame(reading, own, STEP) | context(reading, own)


@router.post("/b/requests/{request_id}/edit/billing/rows", summary="Read prior usage from rows")
def send_usage_rows(request_id: str, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Show what was read from a bill's rows, with its totals: nothing of it is saved before the buyer confirms it."""
    own = wizard.draft_of(work, request_id)
    with pages.again(request, _TEMPLATE, form, lambda: _context(work, own)):
        file = form.file("file")
        found = importing.rows_of(form.text("text"), file.file.read() if file else b"")
        guessed = importing.guess(found, _COLUMNS, {}, ())
        if not guessed.headed:
            message = "paste rows with a heading row: service, quantity, unit, spend, provider, contract end"
            raise MalformedError(errors=(FieldError("/text", message),))
        catalogue = catalogues.version(work, own.catalogue_version)
        headings = dict(zip(guessed.columns, found[0], strict=False))
        unit = _UNITS_OF_HEADINGS.get(importing.plain(headings.get("monthly_quantity", "")), "")
        usage, left_out = summed(guessed.dicts(), catalogue, form.text("service_type"), unit)
        if not usage:
            raise MalformedError(errors=(FieldError("/text", "no row has a quantity: name that column 'quantity'"),))
    shown = {"usage": usage, "read": totals(usage, left_out)}
    return pages.render(request, _TEMPLATE, **(_context(work, own) | shown))


def summed(
    given: Iterable[Mapping[str, str]], catalogue: Catalogue, service: str, unit: str
) -> tuple[list[dict[str, Any]], int]:
    """Return usage by service, unit, provider and contract end, and how many rows had no quantity.

    ``service`` and ``unit`` stand for what rows don't say.
    """
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    left_out = 0
    for row in given:
        quantity = _figure(row.get("monthly_quantity", ""))
        if quantity is None:
            left_out += 1
            continue
        code = wizard_site_rows.service_code(catalogue, row.get("service_type", ""))
        code = code if catalogue.service_type(code) else service
        key = (code, row.get("unit") or unit, row.get("provider", ""), row.get("contract_end", ""))
        sums = found.setdefault(
            key, {**dict(zip(_USAGE[:2] + _USAGE[4:], key, strict=True)), "monthly_quantity": Decimal(0)}
        )
        sums["monthly_quantity"] += quantity
        spend = _figure(row.get("monthly_spend", ""))
        if spend is not None:
            sums["monthly_spend"] = sums.get("monthly_spend", Decimal(0)) + spend
    return list(found.values()), left_out


def totals(usage: Sequence[Mapping[str, Any]], left_out: int) -> Read:
    """Return what usage comes to, for somebody who compares it with the bill."""
    quantities: dict[str, Decimal] = {}
    for row in usage:
        quantities[row["unit"]] = quantities.get(row["unit"], Decimal(0)) + row["monthly_quantity"]
    spend = sum((row.get("monthly_spend") or Decimal(0) for row in usage), Decimal(0))
    return Read(len(usage), tuple(quantities.items()), spend, left_out)


def _figure(text: str) -> Decimal | None:
    return read_number(text.replace(",", "").replace("$", "").replace(" ", ""))
