"""The catalogue: what is in force, its versions, and a new one: checked, previewed, weighed, then published."""

import json
from typing import Annotated, Any

from fastapi import Query, Request, Response

from marketplace.catalogue import seed, service
from marketplace.catalogue.model import Catalogue, ServiceType
from marketplace.kernel import journal
from marketplace.kernel.errors import FieldError, MalformedError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.work import Reading
from marketplace.oversight import service as oversight
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import PlatformAdmin, colleagues

router = pages.router()

_PATH = "/o/catalogue"
_EDIT = "backoffice/catalogue_edit.html"
_VERSIONS = 50
_PREVIEWED = 12


@router.get(_PATH, summary="The catalogue, for the back office")
def show_catalogue(request: Request, reading: ReadingOnly, _: PlatformAdmin, version: str = "") -> Response:
    """Show what can be requested: families, service types and their features; an older version if one is named."""
    saved = journal.newest(reading.session, name="catalogue.changed", before=None, limit=_VERSIONS)
    current = service.current(reading)
    return pages.render(
        request,
        "backoffice/catalogue.html",
        catalogue=service.version(reading, version) if version else current,
        current=current.version,
        versions=service.versions(reading),
        savers={event.data.get("version"): event for event in saved},
        names=colleagues(reading),
    )


@router.get(f"{_PATH}/edit", summary="A new version of the catalogue")
def show_catalogue_editor(
    request: Request, reading: ReadingOnly, _: PlatformAdmin, part: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Show the catalogue in force as a document to change: whole, or the part of one service type."""
    current = service.current(reading)
    chosen = current.service_type(part)
    return pages.render(request, _EDIT, **_unchecked(current, chosen.code if chosen else "", "", None))


@router.post(f"{_PATH}/edit", summary="Check or publish a catalogue by form")
def send_catalogue(request: Request, work: Working, form: pages.Sent, _: PlatformAdmin) -> Response:
    """Check it and show what it changes for whom; publish only what is published on purpose."""
    words = pages.words(request)
    current = service.current(work)
    part, version, text = form.text("part"), form.text("version"), form.text("document")
    with pages.again(request, _EDIT, form, lambda: _unchecked(current, part, version, text)):
        catalogue = _read(current, part, version, text)
        if form.text("act") == "publish":
            service.save(work, catalogue)
        else:
            shown = _unchecked(current, part, version, text) | _checked(work, current, catalogue)
            return pages.render(request, _EDIT, **shown)
    return pages.see(_PATH, words("Published. New requests are written against it from now on."))


def _written(document: Any) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False)


def _tidied(text: str) -> str:
    """Return a document as ``_written`` writes it, so that lines can be named; no JSON: as it was typed."""
    try:
        return _written(json.loads(text))
    except ValueError:
        return text


def _read(current: Catalogue, part: str, version: str, text: str) -> Catalogue:
    """Return the catalogue that the form describes: ``text`` is all of it, or the service type ``part`` of it.

    Raises MalformedError, each error with the name of its place and its line in ``text``.
    """
    try:
        typed = json.loads(text)
    except json.JSONDecodeError as error:
        message = f"This is not JSON: {error.msg} at line {error.lineno}, column {error.colno}."
        raise MalformedError("This is not JSON.", errors=(FieldError("/document", message),)) from None
    document, base = typed, ""
    if part:
        document, base = _with_part(seed.to_document(current), part, typed)
    if isinstance(document, dict):
        document["version"] = version
    try:
        return seed.from_document(document)
    except MalformedError as problem:
        lines = _lines(typed)
        problem.errors = tuple(_named(document, base, lines, one) for one in problem.errors)
        raise


def _with_part(document: Any, part: str, typed: Any) -> tuple[Any, str]:
    """Return a catalogue with ``typed`` in the place of one service type, and the pointer of that place."""
    for at, family in enumerate(document["families"]):
        for number, kind in enumerate(family["service_types"]):
            if kind["code"] == part:
                family["service_types"][number] = typed
                return document, f"/families/{at}/service_types/{number}"
    raise MalformedError(errors=(FieldError("/document", f"The catalogue in force has no {part}."),))


def _named(document: Any, base: str, lines: dict[str, int], error: FieldError) -> FieldError:
    """Return an error beside the field that it is about, with its place in words and its line."""
    if error.pointer == "/version":
        return error
    inside = error.pointer.removeprefix(base)
    place = _place(document, error.pointer)
    return FieldError("/document", f"{place}: {error.message} (line {_line_of(lines, inside)})")


def _place(document: Any, pointer: str) -> str:
    """Return where a JSON Pointer leads, by the codes that stand on the way: 'voice / voice.trunk / lines / unit'."""
    names = []
    for part in pointer.strip("/").split("/"):
        if isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
            names.append(str(document.get("code", part)) if isinstance(document, dict) else part)
        else:
            document = document.get(part) if isinstance(document, dict) else None
            if not isinstance(document, list):
                names.append(part)
    return " / ".join(name for name in names if name) or "catalogue"


def _lines(document: Any) -> dict[str, int]:
    """Return the line, from 1, on which each JSON Pointer of a document begins as ``_written`` writes it."""
    found: dict[str, int] = {}

    def walk(part: Any, pointer: str, line: int) -> int:
        found[pointer] = line
        inner = (
            list(part.items()) if isinstance(part, dict) else list(enumerate(part)) if isinstance(part, list) else []
        )
        if not inner:
            return line
        for name, one in inner:
            line = walk(one, f"{pointer}/{name}", line + 1)
        return line + 1

    walk(document, "", 1)
    return found


def _line_of(lines: dict[str, int], pointer: str) -> int:
    """Return the line of a pointer; of the nearest thing around it where it names what is missing."""
    while pointer and pointer not in lines:
        pointer = pointer.rpartition("/")[0]
    return lines.get(pointer, 1)


def _unchecked(current: Catalogue, part: str, version: str, text: str | None) -> dict[str, Any]:
    """Return what the editor shows before a check: what was typed, or what is in force."""
    if text is None:
        document = seed.to_document(current)
        text = _written(_part_of(document, part) if part else document)
    else:
        text = _tidied(text)
    shown = {"current": current.version, "part": part, "version": version, "text": text}
    return shown | {"impact": None, "changed": (), "same": False}


def _part_of(document: Any, part: str) -> Any:
    kinds = (kind for family in document["families"] for kind in family["service_types"])
    return next((kind for kind in kinds if kind["code"] == part), {})


def _checked(reading: Reading, current: Catalogue, catalogue: Catalogue) -> dict[str, Any]:
    """Return what the page shows of a catalogue that can be published: whom it meets, and what is new in it."""
    changed = [kind for kind in _types(catalogue) if kind != current.service_type(kind.code)]
    return {
        "impact": oversight.impact(reading, catalogue),
        "changed": [(kind, _news(current.service_type(kind.code), kind)) for kind in changed[:_PREVIEWED]],
        "same": catalogue.families == current.families,
    }


def _types(catalogue: Catalogue) -> list[ServiceType]:
    return [kind for family in catalogue.families for kind in family.service_types]


def _news(before: ServiceType | None, after: ServiceType) -> dict[str, str]:
    """Return 'new' or 'changed' by the code of each feature that the catalogue in force has not, or has otherwise."""
    found = {}
    for feature in after.features:
        known = None if before is None else before.feature(feature.code)
        if known != feature:
            found[feature.code] = "new" if known is None else "changed"
    return found
