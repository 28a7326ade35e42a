"""The sentences around what a mail tells, in each language."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from notifications.languages import Language

_MONTHS = ("Jan.", "Feb.", "März", "April", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez.")


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the notices of a mail, and what a mail says that confirms an address.

    ``many`` is the subject of several notices, from ``count`` and ``titles``; ``when`` writes an instant that is in the
    reader's zone.
    """

    many: str
    see: str
    why: str
    why_shared: str
    choose: str
    end: str
    confirm_title: str
    confirm_text: str
    confirm_ask: str
    confirm_until: str
    when: Callable[[datetime], str]


FRAMES: Mapping[Language, Frame] = {
    Language.EN: Frame(
        many="{count} notices: {titles}",
        see="See it",
        why="You get this because you have an account at the marketplace.",
        why_shared="You get this because this is the shared address of your desk.",
        choose="Choose what comes by e-mail",
        end="No e-mail any more",
        confirm_title="Confirm this address",
        confirm_text=(
            "Somebody wants notices of the marketplace to come to this address. If that was not you, do nothing."
        ),
        confirm_ask="To confirm it, open this within three days:",
        confirm_until="The link is good for three days.",
        when=lambda own: f"{own.day} {own:%b %Y, %H:%M %Z}",
    ),
    Language.DE: Frame(
        many="{count} Benachrichtigungen: {titles}",
        see="Ansehen",
        why="Sie bekommen dies, weil Sie ein Konto auf dem Marktplatz haben.",
        why_shared="Sie bekommen dies, weil dies die gemeinsame Adresse Ihres Vertriebs ist.",
        choose="Wählen, was per E-Mail kommt",
        end="Keine E-Mail mehr",
        confirm_title="Diese Adresse bestätigen",
        confirm_text=(
            "Jemand möchte, dass Benachrichtigungen des Marktplatzes an diese Adresse gehen. Wenn Sie das nicht waren,"
            " tun Sie nichts."
        ),
        confirm_ask="Um sie zu bestätigen, öffnen Sie dies binnen drei Tagen:",
        confirm_until="Der Link gilt drei Tage.",
        when=lambda own: f"{own.day}. {_MONTHS[own.month - 1]} {own:%Y, %H:%M %Z}",
    ),
}
