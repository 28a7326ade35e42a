"""What charts are made of: SVG elements with escaped text, the frame that names a chart, its twin as a table."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from markupsafe import Markup, escape

from marketplace.terminals.charts.lettering import REGULAR

SMALL, PLAIN = 11.0, 12.0
"""Font sizes in a chart's own units."""
FEWEST = 5
"""Under so many data points a chart shows less than its table does."""


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of a chart as text: the same for who can't or won't look at the drawing."""

    headings: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Words:
    """What a chart says about itself in the reader's language.

    ``few`` is said in place of a chart of too few data points; ``count`` words their number ("46 bids").
    """

    title: str
    description: str
    few: str
    count: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Size:
    """Width and height of a drawing in its own units; on the page it fills its column."""

    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A drawing (or the sentence in its place), its table, and of how many data points it is."""

    picture: Markup
    table: Table
    count: int
    drawn: bool


def number(value: float) -> str:
    """Return a coordinate as SVG writes it, to a tenth."""
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def element(name: str, content: str | Markup = "", **attributes: str | float | None) -> Markup:
    """Return an SVG element; ``class_`` is ``class``, ``text_anchor`` is ``text-anchor``, None leaves one out."""
    written = Markup("").join(
        Markup(' {}="{}"').format(key.rstrip("_").replace("_", "-"), number(v) if isinstance(v, float) else v)
        for key, v in attributes.items()
        if v is not None
    )
    if not content:
        return Markup("<{}{}/>").format(Markup(name), written)  # noqa: S704 - names are written in this package
    return Markup("<{}{}>{}</{}>").format(Markup(name), written, escape(content), Markup(name))  # noqa: S704 - same


def text(
    x: float,
    y: float,
    content: str | Markup,
    class_: str,
    *,
    anchor: str = "start",
    size: float = PLAIN,
    weight: int = REGULAR,
) -> Markup:
    """Return real text on its baseline; what decides its extent is an attribute, its colour comes from the class."""
    return element(
        "text", content, x=x, y=y, class_=class_, text_anchor=anchor, font_size=number(size), font_weight=str(weight)
    )


def line(x1: float, y1: float, x2: float, y2: float, class_: str) -> Markup:
    """Return a straight line."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, class_=class_)


def path(points: Iterable[tuple[float, float]], class_: str, end: str = "") -> Markup:
    """Return straight lines through ``points``; ``end`` "Z" closes the shape."""
    drawn = "L".join(f"{number(x)} {number(y)}" for x, y in points)
    return element("path", d=f"M{drawn}{end}", class_=class_)


def series_class(series: int) -> str:
    """Return the class of a series' colour: series 0 is the neutral ink, more than 8 begin again."""
    return f"series-{(series - 1) % 8 + 1}" if series > 0 else "series-0"


def link(href: str, content: Markup) -> Markup:
    """Return ``content`` as a link where it has a target."""
    return element("a", content, href=href) if href else content


def frame(key: str, words: Words, size: Size, parts: Iterable[Markup], *, kind: str, linked: bool = False) -> Markup:
    """Return the finished drawing, named and described; ``key`` is unique on the page.

    A drawing with links is a group, so that assistive technology reaches them; any other is one image.
    """
    named = (
        element("title", words.title or " ", id=f"{key}-title"),
        element("desc", words.description or " ", id=f"{key}-desc"),
    )
    return element(
        "svg",
        Markup("").join((*named, *parts)),
        id=key,
        class_=f"chart chart-{kind}",
        viewBox=f"0 0 {number(size.width)} {number(size.height)}",
        role="group" if linked else "img",
        aria_labelledby=f"{key}-title {key}-desc",
    )


def too_few(words: Words, table: Table, count: int) -> Chart:
    """Return the sentence that stands where a chart would tell less than its table."""
    return Chart(Markup('<p class="chart-few">{}</p>').format(words.few), table, count, drawn=False)
