"""Idempotency keys: a retried command is done once and gets the same answer."""

import hashlib
import json
from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import text

from marketplace.kernel.errors import ConflictError, FieldError, MalformedError
from marketplace.kernel.sealing import Sealer
from marketplace.kernel.work import Work

KEPT = timedelta(hours=48)
LONGEST_KEY = 200
SHORTEST_ANONYMOUS_KEY = 16
"""Anybody could repeat an anonymous caller's key: it must not be guessed."""


class CommandRunningError(ConflictError):
    """The same command with the same key is being worked on right now."""

    kind = "command-running"
    title = "This command is still running"


class KeyReusedError(MalformedError):
    """The key was used before for a different command or payload."""

    kind = "idempotency-key-reused"
    title = "This Idempotency-Key belongs to another command"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of a command as it went over the wire."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


class Key(NamedTuple):
    """Who used which key for which command (method, path and body as one fingerprint)."""

    caller: str
    key: str
    fingerprint: str


def key_of(caller: str, key: str, command: tuple[str, str, bytes], sealer: Sealer) -> Key:
    """Return the key of a command (method, path, body); ``caller`` is empty for an anonymous one.

    The fingerprint needs the secret: a sealed bid or a password could be found by trying from a plain hash of its body.
    Raises MalformedError for a key that is too short or too long.
    """
    shortest = 1 if caller else SHORTEST_ANONYMOUS_KEY
    if not shortest <= len(key.strip()) <= LONGEST_KEY:
        raise MalformedError(
            "The Idempotency-Key is not usable.",
            errors=(FieldError("header/Idempotency-Key", f"{shortest} to {LONGEST_KEY} characters"),),
        )
    method, path, body = command
    return Key(caller, key, sealer.mark(b"\0".join((method.encode(), path.encode(), body))))


def begin(work: Work, key: Key, sealer: Sealer) -> Answer | None:
    """Claim ``key`` for the rest of the transaction; return the answer it got before, if any.

    Raises CommandRunningError while another transaction holds the claim, KeyReusedError for another payload.
    """
    connection = work.session.connection()
    claim = int.from_bytes(hashlib.sha256(f"{key.caller}\0{key.key}".encode()).digest()[:8], signed=True)
    if not connection.execute(text("SELECT pg_try_advisory_xact_lock(:claim)"), {"claim": claim}).scalar_one():
        raise CommandRunningError("Wait for its answer, or ask again in a moment.", headers={"Retry-After": "1"})
    row = connection.execute(
        text("SELECT fingerprint, answer FROM kernel.idempotency WHERE caller = :caller AND key = :key"),
        {"caller": key.caller, "key": key.key},
    ).one_or_none()
    if row is None:
        return None
    if row.fingerprint != key.fingerprint:
        raise KeyReusedError("Send a fresh Idempotency-Key with a new command.")
    status, headers, body = json.loads(sealer.open(row.answer))
    return Answer(status, tuple((name, value) for name, value in headers), body.encode("latin-1"))


def finish(work: Work, key: Key, answer: Answer, sealer: Sealer) -> None:
    """Keep ``answer`` (sealed: it may hold a password shown once) in the command's own transaction."""
    plain = json.dumps([answer.status, answer.headers, answer.body.decode("latin-1")]).encode()
    work.session.connection().execute(
        text(
            "INSERT INTO kernel.idempotency (caller, key, fingerprint, answer, created_at)"
            " VALUES (:caller, :key, :fingerprint, :answer, :now)"
        ),
        {
            "caller": key.caller,
            "key": key.key,
            "fingerprint": key.fingerprint,
            "answer": sealer.seal(plain),
            "now": work.now,
        },
    )


def forget_old(work: Work) -> int:
    """Delete the answers that are older than 48 hours; return how many."""
    result = work.session.connection().execute(
        text("DELETE FROM kernel.idempotency WHERE created_at < :before"), {"before": work.now - KEPT}
    )
    return int(result.rowcount)
