"""How often a caller may do something: a token bucket each, in this process, told in the RateLimit header fields.

The fields are those of draft-ietf-httpapi-ratelimit-headers-10: the policy's quota and window, what remains, and when
all of it is there again. They tell a caller of its own activity alone.
"""

from dataclasses import dataclass, field
from datetime import datetime
from math import ceil

from marketplace.kernel.errors import TooManyRequestsError

_MOST_CALLERS = 100_000


@dataclass(slots=True)
class RateLimit:
    """``per_second`` calls in the long run and ``burst`` at once, for every caller; ``name`` is the policy's."""

    name: str
    per_second: float
    burst: int
    _buckets: dict[str, tuple[float, datetime]] = field(default_factory=dict)
    _policy: str = field(init=False)

    def __post_init__(self) -> None:
        self._policy = f'"{self.name}";q={self.burst};w={ceil(self.burst / self.per_second)}'

    def take(self, caller: str, now: datetime, cost: int = 1) -> dict[str, str]:
        """Count a call and return the header fields of its answer. Raises TooManyRequestsError with Retry-After.

        ``cost`` is how many calls it counts for, at most ``burst``.
        """
        left, since = self._buckets.get(caller, (float(self.burst), now))
        left = min(float(self.burst), left + max(0.0, (now - since).total_seconds()) * self.per_second)
        if left < cost:
            wait = max(1, ceil((cost - left) / self.per_second))
            headers = self._fields(int(left)) | {"Retry-After": str(wait)}
            raise TooManyRequestsError(self._told(), headers=headers)
        if len(self._buckets) >= _MOST_CALLERS:
            self._buckets.clear()
        self._buckets[caller] = left - cost, now
        return self._fields(int(left - cost))

    def _told(self) -> str:
        if self.per_second >= 1:
            return f"At most {self.per_second:g} a second."
        return f"At most {self.burst:,} at once, and {self.per_second * 3600:,.0f} an hour in the long run."

    def _fields(self, left: int) -> dict[str, str]:
        full = ceil((self.burst - left) / self.per_second)
        return {
            "RateLimit-Policy": self._policy,
            "RateLimit": f'"{self.name}";r={left};t={full}',
        }
