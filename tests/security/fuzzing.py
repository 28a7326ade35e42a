"""The API under schemathesis: what it is told of our market, what it checks, and what it found."""

import logging
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Any

import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import events, from_schema
from schemathesis.python.asgi import shutdown_lifespans

from marketplace.app import create_app
from tests.anonymity.made import ID
from tests.security.lived import Player
from tests.security.made import Stage

STEP = timedelta(milliseconds=300)
"""What passes on the market's clock with each call, so that limits let most calls through and auctions go on."""
WORK_EVERY = 100
"""Calls between two turns of the worker, which must live with whatever they left behind."""
KINDS = {
    "request_id": "req",
    "invitation_id": "inv",
    "contract_id": "con",
    "webhook_id": "whk",
    "provider_id": "org",
    "organization_id": "org",
    "buyer_id": "org",
    "bid_id": "bid",
    "approval_id": "apr",
    "user_id": "usr",
    "question_id": "qst",
    "terms_id": "terms",
    "territory_id": "ter",
    "delivery_id": "msg",
    "filter_id": "flt",
    "key_id": "key",
    "notice_id": "ntc",
    "finding_id": "fnd",
    "award_id": "awd",
    "scenario_id": "scn",
    "site_id": "sit",
    "document_id": "doc",
}
"""What kind of id a parameter, or a field, of this name takes."""
FIXED: Mapping[str, list[str | int]] = {
    "path.lot": ["T1", "T2"],
    "path.ref": ["T1", "T2"],
    "path.version": [1, 2],
    "path.number": [1, 2],
    "path.kind": ["verification", "provider", "request"],
    "path.key": ["cheapest", "fewest-carriers", "proposal"],
    "header.if-match": ['"1"', '"2"', '"0"', "*"],
}
"""What else lets calls reach deep."""
HOSTILE = [
    "=1+1",
    "'; DROP TABLE market.bids; --",
    "../../etc/passwd",
    "{{7*7}} ${7*7} %s %n",
    "<script>alert(1)</script>",
    "a\r\nSet-Cookie: tenderline=x",
    "\u202e\u200b\u0130\ufeff\U0001f4a3",
    "\u0663\u0662",
    "e\u0301" * 300,
    "x" * 5000,
    "1e400",
    "-0",
    "9" * 40,
    "NaN",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59.999999999+14:00",
]
"""Texts that break what is careless: one in twenty of all texts is one of them."""
MOST_TOLD = 1500
"""Characters of a call that is told."""
ACCEPTED = "ST201"
"""Schemathesis' code of a call that breaks the document and was accepted."""
REFUSED = [400, 401, 403, 404, 405, 409, 412, 413, 415, 422, 428, 429, 503]
"""What says that a call was not accepted; schemathesis leaves out that another version or a limit comes first."""
PHASES = ("examples", "coverage", "fuzzing", "stateful")


@dataclass(slots=True)
class Found:
    """Something wrong with an operation, the first call that showed it, and how many did."""

    operation: str
    title: str
    message: str
    call: str
    times: int = 1

    def __str__(self) -> str:
        return f"{self.operation}: {self.title} ({self.times} times): {self.message}\n    {self.call}"


