"""What one text message holds: the default alphabet, and a title with a link cut to fit, pure."""

ONE_TEXT = 160
"""Characters of the default alphabet (GSM 03.38) in one text; one of its extension counts twice."""
ONE_WIDE_TEXT = 70
TWO_WIDE_TEXTS = 134
"""UTF-16 units in two joined texts, where a character is not in that alphabet."""
_ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("^{}\\[~]|€\f")
_PLAIN = str.maketrans(
    {"“": '"', "”": '"', "„": '"', "‘": "'", "’": "'", "–": "-", "—": "-", "…": "...", "\xa0": " "}  # noqa: RUF001 - what is typed so
)


def body_of(title: str, link: str) -> str:
    """Return a notice's text: its title and its link, in one text wherever the alphabet allows.

    A title that is too long is cut; the link never is.
    """
    plain = " ".join(title.translate(_PLAIN).split())
    wide = septets(plain + link) is None
    most = TWO_WIDE_TEXTS if wide else ONE_TEXT
    room = most - _units(link, wide=wide) - 2
    if _units(plain, wide=wide) > room:
        plain = plain[:room]
        while plain and _units(plain, wide=wide) > max(room - 3, 0):
            plain = plain[:-1]
        plain = plain.rstrip() + "..."
    return f"{plain}: {link}"


def septets(text: str) -> int | None:
    """Return how much of a text message ``text`` takes in the default alphabet; None: it can't be written in it."""
    if any(letter not in _ALPHABET and letter not in _EXTENSION for letter in text):
        return None
    return sum(2 if letter in _EXTENSION else 1 for letter in text)


def _units(text: str, *, wide: bool) -> int:
    return len(text.encode("utf-16-le")) // 2 if wide else septets(text) or 0
