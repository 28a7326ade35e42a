"""A carrier's library of terms: versions that are never changed, with the key terms that buyers see in plain words."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict

from marketplace.contracts import markdown
from marketplace.kernel import pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Work
from marketplace.terminals import pages
from marketplace.terminals.pages import Form
from sellers import key_terms, service
from sellers.key_terms import FeeForm, KeyTerms, ReviewForm
from sellers.model import PDF
from sellers.schemas import Id
from sellers.terms_schemas import KeyTermsInput, TermsInput, TermsOutput, TermsSummary, Title

router = pages.router()

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Writer = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.BIDS))]
_A_PAGE = 50
_LARGEST_PDF = 5_000_001
"""One byte more than is taken, so that a larger file is refused and not cut."""
_FIELD_OF = (
    ("/key_terms/auto_renewal/months", "renewal_months"),
    ("/key_terms/auto_renewal", "renews"),
    ("/key_terms/notice_days", "notice_days"),
    ("/key_terms/early_termination/value", "fee_value"),
    ("/key_terms/early_termination/words", "fee_words"),
    ("/key_terms/early_termination", "fee_form"),
    ("/key_terms/commitment/monthly_amount", "commitment_amount"),
    ("/key_terms/commitment/words", "commitment_words"),
    ("/key_terms/commitment", "commitment_months"),
    ("/key_terms/price_review/percent", "review_percent"),
    ("/key_terms/price_review/index", "review_index"),
    ("/key_terms/price_review", "review_form"),
    ("/key_terms/service_credits/cap_percent", "credits_cap"),
    ("/key_terms/service_credits", "credits_words"),
    ("/key_terms/governing_law", "governing_law"),
    ("/key_terms/payment_days", "payment_days"),
)
"""Where the form has what a pointer of the API names; the first that it begins with."""


class _PdfTerms(BaseModel):
    """What is said with a PDF, as the API takes it in its form."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    key_terms: KeyTermsInput | None = None


@router.get("/c/terms", summary="A carrier's terms")
def show_terms_library(request: Request, reading: ReadingOnly, _: Desk, after: pagination.After = None) -> Response:
    """Show all versions of the desk's terms, the newest first."""
    found = service.terms_library(reading, after, _A_PAGE + 1)
    items, following = pagination.page_of(found, _A_PAGE, lambda item: (item.created_at.isoformat(), item.id))
    newest: dict[str, int] = {}
    for one in found:
        newest[one.title] = max(one.version, newest.get(one.title, 0))
    return pages.render(
        request,
        "seller/terms.html",
        documents=[TermsSummary.of(one) for one in items],
        newest=newest if after is None else {},
        after=after,
        following=following,
    )