@dataclass(slots=True)
class Report:
    """What was called as somebody, and what came of it."""

    operations: set[str] = field(default_factory=set)
    answers: Counter[int] = field(default_factory=Counter)
    found: dict[tuple[str, str], Found] = field(default_factory=dict)
    logged: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        answers = ", ".join(f"{count} x {status}" for status, count in sorted(self.answers.items()))
        said = (
            f"{len(self.operations)} operations, {self.answers.total()} calls ({answers}), {len(self.found)} findings"
        )
        return "\n".join([said, *map(str, self.found.values()), *self.logged])


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is called: examples of each operation and phase, in which phases, and whether also what is refused."""

    examples: int
    seed: int
    phases: Sequence[str] = PHASES
    everything: bool = True


def explore(
    stage: Stage, player: Player, ids: Mapping[str, list[str]], plan: Plan, tell: Callable[[str], None] = print
) -> Report:
    """Let schemathesis call the API as ``player``; return what it saw, and tell each finding at once."""
    report = Report()
    app = create_app(stage.market)  # served by schemathesis' own loop, as another process would be
    schema = schemathesis.openapi.from_asgi("/openapi.json", app, config=_config(ids, plan))
    if not plan.everything:
        open_to = player.operations()
        schema = schema.include(lambda context: context.operation.label in open_to)

    _accompany(schema, stage, player, report)
    with _listening(report.logged):
        for event in from_schema(schema).execute():
            if isinstance(event, events.ScenarioFinished):
                for finding in _noted(report, event.recorder):
                    tell(str(finding))
            elif isinstance(event, events.NonFatalError | events.FatalError):
                report.logged.append(repr(getattr(event, "value", event)))
    shutdown_lifespans()
    return report


def _accompany(schema: Any, stage: Stage, player: Player, report: Report) -> None:
    """Let each call show who calls, be counted, and let time pass."""

    @schema.auth(refresh_interval=None)
    class _Shown:
        def get(self, _case: Any, _context: Any) -> dict[str, str]:
            return player.headers

        def set(self, case: Any, data: dict[str, str], _context: Any) -> None:
            case.headers = {**(case.headers or {}), **data}

    @schema.hook("filter_failure")
    def _counts(_context: Any, failure: Any, _case: Any, _response: Any) -> bool:
        return not (failure.code == ACCEPTED and _of_types_alone(failure.message))

    @schema.hook("after_call")
    def _live(_context: Any, case: Any, response: Any) -> None:
        report.operations.add(case.operation.label)
        report.answers[response.status_code] += 1
        stage.clock.now += STEP
        if report.answers.total() % WORK_EVERY == 0:
            stage.settle()
        shown = response.request.headers.get("Authorization")
        if response.status_code in {401, 403} and shown == player.headers.get("Authorization"):
            player.renew()


def _of_types_alone(message: str) -> bool:
    """Tell whether what was accepted breaks the document by a type only, such as a figure written as text.

    Figures, yes and no are read as pydantic reads them: ``"36"`` is a number of months, and is held to all rules then.
    """
    reasons = [line for line in message.partition("Invalid component: ")[2].splitlines() if line != "in body"]
    return all(line.endswith("Incorrect type") or "violates `type`" in line for line in reasons)


def known_ids(stage: Stage, players: Mapping[str, Player]) -> dict[str, dict[str, list[str]]]:
    """Return by player, then by kind, the ids that it sees when it reads what it may, and one that others see."""
    document = stage.client.get("/openapi.json").json()
    paths = [path for path, item in document["paths"].items() if "get" in item and "stream" not in path]
    seen = {name: _seen(stage, player, paths) for name, player in players.items()}
    known = {}
    for name, own in seen.items():
        foreign = {kind: ids[0] for others in seen.values() for kind, ids in others.items() if ids}
        known[name] = {kind: [*own.get(kind, []), foreign[kind]] for kind in foreign}
    return known


def _seen(stage: Stage, player: Player, paths: list[str]) -> dict[str, list[str]]:
    seen: defaultdict[str, list[str]] = defaultdict(list)
    asked = set()
    for _ in range(2):
        for path in paths:
            names = re.findall(r"{(\w+)}", path)
            values = [list(islice(seen[KINDS[name]], 3)) if name in KINDS else ["T1"] for name in names]
            for chosen in zip(*values, strict=False) if names else [()]:
                address = path.format(**dict(zip(names, chosen, strict=True)))
                if address in asked:
                    continue
                asked.add(address)
                answer = stage.client.get(address, headers=player.headers)
                for match in ID.finditer(answer.text):
                    if match[0] not in seen[match["kind"]]:
                        seen[match["kind"]].append(match[0])
    return seen


def _config(ids: Mapping[str, list[str]], plan: Plan) -> SchemathesisConfig:
    words: dict[str, list[Any]] = {kind: found[:12] for kind, found in ids.items() if found} | {"hostile": HOSTILE}
    parameters: dict[str, Any] = {}
    for name, kind in KINDS.items():
        for place in ("path", "query", "body", "body.lots[*]", "body.awarded[*]", "body.sites[*]"):
            if kind in words:
                parameters[f"{place}.{name}"] = {"dictionary": kind, "probability": 0.85}
    for place, values in FIXED.items():
        words[place] = values
        parameters[place] = {"dictionary": place, "probability": 0.7}
    return SchemathesisConfig.from_dict(
        {
            "seed": plan.seed,
            "dictionaries": {name: {"values": values} for name, values in words.items()},
            "parameters": parameters,
            "generation": {
                "max-examples": plan.examples,
                "no-shrink": True,
                "dictionaries": {"string": {"dictionary": "hostile", "probability": 0.05}},
            },
            # the document can't say every rule of a payload: what breaks one is told by the 422's pointers
            "checks": {
                "positive_data_acceptance": {"enabled": False},
                "negative_data_rejection": {"expected-statuses": REFUSED},
            },
            "phases": {name: {"enabled": name in plan.phases} for name in PHASES},
            "suppress-health-check": ["all"],
            "output": {"sanitization": {"enabled": False}},
            "warnings": False,
        }
    )


def _noted(report: Report, recorder: Any) -> Iterator[Found]:
    """Add what was found in a row of calls to the report; yield what is new to it."""
    failed = ((case_id, check.failure_info) for case_id, checks in recorder.checks.items() for check in checks)
    for case_id, info in failed:
        if info is None:
            continue
        operation = info.failure.operation or recorder.cases[case_id].value.operation.label
        key = (operation, info.failure.title)
        if key in report.found:
            report.found[key].times += 1
            continue
        call = re.sub(r"Bearer [^']+", "Bearer ...", info.code_sample)[:MOST_TOLD]
        answer = recorder.find_response(case_id=case_id)
        answered = "" if answer is None else f"{answer.status_code} {answer.text[:300]} <- "
        report.found[key] = Found(*key, info.failure.message[:600], answered + call)
        yield report.found[key]


@contextmanager
def _listening(logged: list[str]) -> Iterator[None]:
    """Keep what the market logs as an error meanwhile: a fault that no caller sees is one, too."""

    class _Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = logging.Formatter().format(record)
            if len(logged) < 50:
                logged.append(text[-3000:])

    handler = _Keeping(logging.ERROR)
    logging.getLogger().addHandler(handler)
    try:
        yield
    finally:
        logging.getLogger().removeHandler(handler)
