"""How wide text is before any browser has seen it: the advance widths of Inter, and cutting text to a width."""

import unicodedata
from functools import cache

REGULAR, BOLD = 400, 600
ABOVE, BELOW = 0.8, 0.24
"""How far the tallest and the deepest letters reach from the baseline, as parts of the font size."""

_ASCII = "".join(map(chr, range(32, 127)))
# read from the variable font that the pages use, in thousandths of the font size, at these two weights
_WIDTHS = {
    REGULAR: (
        "281 288 466 633 642 982 644 300 365 365 501 662 288 460 288 360 646 646 646 646 646 646 646 646 646 646 "
        "288 302 662 662 662 511 966 690 654 730 722 601 590 746 743 269 571 672 565 903 753 765 639 765 644 642 "
        "646 744 690 985 682 679 629 365 360 365 471 456 323 562 612 571 612 583 370 613 591 242 242 549 242 876 "
        "591 600 612 612 376 528 327 591 562 818 546 562 552 426 333 426 662 "
    ),
    BOLD: (
        "252 321 523 644 650 1004 663 326 373 373 540 673 319 465 319 379 666 666 666 666 666 666 666 666 666 666 "
        "319 329 673 673 673 543 999 728 659 737 722 605 588 749 746 277 580 703 565 922 759 769 645 773 652 650 "
        "660 736 728 1020 720 713 652 373 379 373 481 469 351 574 624 583 624 591 389 625 612 262 262 569 262 900 "
        "612 609 624 624 397 549 353 612 587 839 569 588 566 455 359 455 673 "
    ),
}
"""Figures are all as wide as the widest: columns of figures are set so, and a price may become any other."""
_OTHERS = {"·": 319, "\N{EN DASH}": 500, "\N{EM DASH}": 1000, "\N{MINUS SIGN}": 673, "…": 956, "€": 679, "£": 629}
_UNKNOWN = 1000
"""A letter of another script comes from another font: a full square is as wide as they get."""
_ELLIPSIS = "…"


@cache
def _table(weight: int) -> dict[str, int]:
    widths = map(int, _WIDTHS[weight].split())
    return (
        dict(zip(_ASCII, widths, strict=True)) | _OTHERS | {"\N{NO-BREAK SPACE}": 281, "\N{NARROW NO-BREAK SPACE}": 281}
    )


@cache
def _advance(letter: str, weight: int) -> int:
    known = _table(weight)
    if letter in known:
        return known[letter]
    base = unicodedata.normalize("NFD", letter)[0]
    return 0 if unicodedata.combining(letter) else known.get(base, _UNKNOWN)


def text_width(text: str, size: float, weight: int = REGULAR) -> float:
    """Return about how wide ``text`` will be, in the units of ``size``; ``weight`` is ``REGULAR`` or ``BOLD``."""
    return sum(_advance(letter, weight) for letter in text) * size / 1000


def cut(text: str, width: float, size: float, weight: int = REGULAR) -> str:
    """Return ``text``, or as much of its beginning as fits into ``width`` with an ellipsis; at least the ellipsis."""
    if text_width(text, size, weight) <= width:
        return text
    left = width - text_width(_ELLIPSIS, size, weight)
    kept = 0
    for letter in text:
        left -= _advance(letter, weight) * size / 1000
        if left < 0:
            break
        kept += 1
    return text[:kept].rstrip() + _ELLIPSIS
