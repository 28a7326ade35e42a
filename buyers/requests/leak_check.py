"""The leak check: where a text that carriers would read gives the buyer away, or tells how to reach it."""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from enum import Enum

from buyers.requests.auction_view import ArrangementView, AuctionView, ScoringView, SoftCloseView
from buyers.requests.leak_terms import STREET_WORDS, IdentityTerms, Needle, fold, is_invisible, needles, squash
from buyers.requests.model import Bands, Content
from buyers.requests.view import (
    AttachmentView,
    BillingView,
    CarrierView,
    FeatureView,
    LineView,
    LotView,
    PlaceView,
    SiteView,
    UsageView,
    carrier_view,
)

__all__ = ["Finding", "IdentityTerms", "find_leaks", "texts_of"]

_GAP_LIMIT = 3
"""More signs than these between two letters separate texts, they do not space out a word."""
_BETWEEN_TEXTS = "\n"
_CONTACT = "contact"

# Strings of the view that are codes and refs (the check of the content holds them to a pattern or to the catalogue) or
# geography that the buyer chose to disclose. Every other string counts as free text: a new field is checked by itself.
# The words of an auction's rules are made of such codes and of the criteria, which are checked themselves.
_NOT_FREE: dict[type, frozenset[str]] = {
    CarrierView: frozenset({"pseudonym", "catalogue_version", "bands"}),
    SiteView: frozenset({"ref"}),
    PlaceView: frozenset({"country", "state", "city", "postal_code"}),
    LineView: frozenset({"ref", "service_type", "site"}),
    FeatureView: frozenset({"code"}),
    LotView: frozenset({"ref", "lines"}),
    BillingView: frozenset({"currency", "period"}),
    UsageView: frozenset({"service_type"}),
    AttachmentView: frozenset({"ref", "media_type", "sha256"}),
    AuctionView: frozenset({"format", "base", "visibility", "ties", "disclosed", "rules"}),
    SoftCloseView: frozenset({"base"}),
    ScoringView: frozenset({"kind"}),
    ArrangementView: frozenset({"kind"}),
}

