"""Templates into HTML: one environment a language, money and time as the reader writes them."""

import io
from collections.abc import Callable
from contextvars import ContextVar
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from functools import cache, partial
from importlib.resources import files
from pathlib import Path
from typing import Any

from babel import dates, numbers
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from marketplace.kernel.texts import marked
from marketplace.terminals import assets, sentences
from marketplace.terminals.browser import LOCALES, Preferences

_HERE = Path(str(files("marketplace.terminals")))
_WITHIN_THE_HOUR = timedelta(hours=1)
_NOTHING = Markup("\N{EN DASH}")
_NOT_KNOWN_YEAR = 9000
"""An instant as late as this says that it is not known yet: when bids end whose clock stands still."""


def render(template: str, preferences: Preferences, now: datetime, **context: Any) -> str:
    """Return a template's HTML for a reader; ``now`` (UTC) is what times are told against."""
    environment = _environment(preferences.locale)
    token = _CUSTOMS.set(Customs(preferences, now))
    try:
        return environment.get_template(template).render(context | {"now": now, "preferences": preferences})
    finally:
        _CUSTOMS.reset(token)


class Customs:
    """How one reader writes money, numbers and time."""

    def __init__(self, preferences: Preferences, now: datetime) -> None:
        self.locale = preferences.locale
        self._locale = preferences.babel
        self._zone = preferences.zone_info
        self._now = now
        self._words = gettext(preferences)

    def money(self, amount: Decimal | str | None, currency: str = "USD") -> str:
        """Return an amount with its currency and at least its cents; a dash for none."""
        if amount is None or amount == "":
            return _NOTHING
        value = Decimal(amount)
        whole = value == value.to_integral_value()
        # figures under a cent occur in usage rates; whole amounts read better without zeros
        places = 0 if whole and abs(value) >= 1000 else max(2, -int(value.normalize().as_tuple().exponent))  # noqa: PLR2004 - from a thousand on cents are noise
        pattern = "¤#,##0" + ("." + "0" * places if places else "")
        if self._locale.language != "en":
            pattern = pattern[1:] + "\xa0¤"
        return numbers.format_currency(value, currency, pattern, locale=self._locale, currency_digits=False)

    def number(self, value: Decimal | float | str | None) -> str:
        """Return a figure with its groups of thousands; a dash for none."""
        return (
            _NOTHING
            if value is None or value == ""
            else numbers.format_decimal(Decimal(str(value)), locale=self._locale)
        )

    def percent(self, share: Decimal | float | None, places: int = 1) -> str:
        """Return a share (0.286) in percent (28.6%); a dash for none."""
        if share is None:
            return _NOTHING
        pattern = "#,##0" + ("." + "0" * places if places else "") + ("%" if self._locale.language == "en" else "\xa0%")
        return numbers.format_percent(Decimal(str(share)), pattern, locale=self._locale)

    def when(self, at: datetime | None) -> Markup:
        """Return a date and time in the reader's zone, with the zone's name; a dash for none."""
        if at is None:
            return _NOTHING
        if at.year >= _NOT_KNOWN_YEAR:
            return Markup('<span class="nowrap">{}</span>').format(self._words(marked("not known yet")))
        own = at.astimezone(self._zone)
        text = f"{self._date(own)}, {dates.format_time(own, 'HH:mm', locale=self._locale)}"
        zone = dates.get_timezone_name(own, width="short", locale=self._locale)
        if zone[0] in "+-":  # no short name in this language
            zone = dates.get_timezone_gmt(own, width="long", locale=self._locale)
        return Markup('<time datetime="{}" class="nowrap">{} {}</time>').format(at.isoformat(), text, zone)

    def clock_time(self, at: datetime) -> str:
        """Return the time of day to the second in the reader's zone."""
        return dates.format_time(at.astimezone(self._zone), "HH:mm:ss", locale=self._locale)

    def field_time(self, at: datetime | None) -> str:
        """Return an instant as the value of a field for date and time, in the reader's zone."""
        return "" if at is None or at.year >= _NOT_KNOWN_YEAR else at.astimezone(self._zone).strftime("%Y-%m-%dT%H:%M")

    def day(self, at: date | datetime | None) -> str:
        """Return a date; a dash for none."""
        if at is None:
            return _NOTHING
        own = at.astimezone(self._zone).date() if isinstance(at, datetime) else at
        return self._date(own)

    def _date(self, day: date) -> str:
        """Return day, month in letters and year: in English with the day first, elsewhere as is usual there."""
        if self._locale.language == "en":
            return dates.format_date(day, "d MMM y", locale=self._locale)
        return dates.format_skeleton("yMMMd", day, locale=self._locale)

    def ago(self, at: datetime | None) -> Markup | str:
        """Return how long ago, or until, within the hour; the date and time otherwise."""
        if at is None or abs(self._now - at) > _WITHIN_THE_HOUR:
            return self.when(at)
        return dates.format_timedelta(at - self._now, add_direction=True, locale=self._locale)


_CUSTOMS: ContextVar[Customs] = ContextVar("customs")
"""Whose customs the filters follow: a macro is imported without the page's context."""


def _filter(name: str) -> Callable[..., Any]:
    def apply(*values: Any, **options: Any) -> Any:
        return getattr(_CUSTOMS.get(), name)(*values, **options)

    return apply


@cache
def _environment(locale: str) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    for name in ("money", "when", "clock_time", "field_time", "day", "ago", "number", "percent"):
        environment.filters[name] = _filter(name)
    environment.filters["told"] = partial(_told, _translations(locale).gettext)
    environment.filters["word"] = partial(_word, _translations(locale).gettext)
    environment.filters["by_name"] = sentences.by_name
    environment.globals["static"] = assets.address
    environment.globals["locales"] = LOCALES
    environment.install_gettext_translations(_translations(locale), newstyle=True)  # type: ignore[attr-defined]
    return environment


def _told(say: Callable[[str], str], sentence: str) -> str:
    """Return a sentence that another room has put together as the reader's language says it."""
    customs = _CUSTOMS.get()
    return sentences.told(sentence, say, customs.money, customs.number, customs.locale)


def _word(say: Callable[[str], str], code: object) -> str:
    """Return a word of the house, such as a state, as the reader says it: with a capital, as it stands alone."""
    text = str(code.value if isinstance(code, Enum) else code).replace("_", " ")
    return say(text[:1].upper() + text[1:])


def gettext(preferences: Preferences) -> Callable[[str], str]:
    """Return the function that translates a sentence written in code for this reader."""
    return _translations(preferences.locale).gettext


@cache
def _translations(locale: str) -> Translations:
    """Return what a language's catalogue holds: compiled here, so that no compiled file can be stale."""
    path = _HERE / "locale" / locale / "LC_MESSAGES" / "messages.po"
    compiled = io.BytesIO()
    if not path.exists():
        return Translations()
    with path.open("rb") as source:
        write_mo(compiled, read_po(source, locale=locale))
    compiled.seek(0)
    return Translations(compiled)
