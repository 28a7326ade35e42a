"""The user guide under /help: the pieces that Sphinx has built from docs/guide, in the frame of all pages."""

import json
import re
from dataclasses import dataclass
from functools import cache
from html import unescape
from importlib.resources import files
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request, Response
from markupsafe import Markup

from marketplace.kernel.access import PUBLIC, Principal
from marketplace.kernel.errors import NotFoundError
from marketplace.terminals import pages

router = pages.router()

FOLDER = Path(str(files("marketplace.terminals"))) / "guide"
"""Where ``make guide`` leaves what it builds."""
_FIRST = "index"
_SECTION = re.compile(r'<h2>(?P<title>.*?)<a class="headerlink" href="#(?P<anchor>[^"]+)"', re.DOTALL)
_TAG = re.compile(r"<[^>]+>")
_AN_HOUR = "public, max-age=3600"


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page of the guide that can be linked to."""

    anchor: str
    title: str


@dataclass(frozen=True, slots=True)
class Page:
    """One page of the guide; ``previous`` and ``following`` name its neighbours, empty where there is none."""

    name: str
    title: str
    body: Markup
    sections: tuple[Section, ...]
    previous: str
    following: str

    @property
    def href(self) -> str:
        """Its address."""
        return f"/help/{self.name}.html"


@dataclass(frozen=True, slots=True)
class Guide:
    """All pages by name, in the order in which they are read, and the pictures by file name."""

    pages: dict[str, Page]
    pictures: dict[str, bytes]


@cache
def guide_of(folder: Path) -> Guide:
    """Return the guide that was built into ``folder``, empty when it was not: no later request looks for a file."""
    found = {path.stem: _page(path) for path in sorted(folder.glob("*.fjson"))}
    ordered: dict[str, Page] = {}
    name = _FIRST
    while name in found and name not in ordered:
        ordered[name] = found[name]
        name = found[name].following
    pictures = {path.name: path.read_bytes() for path in sorted((folder / "_images").glob("*.png"))}
    return Guide(ordered, pictures)


def _page(path: Path) -> Page:
    built = json.loads(path.read_text(encoding="utf-8"))
    sections = tuple(Section(found["anchor"], _plain(found["title"])) for found in _SECTION.finditer(built["body"]))
    # our own text, built by our own tool: nothing in it comes from a caller
    body = Markup(built["body"])  # noqa: S704 - see above
    return Page(path.stem, _plain(built["title"]), body, sections, _neighbour(built["prev"]), _neighbour(built["next"]))


def _plain(html: str) -> str:
    return unescape(_TAG.sub("", html)).strip()


def _neighbour(link: dict[str, str] | None) -> str:
    return link["link"].removesuffix(".html") if link else ""


@router.get("/help", summary="The guide")
def show_guide(request: Request, _: Annotated[Principal, Depends(PUBLIC)]) -> Response:
    """Go to the guide's first page, or say how the guide is built where it was not."""
    if guide_of(FOLDER).pages:
        return pages.see(f"/help/{_FIRST}.html")
    return pages.render(request, "public/guide_missing.html", title=pages.said(request, "Help"))


@router.get("/help/{name}.html", summary="A page of the guide")
def show_guide_page(name: str, request: Request, _: Annotated[Principal, Depends(PUBLIC)]) -> Response:
    """Show one page of the guide, its sections and its neighbours."""
    guide = guide_of(FOLDER)
    if name not in guide.pages:
        raise NotFoundError
    page = guide.pages[name]
    return pages.render(
        request,
        "public/guide.html",
        title=page.title,
        page=page,
        pages=tuple(guide.pages.values()),
        previous=guide.pages.get(page.previous),
        following=guide.pages.get(page.following),
    )


@router.get("/help/_images/{name}", summary="A picture of the guide")
def read_guide_picture(name: str, _: Annotated[Principal, Depends(PUBLIC)]) -> Response:
    """Return a picture that a page of the guide shows."""
    picture = guide_of(FOLDER).pictures.get(name)
    if picture is None:
        raise NotFoundError
    return Response(picture, media_type="image/png", headers={"Cache-Control": _AN_HOUR})


@router.get("/docs", summary="For developers")
def show_developers_page(_: Annotated[Principal, Depends(PUBLIC)]) -> Response:
    """Go to the part of the guide that is for developers."""
    return pages.see("/help/api.html" if "api" in guide_of(FOLDER).pages else "/help")
