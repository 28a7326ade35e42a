"""A PDF that only shows: whether any object of a file, reachable or not, acts, hides or carries something."""

from collections.abc import Mapping
from typing import Any

from pypdf import PdfReader
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject

MOST_OBJECTS = 50_000
ACTIVE = {
    "/JS": "scripts",
    "/JavaScript": "scripts",
    "/Launch": "an action that starts a program",
    "/EmbeddedFile": "another file inside",
    "/EmbeddedFiles": "another file inside",
    "/Filespec": "another file inside",
    "/EF": "another file inside",
    "/RichMedia": "sound or video",
    "/XFA": "an interactive form",
    "/SubmitForm": "a form that sends data away",
    "/ImportData": "an action that loads data",
    "/GoToR": "a link into another file",
    "/GoToE": "a link into a file inside",
    "/AA": "actions that run by themselves",
}
"""Names that a passive document has no use for, as key, as kind or as filter, and what they mean."""
_KINDS = frozenset({"/S", "/Type", "/Subtype", "/Filter"})


def why_not(reader: PdfReader, refused: Mapping[str, str]) -> str:
    """Return what a PDF holds that it must not, by the names in ``refused``; empty: nothing.

    Raises what pypdf raises at a file that was made to break it.
    """
    numbers = {(number, generation) for generation, objects in reader.xref.items() for number in objects}
    numbers |= {(number, 0) for number in reader.xref_objStm}
    if len(numbers) > MOST_OBJECTS:
        return f"it has {len(numbers):,} parts: {MOST_OBJECTS:,} at most"
    waiting: list[Any] = [reader.trailer]
    waiting += [IndirectObject(number, generation, reader).get_object() for number, generation in sorted(numbers)]
    seen = 0
    while waiting:
        value = waiting.pop()
        seen += 1
        if seen > MOST_OBJECTS * 20:
            return "it has too many parts"
        inside: list[Any] = []
        if isinstance(value, DictionaryObject):
            inside = list(value.values())
            for name in _names(value):
                if name in refused:
                    return f"it holds {refused[name]} ({name}): print it into a new PDF and send that"
        elif isinstance(value, ArrayObject):
            inside = list(value)
        waiting += [inner for inner in inside if not isinstance(inner, IndirectObject)]
    return ""


def _names(value: DictionaryObject) -> set[str]:
    """Return the keys of a part, and the names of what kind it is."""
    named: list[Any] = list(value)
    for key in _KINDS & set(value):
        kind = value[key]
        named += kind if isinstance(kind, ArrayObject) else [kind]
    return {name for name in named if isinstance(name, str)}