# Every repetition is bounded, so that the time of a search grows with the text's length and no faster.
_HOST = r"(?:[a-z0-9-]{1,63}\.){1,5}"
_TOP = (
    r"(?:com|org|net|edu|gov|mil|int|info|biz|io|co|app|dev|cloud|"
    r"us|uk|ca|au|nz|de|fr|nl|eu|ch|es|ie|se|dk|pl|jp|cn|mx|br)"
)
_CONTACTS = (
    (re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}"), "an e-mail address"),
    (
        re.compile(
            r"[\w.+-]{1,64}\s{0,2}(?:[(\[{]at[)\]}]|\bat\b)\s{0,2}[\w-]{1,63}(?:\.[\w-]{1,63}){0,3}"
            r"\s{0,2}(?:[(\[{]dot[)\]}]|\bdot\b)\s{0,2}[a-z]{2,12}\b",
            re.IGNORECASE,
        ),
        "an e-mail address in words",
    ),
    (re.compile(r"\b(?:https?://|ftp://|www\.)[^\s<>\"']{1,300}", re.IGNORECASE), "a web address"),
    (re.compile(rf"(?<![\w@.-]){_HOST}{_TOP}\b(?:/[^\s<>\"']{{0,300}})?", re.IGNORECASE), "a web address"),
    (re.compile(r"(?<![\w.])(?:\+|00)[1-9](?:[ ().\/-]{0,3}\d){6,14}(?!\d)"), "a phone number"),
    (
        re.compile(
            # '200 500 1000' is a list of speeds.
            r"(?<![\w.])(?![2-9]00 [2-9]00 )(?:\+?1[ .-]{0,2})?"
            r"\(?[2-9]\d{2}\)?[ ./-]{0,3}[2-9]\d{2}[ .-]{0,3}\d{4}(?!\w|\.\d)"
        ),
        "a phone number",
    ),
    (re.compile(r"(?<![\w.])\(?0[1-9]\d{1,4}\)?[ /.-]{1,3}\d(?:[ /.-]?\d){4,9}(?!\d)"), "a phone number"),
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One place that gives the buyer away; ``start`` and ``end`` count characters of the original text.

    ``where`` is the JSON Pointer of the text. ``kind`` is name, domain, email, phone, number, street, person, site, or
    'contact' for any way to reach somebody, whoever it is.
    """

    where: str
    start: int
    end: int
    text: str
    kind: str
    why: str


@dataclass(slots=True)
class _Stream:
    """All texts as one run of folded letters and digits, each knowing the text and position that it comes from."""

    pointers: list[str] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    letters: str = ""
    positions: list[int] = field(default_factory=list)
    gaps: list[int] = field(default_factory=list)
    starts: bytearray = field(default_factory=bytearray)


def texts_of(content: Content) -> dict[str, str]:
    """Return every free text that reaches the carriers, by JSON Pointer into the content."""
    view = carrier_view(0, "", content, Bands(), content.lots, catalogue_version="")
    return {pointer: text for pointer, text in _walk(view, "") if text}


def find_leaks(texts: Mapping[str, str], terms: IdentityTerms) -> tuple[Finding, ...]:
    """Return what in ``texts`` gives the buyer away, by text and position, without what lies inside a longer finding.

    Finds spellings with other case, spaces, signs, accents, look-alike letters and digits, invisible characters. The
    time is linear in the length of the texts for each term.
    """
    stream = _stream(texts)
    found = [
        _finding(texts, stream, span, needle) for needle in needles(terms) for span in _spans(texts, stream, needle)
    ]
    found += [finding for pointer, text in texts.items() for finding in _contacts(pointer, text)]
    order = {pointer: index for index, pointer in enumerate(texts)}
    # A stable sort: of equal spans the identity's own term stays before the general contact.
    found.sort(key=lambda finding: (order[finding.where], finding.start, -finding.end))
    kept: list[Finding] = []
    for finding in found:
        disclosed = finding.kind == "street" and finding.where.endswith("/place/street")
        if disclosed:
            continue
        if not kept or kept[-1].where != finding.where or finding.end > kept[-1].end:
            kept.append(finding)
        elif kept[-1].kind == _CONTACT != finding.kind:
            # '(212) 555-0123' is a contact by its form; that it is the buyer's own is what counts.
            kept[-1] = replace(kept[-1], kind=finding.kind, why=finding.why)
    return tuple(kept)


def _walk(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str) and not isinstance(value, Enum):
        yield pointer, value
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            yield from _walk(item, f"{pointer}/{index}")
    elif is_dataclass(value):
        skipped = _NOT_FREE.get(type(value), frozenset())
        for member in fields(value):
            if member.name not in skipped:
                yield from _walk(getattr(value, member.name), f"{pointer}/{member.name}")


def _stream(texts: Mapping[str, str]) -> _Stream:
    stream = _Stream()
    letters: list[str] = []
    for pointer, text in texts.items():
        stream.pointers.append(pointer)
        stream.begins.append(len(letters))
        _pour(text, letters, stream)
        letters.append(_BETWEEN_TEXTS)
        stream.positions.append(len(text))
        stream.gaps.append(0)
        stream.starts.append(1)
    stream.letters = "".join(letters)
    return stream


def _pour(text: str, letters: list[str], stream: _Stream) -> None:
    """Append the letters of one text, each with its position, the signs before it, and whether a word starts there."""
    gap = 0
    before = ""
    for position, char in enumerate(text):
        if is_invisible(char):
            continue
        folded = fold(char)
        if not folded:
            gap += 1
            continue
        starts = gap > 0 or _is_seam(before, char, text[position + 1 : position + 2])
        for index, letter in enumerate(folded):
            letters.append(letter)
            stream.positions.append(position)
            stream.gaps.append(0 if index else gap)
            stream.starts.append(starts and not index)
        gap = 0
        before = char


def _is_seam(before: str, char: str, after: str) -> bool:
    """Return whether a word starts at ``char`` without a separator: 'acmeFiber', 'ACMEFiber', 'FY26acme', 'acme@'."""
    if not before or _sort(before) != _sort(char):
        return True
    return char.isupper() and (before.islower() or (before.isupper() and after.islower()))


def _sort(char: str) -> int:
    return 0 if char.isalpha() else 1 if char.isalnum() else 2


def _spans(texts: Mapping[str, str], stream: _Stream, needle: Needle) -> Iterator[tuple[int, int]]:
    """Yield start and end (exclusive) in the stream of every place where ``needle`` stands."""
    length = len(needle.folded)
    start = stream.letters.find(needle.folded)
    while start >= 0:
        end = start + length
        if _fits(texts, stream, needle, start, end):
            yield start, end
            start = stream.letters.find(needle.folded, end)
        else:
            start = stream.letters.find(needle.folded, start + 1)


def _fits(texts: Mapping[str, str], stream: _Stream, needle: Needle, start: int, end: int) -> bool:
    if needle.whole and not (stream.starts[start] and stream.starts[end]):
        return False
    if max(stream.gaps[start + 1 : end], default=0) > _GAP_LIMIT:
        return False
    if needle.capitals:
        text = texts[_owner(stream, start)]
        if any(text[position].islower() for position in stream.positions[start:end]):
            return False
    return not needle.street or _before_street(stream, end)


def _before_street(stream: _Stream, end: int) -> bool:
    """Return whether a word for 'street' follows."""
    follows = any(
        stream.letters.startswith(word, end) and stream.starts[end + len(word)] for word in _FOLDED_STREET_WORDS
    )
    return follows and bool(stream.starts[end])


_FOLDED_STREET_WORDS = tuple(sorted(squash(word) for word in STREET_WORDS))


def _owner(stream: _Stream, start: int) -> str:
    return stream.pointers[bisect_right(stream.begins, start) - 1]


def _finding(texts: Mapping[str, str], stream: _Stream, span: tuple[int, int], needle: Needle) -> Finding:
    where = _owner(stream, span[0])
    first, last = stream.positions[span[0]], stream.positions[span[1] - 1]
    return Finding(where, first, last + 1, texts[where][first : last + 1], needle.kind, needle.why)


def _contacts(pointer: str, text: str) -> Iterator[Finding]:
    visible = [(position, char) for position, char in enumerate(text) if not is_invisible(char)]
    plain = "".join(_compatible(char) for _, char in visible)
    for pattern, why in _CONTACTS:
        for match in pattern.finditer(plain):
            first, last = visible[match.start()][0], visible[match.end() - 1][0]
            yield Finding(pointer, first, last + 1, text[first : last + 1], _CONTACT, why)


def _compatible(char: str) -> str:
    """Return the plain form of a full-width or styled character, where that is one character too."""
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 else char
