"""What oversight tells: who took which job, and gave it back."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.journal import Event
from marketplace.oversight.model import JobKind


@dataclass(frozen=True, slots=True)
class JobEvent(Event):
    """Base of what happens to a job; its stream lasts longer than the job, which may come again."""

    kind: JobKind
    subject: str

    @property
    def stream(self) -> str:
        """The job's own stream."""
        return f"job:{self.kind}:{self.subject}"


@dataclass(frozen=True, slots=True)
class JobTaken(JobEvent):
    """Somebody of the platform took a job, for a while."""

    name: ClassVar[str] = "job.taken"


@dataclass(frozen=True, slots=True)
class JobReleased(JobEvent):
    """Who had taken a job gave it back."""

    name: ClassVar[str] = "job.released"
