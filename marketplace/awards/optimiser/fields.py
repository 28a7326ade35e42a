"""Reading one JSON object name by name, so that every error says where it is and what would be right."""

from collections.abc import Iterator
from typing import Any

from marketplace.kernel.errors import FieldError, MalformedError

MOST_ERRORS = 20
LONGEST_TEXT = 200
MONEY = 10**11
"""No single figure reaches a billion: a larger one is a slip, and sums stay exact in a solver's doubles."""


class Findings:
    """The errors found so far."""

    def __init__(self) -> None:
        self.errors: list[FieldError] = []

    def add(self, pointer: str, message: str) -> None:
        """Note an error; stops by MalformedError when there are more than anybody reads."""
        self.errors.append(FieldError(pointer, message))
        if len(self.errors) >= MOST_ERRORS:
            self.stop()

    def stop(self) -> None:
        """Raise MalformedError if anything was found."""
        if self.errors:
            first = self.errors[0]
            raise MalformedError(
                f"This is not a problem that can be solved: {first.pointer or '/'} {first.message}",
                errors=tuple(self.errors),
            )


class Fields:
    """One JSON object at a pointer. Names that nobody asked for are errors; a wrong value reads as its default."""

    def __init__(self, value: Any, pointer: str, findings: Findings) -> None:
        self.pointer = pointer
        self.findings = findings
        self.asked: set[str] = {"why", "note", "label"}
        self.values: dict[str, Any] = value if isinstance(value, dict) else {}
        if not isinstance(value, dict):
            findings.add(pointer, f"is {_kind(value)}; an object is right")

    def wrong(self, name: str, message: str) -> None:
        """Note that a value is wrong."""
        self.findings.add(f"{self.pointer}/{_escaped(name)}", message)

    def has(self, name: str) -> bool:
        """Tell whether there is a value other than null."""
        self.asked.add(name)
        return self.values.get(name) is not None

    def whole(self, *names: str, least: int = 0, most: int = MONEY, default: int | None = None) -> int:
        """Return a whole number under the first of ``names`` that is there; without a default there must be one."""
        found = self.maybe_whole(*names, least=least, most=most)
        if found is not None:
            return found
        if default is None and all(self.values.get(name) is None for name in names):
            self.wrong(names[0], f"is missing; a whole number from {least} to {most} is right")
        return least if default is None else default

    def maybe_whole(self, *names: str, least: int = 0, most: int = MONEY) -> int | None:
        """Return a whole number, or None where there is none."""
        name = next((name for name in names if self.has(name)), None)
        if name is None:
            return None
        value = self.values[name]
        if type(value) is int and least <= value <= most:
            return value
        said = value if isinstance(value, int | float) and not isinstance(value, bool) else _kind(value)
        self.wrong(name, f"is {said}; a whole number from {least} to {most} is right")
        return None

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text that is not empty; without a default there must be one."""
        if not self.has(name):
            if default is None:
                self.wrong(name, "is missing; a text is right")
            return default or ""
        value = self.values[name]
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
            self.wrong(name, f"is {_kind(value)}; a text of 1 to {LONGEST_TEXT} characters is right")
            return default or ""
        return value

    def maybe_text(self, name: str) -> str | None:
        """Return a text, or None where there is none."""
        return self.text(name) if self.has(name) else None

    def choice(self, *names: str, among: tuple[str, ...], default: str | None = None) -> str:
        """Return one of the words ``among``."""
        name = next((name for name in names if self.has(name)), names[0])
        value = self.text(name, default)
        if value in among:
            return value
        if value:
            self.wrong(name, f"is {value!r}; one of {', '.join(among)} is right")
        return among[0]

    def flag(self, name: str, *, default: bool) -> bool:
        """Return true or false."""
        if not self.has(name):
            return default
        value = self.values[name]
        if not isinstance(value, bool):
            self.wrong(name, f"is {_kind(value)}; true or false is right")
            return default
        return value

    def texts(self, name: str, *, most: int = 1000, needed: bool = False) -> tuple[str, ...]:
        """Return different texts, in their order."""
        found: dict[str, None] = {}
        for value, pointer in self.items(name, most=most, needed=needed):
            if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
                self.findings.add(pointer, f"is {_kind(value)}; a text of 1 to {LONGEST_TEXT} characters is right")
            elif value in found:
                self.findings.add(pointer, f"repeats {value!r}; each once is right")
            else:
                found[value] = None
        return tuple(found)

    def items(self, name: str, *, most: int, needed: bool = False) -> Iterator[tuple[Any, str]]:
        """Yield the items of a list with their pointers; nothing at all if there are more than ``most``."""
        if not self.has(name):
            if needed:
                self.wrong(name, "is missing; a list is right")
            return
        value = self.values[name]
        if not isinstance(value, list):
            self.wrong(name, f"is {_kind(value)}; a list is right")
            return
        if len(value) > most:
            self.wrong(name, f"has {len(value)} items; at most {most} are right")
            return
        if needed and not value:
            self.wrong(name, "is empty; at least one is right")
        for number, item in enumerate(value):
            yield item, f"{self.pointer}/{_escaped(name)}/{number}"

    def end(self) -> None:
        """Note the names that nobody asked for: what isn't understood is never passed over in silence."""
        for name in self.values:
            if name not in self.asked:
                self.wrong(str(name), f"is not known here; known are {', '.join(sorted(self.asked))}")


def _escaped(name: str) -> str:
    return name[:LONGEST_TEXT].replace("~", "~0").replace("/", "~1")


def _kind(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case str():
            return "a text" if len(value) > 40 else repr(value)  # noqa: PLR2004 - what fits into a sentence
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case _:
            return "an object"
