"""How players read the time and let it pass: by this machine, or by a clock that is set by hand."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from marketplace.kernel.clock import machine_now, wait


@dataclass(frozen=True, slots=True)
class Pace:
    """A clock that agrees with the marketplace's. ``rest`` lets so many seconds of it pass."""

    now: Callable[[], datetime] = machine_now
    rest: Callable[[float], None] = wait
