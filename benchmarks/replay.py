"""Replay: recorded events from a file of JSON lines through the codec into the engine, one after the other.

``python -m benchmarks.replay FILE`` replays FILE in a process of its own, so that its highest memory is the replay's.
"""

import json
import resource
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.engine import BIDDERS, bids, opened
from marketplace.bidding import engine
from marketplace.bidding.events import BidPlaced, Event, LotScheduled, event_from
from marketplace.bidding.model import LotState
from marketplace.kernel import codec
from marketplace.kernel.clock import stopwatch

_LOT = 10_000
"""Events in each lot of the file; one lot follows the other, as a transcript of each is read."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """How fast, and the highest resident memory of the whole process in MiB."""

    events: int
    lots: int
    rate: float
    memory: float


def write(file: Path, events: int) -> None:
    """Write that many events of auctions, lot after lot, as ``{"type", "event"}`` a line."""
    with file.open("w", encoding="utf-8") as lines:
        for event in islice(_recorded(), events):
            lines.write(json.dumps({"type": event.type, "event": codec.dump(event)}) + "\n")


def _recorded() -> Iterator[Event]:
    lot = 0
    while True:
        first, _ = opened(BIDDERS, lot)
        yield from first
        for bid, at in islice(bids(BIDDERS, seed=lot), _LOT - len(first)):
            yield BidPlaced(bid.bidder, bid.bid_id, bid.amount, bid.commitment, bid.valid_until, bid.key, at)
        lot += 1


def measure(file: Path) -> Replayed:
    """Replay ``file`` in a new process. Raises CalledProcessError."""
    result = subprocess.run(  # noqa: S603 - this module
        [sys.executable, "-m", "benchmarks.replay", str(file)], capture_output=True, text=True, check=True
    )
    return Replayed(**json.loads(result.stdout))


def main() -> None:
    """Replay the file that is named and print what it took."""
    events = lots = 0
    state: LotState | None = None
    begins = stopwatch()
    with Path(sys.argv[1]).open(encoding="utf-8") as lines:
        for line in lines:
            record: dict[str, Any] = json.loads(line)
            event = event_from(record["type"], record["event"])
            if isinstance(event, LotScheduled):
                state, lots = None, lots + 1
            state = engine.evolve(state, event)
            events += 1
    seconds = stopwatch() - begins
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    memory = highest / (1 << 20 if sys.platform == "darwin" else 1 << 10)  # bytes there, KiB elsewhere
    print(json.dumps({"events": events, "lots": lots, "rate": events / seconds, "memory": memory}))


if __name__ == "__main__":
    main()
