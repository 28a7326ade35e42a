"""From the fields of a wizard's form, named like paths ('schedule.closes_at'), to nested values and back."""

from collections.abc import Iterable, Mapping
from typing import Any

from marketplace.terminals.pages import Form

_DEEPEST = 6
_WIDEST = 5_000


def nested(form: Form, prefix: str) -> dict[str, Any]:
    """Return the fields below ``prefix`` as nested dicts; a blank text is None. Levels of numbers are lists.

    Of a field that is sent several times all texts are a list, if its name ends in '[]'.
    """
    found: dict[str, Any] = {}
    for name, texts in form.fields.items():
        path = name.split(".")
        if path[0] != prefix or not 1 < len(path) <= _DEEPEST:
            continue
        below = found
        for part in path[1:-1]:
            below = below.setdefault(part, {})
        last = path[-1]
        if last.endswith("[]"):
            below[last.removesuffix("[]")] = [text.strip() for text in texts if text.strip()]
        else:
            below[last] = texts[-1].strip() or None
    return found


def rows(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a grid, whose fields are numbered, in their order; rows that say nothing are left out."""
    numbered = sorted((int(key), row) for key, row in values.items() if key.isdecimal() and int(key) < _WIDEST)
    return [row for _, row in numbered if any(row.values())]


def stated(values: Mapping[str, Any], names: Iterable[str]) -> dict[str, Any]:
    """Return those of ``names`` that say something."""
    return {name: values[name] for name in names if values.get(name) is not None}
