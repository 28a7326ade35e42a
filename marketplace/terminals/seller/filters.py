"""A carrier's filters: the list, the builder with what it would have brought, presets, and many at once from a file."""

from typing import Annotated, Any

from fastapi import Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from marketplace.catalogue import service as catalogues
from marketplace.catalogue.model import Catalogue
from marketplace.kernel import http, pagination
from marketplace.kernel.access import Kind, Principal, Scope, UserRole, allow
from marketplace.kernel.errors import FieldError, MalformedError, ProblemError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.pages import Form
from marketplace.terminals.seller import filter_forms
from matching import service as matching
from sellers import rules, service
from sellers.bands import INDUSTRIES, REGIONS, SIZES
from sellers.schemas import FilterInput, FilterOutput, Id
from sellers.service import FilterDraft
from sellers.territories import service as territories

router = pages.router()

Desk = Annotated[Principal, Depends(allow(Kind.PROVIDER))]
Writer = Annotated[Principal, Depends(allow(Kind.PROVIDER, roles=(UserRole.ADMIN, UserRole.DESK), scope=Scope.FILTERS))]
_A_PAGE = 50
_MOST_TERRITORIES = 200
_LARGEST_FILE = 12_000_000


class _Many(BaseModel):
    model_config = ConfigDict(extra="forbid")

    filters: list[FilterInput] = Field(max_length=rules.MAX_FILTERS)


@router.get("/c/filters", summary="A carrier's filters")
def show_filters(request: Request, reading: ReadingOnly, _: Desk, after: pagination.After = None) -> Response:
    """Show which requests the desk wants, in the order in which the filters are tried."""
    return pages.render(request, "seller/filters.html", **_list(reading, after))


