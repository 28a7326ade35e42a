"""Problems as pages tell them: in plain words, and in the reader's language as far as it has the words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from marketplace.kernel.errors import FieldError, ProblemError
from marketplace.kernel.texts import marked

_PLAIN = {
    "string_too_short": marked("write at least {min_length} characters"),
    "string_too_long": marked("write at most {max_length} characters"),
    "decimal_parsing": marked("write a number, such as 1250.00"),
    "decimal_max_places": marked("write at most {decimal_places} digits behind the point"),
    "int_parsing": marked("write a whole number"),
    "int_from_float": marked("write a whole number"),
    "float_parsing": marked("write a number, such as 47.6"),
    "greater_than_equal": marked("write {ge} or more"),
    "greater_than": marked("write more than {gt}"),
    "less_than_equal": marked("write {le} or less"),
    "less_than": marked("write less than {lt}"),
    "date_from_datetime_parsing": marked("choose a date"),
    "date_parsing": marked("choose a date"),
}
"""What the checks of types say, in the words of a form."""


class _Filled(str):
    """A message with its limits filled in, which remembers what it was made of: another language fills in its own."""

    __slots__ = ("form", "limits")
    form: str
    limits: Mapping[str, Any]

    def __new__(cls, form: str, limits: Mapping[str, Any]) -> Self:
        filled = super().__new__(cls, form.format(**limits))
        filled.form, filled.limits = form, limits
        return filled


@dataclass(frozen=True, slots=True)
class Told:
    """A problem in the reader's language; what is not in the catalogue stays English."""

    status: int
    kind: str
    title: str
    detail: str
    errors: tuple[FieldError, ...]
    extra: Mapping[str, Any]


def plainly(item: Mapping[str, Any]) -> str:
    """Return what is wrong with a field in the words of a form: the checks' own are for programmers."""
    said, limits = item["type"], item.get("ctx", {})
    if said == "missing" or item["input"] in ("", None):
        return marked("fill this in")
    form = _PLAIN.get(said)
    return _Filled(form, limits) if form is not None else str(item["msg"]).removeprefix("Value error, ")


def in_own_language(context: dict[str, Any], say: Callable[[str], str]) -> dict[str, Any]:
    """Return a page's context with its problem, and the messages beside its fields, as ``say`` translates them."""

    def told(message: str) -> str:
        return say(message.form).format(**message.limits) if isinstance(message, _Filled) else say(message)

    problem = context["problem"]
    found: dict[str, Any] = {"errors": {field: told(message) for field, message in context["errors"].items()}}
    if isinstance(problem, ProblemError):
        errors = tuple(FieldError(error.pointer, told(error.message)) for error in problem.errors)
        detail = say(problem.detail) if problem.detail else ""
        found["problem"] = Told(problem.status, problem.kind, say(problem.title), detail, errors, problem.extra)
    return context | found
