"""What the rule linter says: one finding, how heavy it is, and the nearest setting that would do."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether a finding stands against an announcement."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Setting:
    """A value of the rules, as its field takes it; None leaves the field out."""

    value: object


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing in a lot's rules: a JSON pointer into them, why in a plain sentence, the nearest setting in words.

    ``nearest_value`` is that setting for machines, where it is one value.
    """

    pointer: str
    reason: str
    nearest: str
    nearest_value: Setting | None = None
    severity: Severity = Severity.ERROR

    @property
    def message(self) -> str:
        """Both in one sentence."""
        return f"{self.reason}: {self.nearest}" if self.nearest else self.reason
