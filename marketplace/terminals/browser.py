"""What a browser keeps for us: the cookie that signs it in, the reader's language, zone and theme, and one note."""

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, UnknownLocaleError, negotiate_locale
from fastapi import Request, Response

from marketplace.identity.model import BrowserSession, User
from marketplace.kernel.access import NOBODY, Kind, Principal

LOCALES = ("en", "de")
"""Languages that the pages are written in; the first is complete and stands in for the others."""
THEMES = ("light", "dark")
_YEAR_SECONDS = 365 * 86_400
_LONGEST_NOTE = 300


@dataclass(frozen=True, slots=True)
class Preferences:
    """How a reader reads: language, time zone (IANA name) and theme (empty: as the system is set)."""

    locale: str = LOCALES[0]
    zone: str = "UTC"
    theme: str = ""

    @property
    def zone_info(self) -> ZoneInfo:
        """The time zone itself."""
        return ZoneInfo(self.zone)

    @property
    def babel(self) -> Locale:
        """The language and its customs."""
        return Locale.parse(self.locale)


@dataclass(frozen=True, slots=True)
class Reader:
    """Who reads a page, as far as the page's frame needs it. Nobody signed in: ``kind`` is empty."""

    kind: str
    role: str
    full_name: str
    email: str
    preferences: Preferences
    zone_known: bool = False

    @property
    def zone(self) -> str:
        """The time zone in which times are told (IANA name)."""
        return self.preferences.zone

    @property
    def locale(self) -> str:
        """The language of the page."""
        return self.preferences.locale

    @property
    def theme(self) -> str:
        """``light``, ``dark`` or empty: as the system is set."""
        return self.preferences.theme

    @property
    def signed_in(self) -> bool:
        """Whether somebody is signed in."""
        return bool(self.kind)


def reader_of(request: Request) -> Reader:
    """Return who reads the answer to this request."""
    principal: Principal = getattr(request.state, "principal", NOBODY)
    account: User | None = getattr(request.state, "account", None)
    kind = "" if principal.anonymous or principal.kind is Kind.NOBODY else principal.kind.value
    return Reader(
        kind,
        principal.role.value if kind and principal.role else "",
        account.full_name if account and kind else "",
        account.email if account and kind else "",
        preferences_of(request),
        zone_known=_zone(request) in _zones(),
    )


def preferences_of(request: Request) -> Preferences:
    """Return the reader's choices; what is missing or unknown is the browser's language, UTC, the system's theme."""
    zone, theme = _zone(request), request.cookies.get("theme", "")
    return Preferences(_locale_of(request), zone if zone in _zones() else "UTC", theme if theme in THEMES else "")


@cache
def _zones() -> frozenset[str]:
    """Return the names of all time zones: to list them walks through the machine's files, so that is done once."""
    return frozenset(available_timezones())


def _zone(request: Request) -> str:
    """Return the zone in the cookie, which a script may have set with its slash escaped."""
    return unquote(request.cookies.get("zone", ""))


def _locale_of(request: Request) -> str:
    chosen = request.cookies.get("locale", "")
    if chosen in LOCALES:
        return chosen
    wanted = [part.partition(";")[0].strip() for part in request.headers.get("accept-language", "").split(",")][:10]
    try:
        return negotiate_locale([tag for tag in wanted if tag], LOCALES, sep="-") or LOCALES[0]
    except (ValueError, UnknownLocaleError):
        return LOCALES[0]


def keep(response: Response, name: str, value: str) -> None:
    """Let the browser keep one of the reader's choices for a year. It says nothing of who reads."""
    response.set_cookie(name, value, max_age=_YEAR_SECONDS, samesite="lax", httponly=True)


def secret_of(request: Request) -> str:
    """Return the secret with which the browser is signed in; empty without."""
    return request.cookies.get(_cookie_name(request), "")


def sign_in(request: Request, response: Response, session: BrowserSession, now: datetime) -> None:
    """Let the browser keep the secret of its session: for this host alone, out of reach of scripts."""
    response.set_cookie(
        _cookie_name(request),
        session.secret,
        max_age=int((session.expires_at - now).total_seconds()),
        httponly=True,
        samesite="lax",
        secure=_is_secure(request),
        path="/",
    )


def sign_out(request: Request, response: Response) -> None:
    """Let the browser forget its secret."""
    response.delete_cookie(_cookie_name(request), path="/", secure=_is_secure(request), httponly=True, samesite="lax")


def forget_pages(response: Response) -> None:
    """Let the browser drop what it keeps of our pages; choices such as the time zone stay (W3C Clear Site Data)."""
    response.headers["Clear-Site-Data"] = '"cache", "storage"'


def _cookie_name(request: Request) -> str:
    """``__Host-`` (RFC 6265bis) keeps other hosts of the domain from setting it; it works over https alone."""
    return "__Host-tenderline" if _is_secure(request) else "tenderline"


def _is_secure(request: Request) -> bool:
    return request.url.scheme == "https"


def leave_note(response: Response, note: str, tone: str = "good") -> None:
    """Let the next page that is shown begin with one sentence on what was done."""
    packed = base64.urlsafe_b64encode(json.dumps([note[:_LONGEST_NOTE], tone]).encode()).decode()
    response.set_cookie("note", packed, max_age=60, samesite="lax", httponly=True)


def note_of(request: Request) -> tuple[str, str] | None:
    """Return the sentence that was left for this page and its tone, or None."""
    try:
        note, tone = json.loads(base64.urlsafe_b64decode(request.cookies.get("note", "")))
    except (ValueError, binascii.Error):
        return None
    return (str(note)[:_LONGEST_NOTE], "bad" if tone == "bad" else "good")
