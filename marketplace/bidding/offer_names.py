"""Names that a bid states in its own words, such as a surcharge or who owns an access line: what they may look like."""

from collections.abc import Iterator

from marketplace.kernel.errors import FieldError

NAME_SEPARATOR = "|"
"""What no name holds: it stands between surcharges where several share one cell."""
LONGEST_NAME = 80


def is_name(text: str) -> bool:
    """Tell whether ``text`` can be a name: short, printable, without the separator."""
    return 1 <= len(text) <= LONGEST_NAME and NAME_SEPARATOR not in text and text.isprintable()


def tidy(text: str) -> str:
    """Return a name without needless spaces."""
    return " ".join(text.split())


def folded(text: str) -> str:
    """Return what two spellings of one name have in common, whatever their case and spaces."""
    return tidy(text).casefold()


def name_problems(text: str, at: str, example: str) -> Iterator[FieldError]:
    """Yield what stands against a name that may be left empty."""
    if text and not is_name(text):
        message = f"a name has at most {LONGEST_NAME} printable characters without '{NAME_SEPARATOR}', such as"
        yield FieldError(at, f"{message} '{example}'")
    elif text != tidy(text):
        yield FieldError(at, "a name is words with single spaces between them")
