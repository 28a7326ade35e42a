"""An invented Form 471 file, and what a replay makes of it."""

import csv
import io
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from marketplace.catalogue.seed import load_seed
from marketplace.kernel.clock import StagedClock
from marketplace.replay import script
from marketplace.replay.result import Replayed
from marketplace.replay.script import Cast
from marketplace.standards.erate import ErateMapping, map_applications
from marketplace.standards.erate_filters import learned_filters
from marketplace.standards.erate_rows import read_rows

WINDOW = 60.0
"""Seconds for bids, by a clock that stands while anybody bids."""
HURRIED = {"registering", "drafting", "submitting", "verifying", "bidding", "rivals bidding", "asking again"}
"""What an application does before its auction closes."""
BASE = {
    "application_number": "221000001",
    "form_471_line_item_number": "2299000001.001",
    "billed_entity_number": "9001",
    "organization_name": "Elm Grove Library",
    "organization_entity_type_name": "library",
    "org_address1": "1 Elm St",
    "org_city": "Elm Grove",
    "org_state": "NJ",
    "org_zipcode": "07060",
    "ros_entity_number": "501",
    "ros_entity_name": "elm grove main",
    "ros_physical_address": "1 Elm St",
    "ros_physical_city": "Elm Grove",
    "ros_physical_state": "NJ",
    "ros_physical_zipcode": "07060",
    "ros_latitude": "40.5",
    "ros_longitude": "-74.2512345678",
    "spin_number": "143000001",
    "spin_name": "Blue Fiber LLC",
    "form_471_service_type_name": "Data Transmission and/or Internet Access",
    "form_471_function_name": "Fiber",
    "form_471_product_name": "Ethernet",
    "form_471_purpose_name": "Internet access service that includes a connection",
    "download_speed": "1",
    "form_471_download_speed_unit_name": "Gbps",
    "total_monthly_cost": "1000",
    "monthly_quantity": "1",
    "months_of_service": "12",
    "total_one_time_cost": "250",
    "one_time_quantity": "1",
}
RECORDS: tuple[dict[str, str], ...] = (
    {},
    # a second application of the same buyer, at a site of its own, won by another
    {
        "application_number": "221000002",
        "form_471_line_item_number": "2299000002.001",
        "ros_entity_number": "502",
        "ros_entity_name": "Elm Grove Main",
        "ros_physical_address": "2 Oak St",
        "spin_number": "143000002",
        "spin_name": "Red Wire Inc",
        "download_speed": "500",
        "form_471_download_speed_unit_name": "Mbps",
    },
    # another buyer with two winners at one site
    {
        "application_number": "221000003",
        "form_471_line_item_number": "2299000003.001",
        "billed_entity_number": "9002",
        "organization_name": "Harbor Unified School District",
        "organization_entity_type_name": "school district",
        "ros_entity_number": "503",
        "ros_entity_name": "harbor high",
        "ros_physical_address": "3 Pine St",
    },
    {
        "application_number": "221000003",
        "form_471_line_item_number": "2299000003.002",
        "billed_entity_number": "9002",
        "organization_name": "Harbor Unified School District",
        "organization_entity_type_name": "school district",
        "ros_entity_number": "503",
        "ros_entity_name": "harbor high",
        "ros_physical_address": "3 Pine St",
        "spin_number": "143000002",
        "spin_name": "Red Wire Inc",
        "total_monthly_cost": "80.10",
    },
    # equipment: no service of the catalogue
    {
        "application_number": "221000004",
        "form_471_line_item_number": "2299000004.001",
        "form_471_service_type_name": "Internal Connections",
        "form_471_function_name": "Cabling",
    },
)

Run = Callable[..., Replayed]


@dataclass
class Hands:
    """Set the clock on for who waits, only while no application has something left to do before a close."""

    clock: StagedClock
    _steps: dict[str, str] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def told(self, application: str, step: str) -> None:
        with self._lock:
            self._steps[application] = step

    def now(self) -> datetime:
        return self.clock.now

    def rest(self, seconds: float) -> None:
        with self._lock:
            busy = HURRIED & set(self._steps.values())
            if not busy:
                self.clock.now += timedelta(seconds=seconds)
        if busy:
            time.sleep(0.01)


def written(*records: dict[str, str]) -> str:
    """Return a file of records, each ``BASE`` with changes."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(BASE), lineterminator="\n")
    writer.writeheader()
    writer.writerows(BASE | record for record in records)
    return out.getvalue()


def mapped(text: str) -> ErateMapping:
    return map_applications(read_rows(text), load_seed())


def cast_of(mapping: ErateMapping, limit: int | None = None) -> Cast:
    """Return the cast of a run."""
    return script.cast_of("testrun", 7, mapping.applications, learned_filters(mapping.applications), limit)
