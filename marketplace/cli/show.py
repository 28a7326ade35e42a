"""How answers look: tables for people, plain JSON for machines, times in the reader's zone, money to the right."""

import json
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import typer
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from marketplace.cli import choices

_NOTHING = "-"
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?(?:\+00:00|Z)")
_LONG_WORD = 12
"""Letters of a word that a narrow column may cut."""
_FRAME = 3
"""What a column's border and the space around its cells take."""
_WIDTH_OF_FILES = 180
"""Columns where no terminal says how many it has, so that ids in a redirected table stay whole."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, or one row of facts: where its value stands ('content.title') and how it reads."""

    title: str
    path: str
    form: Callable[[Any], str]
    right: bool = False
    whole: bool = False


def col(title: str, path: str) -> Column:
    """Return a column of texts."""
    return Column(title, path, plain)


def code(title: str, path: str) -> Column:
    """Return a column of ids and hashes, which are never broken."""
    return Column(title, path, plain, whole=True)


def count(title: str, path: str) -> Column:
    """Return a column of whole numbers."""
    return Column(title, path, plain, right=True)


def when(title: str, path: str) -> Column:
    """Return a column of instants."""
    return Column(title, path, local_time, whole=True)


def money(title: str, path: str) -> Column:
    """Return a column of amounts."""
    return Column(title, path, amount, right=True, whole=True)


def plain(value: Any) -> str:
    """Return a value as a person reads it."""
    if value is None or value in ("", [], {}):
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {plain(item)}" for name, item in value.items())
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    return clean(str(value))


def local_time(value: str | None) -> str:
    """Return an instant in this machine's zone, with the zone's name."""
    return f"{datetime.fromisoformat(value).astimezone():%Y-%m-%d %H:%M:%S %Z}" if value else _NOTHING


def amount(value: str | None) -> str:
    """Return an amount with its thousands apart."""
    return _NOTHING if value is None else f"{Decimal(value):,.2f}"


def localized(text: str) -> str:
    """Return a sentence with its instants in this machine's zone."""
    return _INSTANT.sub(lambda found: local_time(found.group()), text)


def clean(text: str) -> str:
    """Return text of others without what could steer the reader's terminal or turn the reading direction."""
    return "".join("�" if _steers(char) else char for char in text)


def _steers(char: str) -> bool:
    return char not in "\n\t" and unicodedata.category(char) in {"Cc", "Cf"}


def table(items: Sequence[Any], *columns: Column, empty: str = "", title: str = "") -> RenderableType:
    """Return a table of items; without any, the sentence that says what to do next.

    Where the terminal is too narrow for it, the items stand below each other, a fact a line.
    """
    if not items:
        return Text(empty)
    shown = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        shown.add_column(column.title, justify="right" if column.right else "left", no_wrap=column.whole)
    rows = [[column.form(_value(item, column.path)) for column in columns] for item in items]
    for row in rows:
        shown.add_row(*map(Text, row))
    below = Group(
        *([Text(title, style="italic")] if title else []), *(facts(item, *columns, after=1) for item in items)
    )
    return _Fitted(shown, below, _least_width(columns, rows))


@dataclass(frozen=True, slots=True)
class _Fitted:
    """A table, and what is shown instead in a terminal of less than ``least`` columns."""

    table: Table
    instead: Group
    least: int

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield self.table if self.least <= options.max_width else self.instead


def _least_width(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> int:
    """Return how wide a terminal has to be so that whole cells stay whole and no word is cut but long ones."""
    widths = []
    for index, column in enumerate(columns):
        cells = [row[index] for row in rows]
        words = [word for text in [column.title, *([] if column.whole else cells)] for word in text.split()]
        longest = max(map(len, words), default=1)
        whole = max(map(len, cells), default=0) if column.whole else 0
        widths.append(max(min(longest, _LONG_WORD), whole))
    return sum(width + _FRAME for width in widths) + 1


def facts(item: Any, *columns: Column, after: int = 0) -> RenderableType:
    """Return one thing, a fact a row, and ``after`` empty rows; what there is nothing of is left out."""
    shown = Table.grid(padding=(0, 2))
    shown.add_column(style="bold", no_wrap=True)
    shown.add_column()
    for column in columns:
        value = _value(item, column.path)
        if value not in (None, "", [], {}):
            shown.add_row(Text(column.title), Text(column.form(value)))
    for _ in range(after):
        shown.add_row()
    return shown


def answer(data: Any, *parts: RenderableType) -> None:
    """Print a command's one answer: ``data`` for machines, ``parts`` for people."""
    if choices.current().json:
        typer.echo(json.dumps(data, indent=2))
        return
    for part in parts:
        if part != "":
            _print(Console(), part)


def for_machines() -> bool:
    """Tell whether the answer is plain JSON, so that what only people read needs no call."""
    return choices.current().json


def before_asking(*parts: RenderableType) -> None:
    """Print what a person must see before it decides; not where machines read."""
    console = Console(stderr=choices.current().json)
    for part in parts:
        _print(console, part)


def remark(text: str) -> None:
    """Print a sentence beside the answer, on standard error."""
    _print(Console(stderr=True), clean(text))


def problem(document: Mapping[str, Any], advice: str) -> None:
    """Print why the API refused: title, detail, each wrong field and what to do; for machines the document."""
    if choices.current().json:
        typer.echo(json.dumps(document, indent=2), err=True)
        return
    detail = localized(str(document.get("detail") or ""))
    title = "Not accepted" if "refusal" in document else str(document.get("title") or "The marketplace refused.")
    is_malformed = str(document.get("type")).endswith("/malformed")  # its title speaks of bodies, its detail of files
    remark(detail if detail and is_malformed else f"{title}{f': {detail}' if detail else ''}")
    for field in document.get("errors") or ():
        remark(f"  {field['pointer']}: {field['message']}" if field["pointer"] else f"  {field['message']}")
    if advice:
        remark(advice)


def more(left: bool) -> None:  # noqa: FBT001 - the one thing it is about
    """Say that a list goes on."""
    if left:
        remark("There are more: --limit N shows them.")


def _print(console: Console, part: RenderableType) -> None:
    if not console.is_terminal:
        console = Console(stderr=console.stderr, width=max(console.width, _WIDTH_OF_FILES))
    console.print(
        Text(part) if isinstance(part, str) else part, highlight=False, soft_wrap=isinstance(part, str | Text)
    )


def _value(item: Any, path: str) -> Any:
    for part in path.split("."):
        item = item.get(part) if isinstance(item, Mapping) else None
    return item
