"""The features of a request's lines: one form for all lines of a service type, or a table line by line."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from buyers.desk.content import parts_of
from buyers.requests import model as requests
from buyers.requests.model import Content, Line
from marketplace.catalogue import service as catalogues
from marketplace.catalogue.model import Catalogue, Feature, FeatureKind, ServiceType
from marketplace.kernel.work import Reading
from marketplace.terminals import pages
from marketplace.terminals.buyer import wizard_lines
from marketplace.terminals.buyer.wizard import Context, Step
from marketplace.terminals.buyer.wizard_forms import nested

_FIRST = 6
"""Features of a service type that are shown at once; the rest opens on demand."""
_YES_NO = {"yes": True, "no": False}
_CHOICE_SIGN = "|"


@dataclass(frozen=True, slots=True)
class Shown:
    """A feature in the form of its service type: its value where all lines agree, otherwise the values there are."""

    feature: Feature
    value: Any
    priority: str
    mixed: tuple[tuple[str, int], ...]

    @property
    def said(self) -> bool:
        """Whether any line says something of it."""
        return self.value is not None or bool(self.mixed)


@dataclass(frozen=True, slots=True)
class Group:
    """All lines of one service type, and its features: those shown at once, and the others."""

    number: int
    kind: ServiceType
    lines: tuple[Line, ...]
    first: tuple[Shown, ...]
    more: tuple[Shown, ...]
    table: tuple[Feature, ...]


def groups(content: Content, catalogue: Catalogue) -> list[Group]:
    """Return the lines by service type, in the order of their first lines."""
    by_type: dict[str, list[Line]] = {}
    for line in content.lines:
        by_type.setdefault(line.service_type, []).append(line)
    found = []
    for number, (code, lines) in enumerate(by_type.items()):
        kind = catalogue.service_type(code)
        if kind is None:
            continue
        shown = [_shown(feature, lines) for feature in kind.features]
        first = [one for one in shown if one.feature.required or one.said]
        rest = [one for one in shown if one not in first]
        room = max(0, _FIRST - len(first))
        table = tuple(one.feature for one in first) or tuple(one.feature for one in rest[:1])
        found.append(Group(number, kind, tuple(lines), (*first, *rest[:room]), tuple(rest[room:]), table))
    return found


def _shown(feature: Feature, lines: Sequence[Line]) -> Shown:
    wishes = [next((one for one in line.features if one.code == feature.code), None) for line in lines]
    said = [one for one in wishes if one is not None]
    values = {one.value for one in said}
    if said and len(values) == 1 and len(said) == len(lines):
        return Shown(feature, said[0].value, said[0].priority.value, ())
    if not said:
        return Shown(feature, None, "must", ())
    counted = Counter("" if one is None else text_of(one.value) for one in wishes)
    return Shown(feature, None, said[0].priority.value, tuple(counted.most_common(6)))


def text_of(value: Any) -> str:
    """Return a value as it stands in a cell: yes or no, choices separated by bars."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return _CHOICE_SIGN.join(value)
    return str(value)


def values(form: pages.Form, content: Content, zone: ZoneInfo) -> dict[str, Any]:  # noqa: ARG001 - as every step's
    """Return the lines with the features of the form: for all lines of a type, or those of a table line by line."""
    lines = parts_of(content)["lines"]
    cells = nested(form, "cell")
    given = {row["code"]: (number, row) for number, row in nested(form, "kind").items() if row.get("code")}
    if not cells and not given:
        return {}
    by_type: dict[str, list[Line]] = {}
    for line in content.lines:
        by_type.setdefault(line.service_type, []).append(line)
    wishes, ranks = nested(form, "feature"), nested(form, "priority")
    for line in lines:
        kind = line["service_type"]
        if line["ref"] in cells:
            typed = {code: _typed(text) for code, text in cells[line["ref"]].items()}
            line["features"] = _replaced(line["features"], typed, {})
        elif kind in given:
            number, row = given[kind]
            typed = _of_type(by_type[kind], wishes.get(number, {}), row)
            line["features"] = _replaced(line["features"], typed, ranks.get(number, {}))
    return {"lines": lines}


def _of_type(lines: Sequence[Line], wishes: Mapping[str, Any], row: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the form says of each feature that it showed; where lines differ, an empty field changes none."""
    found: dict[str, Any] = {}
    for code in (row.get("shown") or "").split(" "):
        value = _typed(wishes.get(code))
        said = {next((one.value for one in line.features if one.code == code), None) for line in lines}
        if value is not None or len(said) == 1:
            found[code] = value
    return found


def _typed(text: Any) -> Any:
    """Return a field's text as a value of JSON: a flag for yes and no, a list for several choices."""
    if isinstance(text, list):
        return text or None
    if not text:
        return None
    if text in _YES_NO:
        return _YES_NO[text]
    return text


def _replaced(before: Sequence[Mapping[str, Any]], typed: Mapping[str, Any], ranks: Mapping[str, Any]) -> list[Any]:
    """Return a line's features with typed values; None takes one out."""
    known = {wish["code"]: wish["priority"] for wish in before}
    kept = [wish for wish in before if wish["code"] not in typed]
    changed = [
        {"code": code, "value": value, "priority": ranks.get(code) or known.get(code, "must")}
        for code, value in typed.items()
        if value is not None
    ]
    return [*kept, *changed]


def listed(feature: Feature, value: Any) -> Any:
    """Return a cell of a table as the feature takes it."""
    if feature.kind is FeatureKind.CHOICES and isinstance(value, str):
        return [one.strip() for one in value.split(_CHOICE_SIGN) if one.strip()]
    return value


def context(reading: Reading, own: requests.Request) -> Context:
    """Return the service types of the request with their features."""
    catalogue = catalogues.version(reading, own.catalogue_version)
    return {"groups": groups(own.content, catalogue), "by": "", "text_of": text_of, "sized_by": wizard_lines.sized_by}


STEP = Step("features", ("lines",), values, context, ("_beside_lines",))
