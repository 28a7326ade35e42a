"""What the scenario board tells: that scenarios were saved, changed and removed."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import RequestId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class ScenarioEvent(Event):
    """Base of events in the request's stream."""

    request_id: RequestId
    scenario_id: str
    revision: int

    @property
    def stream(self) -> str:
        """The request's own stream."""
        return f"request:{self.request_id}"


@dataclass(frozen=True, slots=True)
class ScenarioSaved(ScenarioEvent):
    """A scenario was saved, or changed."""

    name: ClassVar[str] = "scenario.saved"


@dataclass(frozen=True, slots=True)
class ScenarioRemoved(ScenarioEvent):
    """A saved scenario was removed."""

    name: ClassVar[str] = "scenario.removed"
