"""The first step of a request: what it is called, for how long, and how exactly carriers see who asks and where."""

from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from buyers.requests import model as requests
from buyers.requests.model import Content
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer.wizard import Context, Step

PARTS = ("title", "description", "term_months", "start_date", "discount_rate", "disclosure", "disclosed_bands")
USUAL_TERMS = (12, 24, 36, 48, 60)
_HUNDRED = Decimal(100)


def values(form: pages.Form, content: Content, zone: ZoneInfo) -> dict[str, Any]:  # noqa: ARG001 - as every step's
    """Return the basics as the form says them; the discount rate is typed in percent."""
    return {
        "title": form.text("title"),
        "description": form.text("description"),
        "term_months": form.text("term_months"),
        "start_date": form.text("start_date") or None,
        "discount_rate": _share(form.text("discount_rate")),
        "disclosure": form.text("disclosure"),
        "disclosed_bands": list(form.texts("disclosed_bands")),
    }


def _share(percent: str) -> Decimal | str:
    """Return typed percent as a share; what is no number is left for the API's check to say."""
    try:
        return Decimal(percent.replace(",", ".") or "0") / _HUNDRED
    except InvalidOperation:
        return percent


def context(reading: Reading, own: requests.Request) -> Context:  # noqa: ARG001 - as every step's
    """Return what the page needs beside the frame: today's rate in percent."""
    rate = own.content.discount_rate * _HUNDRED
    return {"rate": f"{rate.normalize():f}" if rate else "", "usual_terms": USUAL_TERMS}


STEP = Step("basics", PARTS, values, context, ("_beside_basics",))