@router.get("/c/terms/new", summary="Publish terms: the form")
def show_new_terms(
    request: Request, reading: ReadingOnly, _: Writer, of: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Show the form, with what the version ``of`` says."""
    form = _form_of(TermsOutput.of(service.terms(reading, of))) if of else Form({"kind": ("text",)})
    return pages.render(request, "seller/terms_new.html", **_choices() | {"form": form})


@router.post("/c/terms", summary="Publish terms by form")
def send_terms(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Publish the next version of the terms of a title, as text or as PDF."""
    with pages.again(request, "seller/terms_new.html", form, _choices):
        try:
            published = _publish(work, form)
        except MalformedError as malformed:
            raise _by_field(malformed) from None
    words = pages.words(request)
    return pages.see(f"/c/terms/{published}", words("Published. Bids from now on can stand on this version."))


@router.get("/c/terms/{terms_id}", summary="One version of a carrier's terms")
def show_terms(terms_id: Id, request: Request, reading: ReadingOnly, _: Desk) -> Response:
    """Show one version: its key terms in plain words, what bites, its hash and its text."""
    terms = TermsOutput.of(service.terms(reading, terms_id))
    return pages.render(
        request,
        "seller/terms_one.html",
        terms=terms,
        key_names=key_terms.NAMES,
        blocks=[] if terms.media_type == PDF else markdown.blocks(terms.text),
    )


@router.get("/c/terms/{terms_id}/file", summary="The bytes of a version of terms")
def download_own_terms(terms_id: Id, reading: ReadingOnly, _: Desk) -> Response:
    """Send exactly what was hashed: the PDF, or the text in UTF-8."""
    terms = service.terms(reading, terms_id)
    ending = "pdf" if terms.media_type == PDF else "md"
    headers = {"Content-Disposition": f'attachment; filename="terms-{terms.sha256[:12]}.{ending}"'}
    return Response(service.terms_bytes(reading, terms_id), media_type=terms.media_type, headers=headers)


def _publish(work: Work, form: Form) -> str:
    stated = _key_terms(form) if form.ticked("stated") else None
    if form.text("kind") == "pdf":
        body = pages.checked(_PdfTerms, {"title": form.text("title"), "key_terms": stated})
        file = form.file("file")
        if file is None:
            raise MalformedError(errors=(FieldError("/file", "choose a PDF of at most 5 MB and 200 pages"),))
        return service.publish_pdf(work, body.title, file.file.read(_LARGEST_PDF), _value(body.key_terms)).id
    text = pages.checked(TermsInput, {"title": form.text("title"), "text": form.text("text"), "key_terms": stated})
    return service.publish_terms(work, text.title, text.text, _value(text.key_terms)).id


def _value(stated: KeyTermsInput | None) -> KeyTerms | None:
    return None if stated is None else stated.value()


def _key_terms(form: Form) -> dict[str, Any]:
    def figure(name: str) -> str | None:
        return form.text(name) or None

    return {
        "auto_renewal": {"renews": form.text("renews") == "yes", "months": figure("renewal_months")},
        "notice_days": form.text("notice_days") or "0",
        "early_termination": {
            "form": form.text("fee_form") or FeeForm.NONE,
            "value": figure("fee_value"),
            "words": form.text("fee_words"),
        },
        "commitment": {
            "months": form.text("commitment_months") or "0",
            "monthly_amount": figure("commitment_amount"),
            "words": form.text("commitment_words"),
        },
        "price_review": {
            "form": form.text("review_form") or ReviewForm.NONE,
            "percent": figure("review_percent"),
            "index": form.text("review_index"),
        },
        "service_credits": {"words": form.text("credits_words"), "cap_percent": figure("credits_cap")},
        "governing_law": form.text("governing_law"),
        "payment_days": figure("payment_days"),
    }


def _form_of(terms: TermsOutput) -> Form:
    fields: dict[str, tuple[str, ...]] = {
        "title": (terms.title,),
        "kind": ("pdf" if terms.media_type == PDF else "text",),
        "text": () if terms.media_type == PDF else (terms.text,),
    }
    stated = terms.key_terms
    if stated is not None:
        fields |= {
            "stated": ("yes",),
            "renews": ("yes" if stated.auto_renewal.renews else "no",),
            "renewal_months": _said(stated.auto_renewal.months),
            "notice_days": _said(stated.notice_days),
            "fee_form": (stated.early_termination.form,),
            "fee_value": _said(stated.early_termination.value),
            "fee_words": (stated.early_termination.words,),
            "commitment_months": _said(stated.commitment.months),
            "commitment_amount": _said(stated.commitment.monthly_amount),
            "commitment_words": (stated.commitment.words,),
            "review_form": (stated.price_review.form,),
            "review_percent": _said(stated.price_review.percent),
            "review_index": (stated.price_review.index,),
            "credits_words": (stated.service_credits.words,),
            "credits_cap": _said(stated.service_credits.cap_percent),
            "governing_law": (stated.governing_law,),
            "payment_days": _said(stated.payment_days),
        }
    return Form(fields)


def _said(value: object) -> tuple[str, ...]:
    return () if value is None else (str(value),)


def _choices() -> dict[str, Any]:
    return {"fee_forms": [one.value for one in FeeForm], "review_forms": [one.value for one in ReviewForm]}


def _by_field(malformed: MalformedError) -> MalformedError:
    def named(pointer: str) -> str:
        found = next((name for start, name in _FIELD_OF if pointer == start or pointer.startswith(f"{start}/")), None)
        return found or pointer.strip("/").split("/")[0]

    errors = tuple(FieldError(f"/{named(error.pointer)}", error.message) for error in malformed.errors)
    return MalformedError(malformed.detail, errors=errors)