@router.get("/c/filters/new", summary="Write a filter")
def show_new_filter(
    request: Request,
    reading: ReadingOnly,
    _: Writer,
    preset: Annotated[str, Query(max_length=20)] = "",
    copy: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    """Show the builder, empty or filled in by a preset or with another filter."""
    words = pages.words(request)
    if copy:
        source = FilterOutput.of(service.filter_of(reading, copy))
        form = filter_forms.form_of(source.model_copy(update={"name": words("Copy of %s") % source.name}))
    else:
        form = filter_forms.preset(reading, preset, preset_name(request, preset), catalogues.current(reading))
    return pages.render(request, "seller/filter.html", **_builder(reading) | {"form": form})


@router.get("/c/filters/import", summary="Filters from a file")
def show_filter_import(request: Request, reading: ReadingOnly, _: Writer) -> Response:
    """Show how many filters are sent at once."""
    return pages.render(request, "seller/filters_import.html", **_counted(reading))


@router.post("/c/filters/import", summary="Replace all filters from a file")
def send_filter_import(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Make the filters of a JSON file all that the desk has, or change nothing."""
    with pages.again(request, "seller/filters_import.html", form, lambda: _counted(work)):
        drafts = [item.draft() for item in _many(form).filters]
        count = service.replace_filters(work, drafts)
    return pages.see("/c/filters", pages.said(request, "Your filters now: %s.") % count)


@router.post("/c/filters/preview", summary="Count what a filter would have brought")
def preview_filter_form(request: Request, reading: ReadingOnly, form: pages.Sent, principal: Desk) -> Response:
    """Tell about how many requests of the past 90 days the form's filter would have accepted; nothing is saved."""
    counted: dict[str, Any] = {"hindsight": None, "problem": None, "hints": ()}
    try:
        reading.memory.of(matching.preview_limit).take(principal.organization_id, reading.now)
        draft = filter_forms.input_of(_named(form)).draft()
        counted["hindsight"] = _would_have(request, reading, draft)
        counted["hints"] = rules.contradictions(draft.criteria, _features(catalogues.current(reading)))
    except MalformedError as malformed:
        counted["problem"] = filter_forms.by_field(malformed)
    except ProblemError as problem:
        counted["problem"] = problem
    if request.headers.get("hx-request") == "true":
        return pages.render(request, "seller/_hindsight.html", **counted)
    return pages.render(request, "seller/filter.html", **_builder(reading, form.text("id")) | counted | {"form": form})


@router.post("/c/filters", summary="Save a filter by form")
def send_filter(request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Save a new filter behind the others, or what was changed of one."""
    filter_id = form.text("id")
    with pages.again(request, "seller/filter.html", form, lambda: _builder(work, filter_id)):
        draft = filter_forms.input_of(form).draft()
        try:
            if filter_id:
                service.change_filter(work, filter_id, draft, http.etag(_revision(form)))
            else:
                service.save_filter(work, draft)
        except MalformedError as malformed:
            raise filter_forms.by_field(malformed) from None
    words = pages.words(request)
    return pages.see("/c/filters", words("Saved. Open requests that it accepts reach you within moments."))


@router.get("/c/filters/{filter_id}", summary="Change a filter")
def show_filter(filter_id: Id, request: Request, reading: ReadingOnly, _: Desk) -> Response:
    """Show one filter in the builder."""
    saved = FilterOutput.of(service.filter_of(reading, filter_id))
    context = _builder(reading, filter_id) | {"form": filter_forms.form_of(saved)}
    return pages.render(request, "seller/filter.html", **context)


@router.post("/c/filters/{filter_id}/pause", summary="Let a filter rest, or work again")
def send_filter_pause(filter_id: Id, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Switch a filter off or on."""
    with pages.again(request, "seller/filters.html", form, lambda: _list(work, None)):
        saved = service.filter_of(work, filter_id)
        draft = FilterDraft(saved.name, saved.criteria, not saved.active, saved.delivery)
        service.change_filter(work, filter_id, draft, http.etag(_revision(form)))
    words = pages.words(request)
    return pages.see("/c/filters", words("It rests.") if saved.active else words("It works again."))


@router.post("/c/filters/{filter_id}/remove", summary="Remove a filter by form")
def send_filter_removal(filter_id: Id, request: Request, work: Working, form: pages.Sent, _: Writer) -> Response:
    """Remove a filter; invitations that it led to stay."""
    with pages.again(request, "seller/filters.html", form, lambda: _list(work, None)):
        service.remove_filter(work, filter_id, http.etag(_revision(form)))
    words = pages.words(request)
    return pages.see("/c/filters", words("Removed. Requests that it brought stay in your inbox."))


def preset_name(request: Request, key: str) -> str:
    """Return what a preset's filter is called in the reader's language."""
    words = pages.words(request)
    named = {
        "internet": words("Internet access in our states"),
        "voice": words("Voice nationwide"),
        "on-net": words("Everything we are on-net for"),
        "large": words("Ten sites or more"),
    }
    return named.get(key, "")


def _would_have(request: Request, reading: Reading, draft: FilterDraft) -> Any:
    return matching.would_have_matched(reading, request.app.state.workshop, draft)


def _named(form: Form) -> Form:
    """Return the form with a name: what it would bring is asked before it is called anything."""
    return form if form.text("name") else Form({**form.fields, "name": ("-",)}, form.files)


def _revision(form: Form) -> int:
    return int(form.text("revision")) if form.text("revision").isdecimal() else 0


def _many(form: Form) -> _Many:
    file = form.file("file")
    content = file.file.read(_LARGEST_FILE + 1) if file else form.text("text").encode()
    if not content.strip():
        raise MalformedError(errors=(FieldError("/file", "choose a JSON file, or paste its text"),))
    try:
        return _Many(filters=TypeAdapter(list[FilterInput]).validate_json(content[: _LARGEST_FILE + 1]))
    except ValidationError as error:
        told = tuple(
            FieldError("/" + "/".join(map(str, item["loc"])), item["msg"].removeprefix("Value error, "))
            for item in error.errors()[: http.MOST_ERRORS]
        )
        raise MalformedError("Nothing was changed.", errors=told) from None


def _features(catalogue: Catalogue) -> dict[str, frozenset[str]]:
    return {
        kind.code: frozenset(one.code for one in kind.features)
        for family in catalogue.families
        for kind in family.service_types
    }


def _counted(reading: Reading) -> dict[str, Any]:
    return {"have": len(service.filters(reading, None, pagination.LARGEST_PAGE)), "most": rules.MAX_FILTERS}


def _list(reading: Reading, after: str | None) -> dict[str, Any]:
    found = service.filters(reading, after, _A_PAGE + 1)
    items, following = pagination.page_of(found, _A_PAGE, lambda item: (item[0], item[1].id))
    catalogue = catalogues.current(reading)
    return {
        "filters": [FilterOutput.of(saved) for _ordinal, saved in items],
        "after": after,
        "following": following,
        "names": _names(catalogue),
        "territories": {one.id: one.name for one in territories.page(reading, None, _MOST_TERRITORIES)},
        "presets": [one.key for one in filter_forms.PRESETS],
    }


def _names(catalogue: Catalogue) -> dict[str, str]:
    kinds = {kind.code: kind.name for family in catalogue.families for kind in family.service_types}
    return kinds | {family.code: family.name for family in catalogue.families}


def _builder(reading: Reading, filter_id: str = "") -> dict[str, Any]:
    catalogue = catalogues.current(reading)
    return {
        "filter_id": filter_id,
        "catalogue": catalogue,
        "features": filter_forms.features_of(catalogue),
        "states": filter_forms.states(),
        "territories": [(one.id, one.name) for one in territories.page(reading, None, _MOST_TERRITORIES)],
        "industries": INDUSTRIES,
        "sizes": SIZES,
        "regions": REGIONS,
        "presets": [one.key for one in filter_forms.PRESETS],
        "hindsight": None,
        "hints": (),
    }
