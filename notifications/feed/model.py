"""The feed as frozen values: a part of it, and where the next one begins."""

from dataclasses import dataclass

from notifications.model import Notice


@dataclass(frozen=True, slots=True)
class Part:
    """Notices in their order. ``cursor``: all up to it were looked at; ``more``: there are others behind it already."""

    notices: tuple[Notice, ...]
    cursor: int
    more: bool
