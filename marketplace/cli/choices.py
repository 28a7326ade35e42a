"""What every command of the API can be told beside its own options: which account, and people's or machines' output."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field


class MistakeError(Exception):
    """What the user can mend and no call has to find out: a file that is no JSON, a word that was not typed."""


@dataclass(frozen=True, slots=True)
class Choices:
    """``account``: the name given with --as, else empty. ``closing``: what ends with the command."""

    account: str = ""
    json: bool = False
    closing: ExitStack = field(default_factory=ExitStack)


_CHOICES: ContextVar[Choices] = ContextVar("choices")


def current() -> Choices:
    """Return the choices of the running command."""
    return _CHOICES.get()


@contextmanager
def running(account: str, *, json: bool) -> Iterator[None]:
    """Run a command with these choices; what it opened is closed behind it."""
    with ExitStack() as closing:
        token = _CHOICES.set(Choices(account, json, closing))
        try:
            yield
        finally:
            _CHOICES.reset(token)
