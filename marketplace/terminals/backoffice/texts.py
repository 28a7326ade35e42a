"""What readers are told: every notice with its words in every language, and an editor that shows how they read."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Path, Request, Response

from marketplace.kernel.errors import NotFoundError, ProblemError
from marketplace.kernel.http import ReadingOnly, Working
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.backoffice.desk import Id, PlatformAdmin, colleagues
from notifications.languages import NAMES, Language
from notifications.row import Audience, Wording
from notifications.wording import rules, service
from notifications.wording.model import Edition

router = pages.router()

_PATH = "/o/texts"
_LIST, _EDIT = "backoffice/texts.html", "backoffice/text.html"
_AUDIENCES = {
    Audience.BUYER: marked("The buyer"),
    Audience.INVITED: marked("All invited carriers"),
    Audience.CALLED: marked("Bidders called to final offers"),
    Audience.PROVIDER: marked("The carrier concerned"),
    Audience.PLATFORM: marked("The platform"),
}
_MEANINGS = {
    "title": marked("the title of the request, as its buyer wrote it"),
    "lots": marked("the references of the lots concerned, or how many they are"),
    "provider": marked("the name of the carrier"),
    "invited": marked("how many carriers have received the request"),
    "declined": marked("how many of them declined it"),
    "pseudonym": marked("the buyer’s name for this request alone"),  # noqa: RUF001 - as it is printed
    "requests": marked("how many requests the digest is about"),
}
Code = Annotated[str, Path(max_length=20, pattern=r"^[a-z]+$")]


@dataclass(frozen=True, slots=True)
class Place:
    """Which notice in which language an address names."""

    event: str
    audience: str
    language: str

    @property
    def path(self) -> str:
        """The address itself."""
        return f"{_PATH}/{self.event}/{self.audience}/{self.language}"

    def edition(self, reading: Reading) -> Edition:
        """Return what it names. Raises NotFoundError."""
        return service.edition(reading, self.event, _audience(self.audience), self.language)


def _place(event: Id, audience: Code, language: Code) -> Place:
    return Place(event, audience, language)


Named = Annotated[Place, Depends(_place)]


@router.get(_PATH, summary="The words of notices")
def show_texts(request: Request, reading: ReadingOnly, _: PlatformAdmin, audience: str = "") -> Response:
    """List every notice with its words in every language; of one audience if one is named."""
    found = service.editions(reading)
    counts = {one: sum(of_row[Language.EN].row.audience is one for of_row in found) for one in Audience}
    shown = [of_row for of_row in found if not audience or of_row[Language.EN].row.audience is _audience(audience)]
    words = pages.words(request)
    return pages.render(
        request,
        _LIST,
        texts=[(of_row[Language.EN].row, list(of_row.values())) for of_row in shown],
        languages=NAMES,
        audiences=[(one.name.lower(), words(name), counts[one]) for one, name in _AUDIENCES.items()],
        names={one: words(name) for one, name in _AUDIENCES.items()},
        audience=audience,
        all=len(found),
    )


@router.get(f"{_PATH}/{{event}}/{{audience}}/{{language}}", summary="The words of a notice")
def show_text(place: Named, request: Request, reading: ReadingOnly, _: PlatformAdmin) -> Response:
    """Show one notice in one language: its words, what they may hold, how they read, and who changed them when."""
    found = place.edition(reading)
    return pages.render(request, _EDIT, **_context(request, reading, found, found.told))


@router.post(f"{_PATH}/{{event}}/{{audience}}/{{language}}", summary="Change the words of a notice by form")
def send_text(place: Named, request: Request, work: Working, form: pages.Sent, _: PlatformAdmin) -> Response:
    """Show how new words would read, keep them, or go back to those of the house; who did it is recorded."""
    found = place.edition(work)
    typed = Wording(form.text("title"), form.text("text"))
    number = int(form.text("number")) if form.text("number").isdecimal() else -1
    with pages.again(request, _EDIT, form, lambda: _context(request, work, found, typed)):
        if form.text("act") == "reset":
            service.reset(work, found, number)
            return pages.see(place.path, pages.said(request, "Readers are told in the words of the house again."))
        if form.text("act") == "save":
            service.save(work, found, typed, number)
            return pages.see(place.path, pages.said(request, "Kept. Readers are told in these words from now on."))
        rules.check(found.row, typed)
    return pages.render(request, _EDIT, **_context(request, work, found, typed))


def _audience(code: str) -> Audience:
    """Return an audience by its code in addresses. Raises NotFoundError."""
    for one in Audience:
        if one.name.lower() == code:
            return one
    raise NotFoundError


def _context(request: Request, reading: Reading, found: Edition, typed: Wording) -> dict[str, Any]:
    words = pages.words(request)
    try:
        preview = service.preview(reading, found, typed)
    except ProblemError:  # the page says itself what is wrong
        preview = None
    allowed, needed = rules.placeholders(found.row), rules.needed(found.row)
    return {
        "edition": found,
        "row": found.row,
        "code": found.row.audience.name.lower(),
        "told_to": words(_AUDIENCES[found.row.audience]),
        "languages": NAMES,
        "typed": typed,
        "preview": preview,
        "placeholders": [(f"{{{name}}}", words(_MEANINGS[name]), name in needed) for name in allowed],
        "longest_title": rules.LONGEST_TITLE,
        "longest_text": rules.LONGEST_TEXT,
        "names": colleagues(reading),
    }
