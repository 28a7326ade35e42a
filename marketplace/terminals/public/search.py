"""The search behind the command bar: the reader's own things, pages and commands, and pages of the guide."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Annotated

from fastapi import Depends, Query, Request, Response

from marketplace.kernel.access import Kind, Principal, allow
from marketplace.kernel.http import ReadingOnly
from marketplace.kernel.texts import marked
from marketplace.kernel.work import Reading
from marketplace.terminals import browser, pages
from marketplace.terminals.backoffice import search as platform
from marketplace.terminals.buyer import search as buyer
from marketplace.terminals.found import MOST, SHORTEST, Found, holds
from marketplace.terminals.navigation import navigation
from marketplace.terminals.public import guide
from marketplace.terminals.seller import search as seller

router = pages.router()

Somebody = Annotated[Principal, Depends(allow(Kind.BUYER, Kind.PROVIDER, Kind.PLATFORM))]
Finder = Callable[[Reading, str, Callable[[str], str]], Iterator[Found]]

_FINDERS: Mapping[Kind, Finder] = {Kind.BUYER: buyer.find, Kind.PROVIDER: seller.find, Kind.PLATFORM: platform.find}


_COMMANDS: Mapping[Kind, tuple[tuple[str, str, str], ...]] = {
    Kind.BUYER: (
        ("/b/requests/new", marked("Post a request"), "plus"),
        ("/b/sites/new", marked("Add a site"), "plus"),
        ("/b/sites/import", marked("Import sites"), "upload"),
        ("/b/verification", marked("Verify your company"), "shield"),
        ("/b/approval-limit", marked("Limit for awards"), "settings"),
    ),
    Kind.PROVIDER: (
        ("/c/filters/new", marked("Write a filter"), "plus"),
        ("/c/filters/import", marked("Import filters"), "upload"),
        ("/c/terms/new", marked("Publish terms"), "plus"),
    ),
    Kind.PLATFORM: (),
}
_FOR_ALL = (
    ("/account", marked("Account and security"), "settings"),
    ("/account/users", marked("Users"), "users"),
    ("/account/keys", marked("API keys"), "key"),
    ("/account/notices", marked("Notifications"), "bell"),
    ("/account/notices/preferences", marked("How you are told"), "settings"),
    ("/account/calendar", marked("Calendar"), "calendar"),
)


@router.get("/search", summary="Search")
def show_search(
    request: Request, reading: ReadingOnly, principal: Somebody, q: Annotated[str, Query(max_length=100)] = ""
) -> Response:
    """Find what the caller may open anyway: own things, pages, commands and parts of the guide, at most 20."""
    typed = " ".join(q.split())
    partial = request.headers.get("hx-request") == "true"
    found = list(islice(_find(request, reading, principal.kind, typed, partial=partial), MOST)) if typed else []
    template = "public/_found.html" if partial else "public/search.html"
    return pages.render(request, template, title=pages.said(request, "Search"), typed=typed, found=found)


def _find(request: Request, reading: Reading, kind: Kind, typed: str, *, partial: bool) -> Iterator[Found]:
    """Yield what is found. The command bar itself knows the pages of the navigation: they are not told to it again."""
    words = pages.words(request)
    wanted = typed.casefold().split()
    if not partial:
        entries = navigation(browser.reader_of(request), "", words)
        yield from (
            Found(one.href, one.label, words("Page"), one.icon) for one in entries if holds(wanted, [one.label])
        )
    for href, label, icon in (*_COMMANDS[kind], *_FOR_ALL):
        if holds(wanted, [words(label)]):
            yield Found(href, words(label), words("Page"), icon)
    if len(typed) >= SHORTEST:
        yield from _FINDERS[kind](reading, typed, words)
        yield from _in_the_guide(wanted, words("Help"))


def _in_the_guide(wanted: Sequence[str], note: str) -> Iterator[Found]:
    for page in guide.guide_of(guide.FOLDER).pages.values():
        parts = [(page.href, page.title), *((f"{page.href}#{one.anchor}", one.title) for one in page.sections)]
        yield from (Found(href, title, note, "help-circle") for href, title in parts if holds(wanted, [title]))
