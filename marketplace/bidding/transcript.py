"""The transcript of a closed lot: its chain of events and its results, signed; built here and checked offline."""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from pydantic import ValidationError

from marketplace.bidding import engine
from marketplace.bidding.events import (
    BidderExcluded,
    BidderInvited,
    BidderLeft,
    BidPlaced,
    BidWithdrawn,
    Event,
    LotClosed,
    LotExtended,
    LotOpened,
    LotRescheduled,
    ProxySet,
    TurnBidEntered,
    TurnEnded,
    WithdrawalRequested,
    event_from,
)
from marketplace.bidding.model import BidderView, LotState
from marketplace.bidding.rules import Rules, rules_hash
from marketplace.bidding.visibility import alias, tells_how_many
from marketplace.kernel import codec
from marketplace.kernel.chain import GENESIS, Recorded, leaf
from marketplace.kernel.ids import LotId, OrganizationId, RequestId, UserId
from marketplace.kernel.money import cents
from marketplace.kernel.principals import SYSTEM
from marketplace.kernel.security import InvalidTokenError, verified

_SALT = "salt"
USE = "transcript"
"""What the signature is for."""

RECEIPT = "bid-receipt"
"""What a receipt's signature is for."""

Neutral: TypeAlias = LotOpened | LotClosed | LotExtended | LotRescheduled
"""Events that say nothing about anybody: a bidder may read those that it or the platform's clock caused."""

Own: TypeAlias = (
    BidPlaced
    | TurnBidEntered
    | ProxySet
    | BidWithdrawn
    | WithdrawalRequested
    | BidderInvited
    | BidderExcluded
    | BidderLeft
    | TurnEnded
)
"""Events about one bidder, which that bidder may read."""


@dataclass(frozen=True, slots=True)
class Readable:
    """All that may stand in the data of an event that a bidder reads: the positive list of its transcript."""

    request_id: RequestId
    lot_id: LotId
    event: Own | Neutral
    salt: str = ""


# ---- the parts


@dataclass(frozen=True, slots=True)
class Shown:
    """All that the hash of one event covers, beside its stream and number; in an excerpt without ``previous``."""

    type: str
    at: datetime
    user: UserId
    organization: OrganizationId
    data: dict[str, Any]
    previous: str | None


@dataclass(frozen=True, slots=True)
class Leaf:
    """One event of the chain: its hash, and its content (None: it is not for this reader); no number in an excerpt."""

    seq: int | None
    hash: str
    shown: Shown | None


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the standing. For a bidder others go by their alias, or are left out."""

    rank: int | None
    joint: bool | None
    bidder: str
    amount: Decimal | None
    malus: Decimal | None


@dataclass(frozen=True, slots=True)
class Candidate:
    """A candidate for the award and what it would be paid."""

    bidder: str
    payment: Decimal


@dataclass(frozen=True, slots=True)
class Results:
    """Where the lot ended: all of it, or what one bidder's screen shows. ``awarded`` names the bidders."""

    status: str
    opens_at: datetime
    closes_at: datetime
    standing: tuple[Line, ...]
    candidates: tuple[Candidate, ...]
    awarded: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Transcript:
    """What is signed. ``reader`` is empty in the full chain, else the alias of the bidder that it was made for.

    ``head`` is the hash of the last event, which every later reader's chain has to go through.
    """

    version: int
    lot: str
    stream: str
    reader: str
    rules: Rules
    rules_hash: str
    events: tuple[Leaf, ...]
    head: str
    results: Results


@dataclass(frozen=True, slots=True)
class Signed:
    """A transcript, its signature (a JWS over the two hashes), and the public key (PEM, by key id) that checks it."""

    transcript: Transcript
    keys: dict[str, str]
    signed: str


# ---- building


def full(ref: str, state: LotState, chain: Sequence[Recorded]) -> Transcript:
    """Return the whole chain of a closed lot, for its buyer and the platform."""
    leaves = [Leaf(one.seq, one.hash, _shown(one)) for one in chain]
    return _transcript(ref, state, leaves, results_of(state), head=chain[-1].hash)


def for_bidder(
    ref: str, state: LotState, chain: Sequence[Recorded], bidder: OrganizationId, view: BidderView
) -> Transcript:
    """Return what the rules let ``bidder`` read: its own events in clear, of all others the hash alone.

    Where the rules hide how many bids there were it is an excerpt: its own events without number, salt and the hash
    before, any of which would tell how much lies between them. ``view`` is what its screen shows now; the results are
    that and no more.
    """
    if tells_how_many(state.rules):
        leaves = [Leaf(one.seq, one.hash, _shown(one) if _is_for(one, bidder) else None) for one in chain]
    else:
        leaves = [Leaf(None, one.hash, _unplaced(one)) for one in chain if _is_for(one, bidder)]
    results = _as_seen(state, bidder, view)
    return _transcript(ref, state, leaves, results, head=chain[-1].hash, reader=alias(state, bidder))


def sign_with(transcript: Transcript, keys: dict[str, str]) -> bytes:
    """Return what is signed for ``transcript``: its hash, and that of the keys that go with it."""
    return codec.canonical({"sha256": codec.digest(codec.dump(transcript)), "keys": codec.digest(keys)})


def _transcript(
    ref: str, state: LotState, leaves: Iterable[Leaf], results: Results, *, head: str, reader: str = ""
) -> Transcript:
    stream = f"lot:{state.lot_id}"
    return Transcript(2, ref, stream, reader, state.rules, state.rules_hash, tuple(leaves), head, results)


def _shown(one: Recorded) -> Shown:
    return Shown(one.name, one.at, one.user_id, one.organization_id, one.data, one.previous)


def _unplaced(one: Recorded) -> Shown:
    data = {name: value for name, value in one.data.items() if name != _SALT}
    return Shown(one.name, one.at, one.user_id, one.organization_id, data, None)


def _is_for(one: Recorded, bidder: OrganizationId) -> bool:
    """Tell whether ``bidder`` may read an event: it is about nobody else, and nobody else caused it."""
    if one.organization_id not in {bidder, SYSTEM.organization_id}:
        return False
    event = event_from(one.name, one.data["event"])
    return event.bidder == bidder if isinstance(event, Own) else isinstance(event, Neutral)


def results_of(state: LotState) -> Results:
    """Return the standing and the candidates of a lot, as its buyer sees them after the close."""
    bidders = {bid.bid_id: bid.bidder for bid in state.standing.values()}
    return Results(
        state.status,
        state.opens_at,
        state.closes_at,
        tuple(Line(one.rank, one.joint, one.bidder, one.amount, one.malus) for one in engine.standing(state)),
        tuple(Candidate(bidders[bid_id], payment) for bid_id, payment in engine.payments(state).items()),
        tuple(bidders[bid_id] for bid_id in state.awards),
    )


def _as_seen(state: LotState, bidder: OrganizationId, view: BidderView) -> Results:
    own = alias(state, bidder)
    lines: tuple[Line, ...] = ()
    if view.prices is not None:
        lines = tuple(Line(at, None, one.alias, one.amount, None) for at, one in enumerate(view.prices, start=1))
    elif view.own is not None:
        lines = (Line(view.rank, view.joint, own, view.own.amount, cents(view.malus) if view.opened else None),)
    return Results(view.status, view.opens_at, view.closes_at, lines, (), (own,) if view.won else ())


# ---- checking


class WrongTranscriptError(Exception):
    """The first thing in a transcript that is not as it should be; the message says where."""


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check found: the transcript, the key that signed, and the results (recomputed where all is in clear)."""

    transcript: Transcript
    kid: str
    events_in_clear: int
    results: Results
    replayed: bool


def read(document: Any) -> Signed:
    """Return the signed transcript that a JSON ``document`` is. Raises WrongTranscriptError."""
    try:
        given = codec.load(Signed, document)
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(str(part) for part in first["loc"])
        raise WrongTranscriptError(f"{where or 'the file'}: {first['msg']}") from error
    if codec.dump(given) != document:
        raise WrongTranscriptError("the file has fields or spellings that no transcript of ours has")
    return given


def check(given: Signed, trusted: Mapping[str, str] | None = None) -> Checked:
    """Check signature, chain, rules and results. ``trusted``: keys to believe instead of the one in the file.

    Raises WrongTranscriptError naming the first thing that is wrong.
    """
    kid = _check_signature(given, trusted)
    transcript = given.transcript
    if rules_hash(transcript.rules) != transcript.rules_hash:
        raise WrongTranscriptError("the rules are not those of the rules' hash")
    if transcript.reader and not tells_how_many(transcript.rules):
        _check_excerpt(transcript)
    else:
        _check_chain(transcript)
    clear = [one for one in transcript.events if one.shown is not None]
    if transcript.reader:
        for one in clear:
            _event(one)
        return Checked(transcript, kid, len(clear), transcript.results, replayed=False)
    if len(clear) != len(transcript.events):
        raise WrongTranscriptError("a full transcript has every event in clear")
    results = results_of(_replayed(transcript))
    for difference in _differences(transcript.results, results):
        raise WrongTranscriptError(difference)
    return Checked(transcript, kid, len(clear), results, replayed=True)


def _check_signature(given: Signed, trusted: Mapping[str, str] | None) -> str:
    if len(given.keys) != 1:
        raise WrongTranscriptError("a transcript carries the one key that signed it")
    (kid,) = given.keys
    keys = given.keys if trusted is None else trusted
    try:
        document = verified(keys, USE, given.signed)
    except InvalidTokenError as error:
        raise WrongTranscriptError(f"the signature is not valid: {error}") from error
    if document != sign_with(given.transcript, given.keys):
        raise WrongTranscriptError("the signature is for another transcript")
    return kid


def _check_chain(transcript: Transcript) -> None:
    previous = GENESIS
    for seq, one in enumerate(transcript.events, start=1):
        if one.seq != seq:
            raise WrongTranscriptError(f"event {seq} is missing: {one.seq} stands in its place")
        if one.shown is not None:
            if one.shown.previous != previous:
                raise WrongTranscriptError(f"event {seq} does not follow the event before it")
            if leaf(_recorded(transcript, seq, one, one.shown)) != one.hash:
                raise WrongTranscriptError(f"event {seq} is not what its hash says")
        previous = one.hash
    if previous != transcript.head:
        raise WrongTranscriptError("the head is not the hash of the last event")


def _check_excerpt(transcript: Transcript) -> None:
    """Check that nothing in it tells a place in the chain; what it shows is as signed, not as hashed."""
    for one in transcript.events:
        if one.shown is None:
            raise WrongTranscriptError(f"{_named(one)} is not its reader's")
        if one.seq is not None or one.shown.previous is not None or _SALT in one.shown.data:
            raise WrongTranscriptError(f"{_named(one)} tells its place, which the rules hide")


def _named(one: Leaf) -> str:
    return f"event {one.hash[:12]}" if one.seq is None else f"event {one.seq}"


def _recorded(transcript: Transcript, seq: int, one: Leaf, shown: Shown) -> Recorded:
    return Recorded(
        shown.type,
        transcript.stream,
        seq,
        None,
        shown.at,
        shown.user,
        shown.organization,
        shown.data,
        shown.previous or "",
        one.hash,
    )


def _event(one: Leaf) -> Event:
    if one.shown is None:
        raise WrongTranscriptError(f"{_named(one)} is not in clear")
    try:
        return event_from(one.shown.type, one.shown.data["event"])
    except (KeyError, ValidationError) as error:
        raise WrongTranscriptError(f"{_named(one)} is no event of an auction") from error


def _replayed(transcript: Transcript) -> LotState:
    """Return the state that the events lead to, each applied by the engine."""
    state: LotState | None = None
    for one in transcript.events:
        event = _event(one)
        try:
            state = engine.evolve(state, event)
        except (ValueError, KeyError, StopIteration, TypeError) as error:
            raise WrongTranscriptError(f"{_named(one)} ({event.type}) can't follow: {error}") from error
    if state is None:
        raise WrongTranscriptError("there are no events")
    expected = (LotId(transcript.stream.removeprefix("lot:")), transcript.rules, transcript.rules_hash)
    if (state.lot_id, state.rules, state.rules_hash) != expected:
        raise WrongTranscriptError("event 1 announces another lot, or other rules")
    return state


def _differences(told: Results, found: Results) -> Iterator[str]:
    for name in ("status", "opens_at", "closes_at", "awarded"):
        if getattr(told, name) != getattr(found, name):
            yield f"{name}: the transcript says {getattr(told, name)}, its events lead to {getattr(found, name)}"
    for what in ("standing", "candidates"):
        said, led = getattr(told, what), getattr(found, what)
        for at, (one, other) in enumerate(zip(said, led, strict=False), start=1):
            if one != other:
                yield f"{what}, line {at}: the transcript says {_words(one)}, its events lead to {_words(other)}"
        if len(said) != len(led):
            yield f"{what}: the transcript has {len(said)} lines, its events lead to {len(led)}"


def _words(line: Line | Candidate) -> str:
    return " ".join(str(getattr(line, name)) for name in line.__slots__)


# ---- receipts


def read_receipt(given: Any, keys: Mapping[str, str]) -> dict[str, Any]:
    """Return what the platform signed in one receipt: a JWS, or the receipt as the API gave it with it inside.

    Raises WrongTranscriptError: not signed by one of ``keys``, or the fields beside the signature say otherwise.
    """
    signed = given.get("signed") if isinstance(given, dict) else given
    if not isinstance(signed, str):
        raise WrongTranscriptError("this is no receipt: it has no signature")
    try:
        document = verified(keys, RECEIPT, signed.strip())
    except InvalidTokenError as error:
        raise WrongTranscriptError(f"the receipt's signature is not valid: {error}") from error
    found: dict[str, Any] = codec.parse(document)
    if isinstance(given, dict):
        for name, value in found.items():
            if name in given and not _same(given[name], value):
                raise WrongTranscriptError(f"the receipt's {name} is {given[name]}, but signed was {value}")
    return found


def check_receipt(transcript: Transcript, receipt: Mapping[str, Any]) -> int | None:
    """Return the number of the event that a read receipt proves, None in an excerpt.

    Raises WrongTranscriptError if there is none.
    """
    if receipt.get("rules_hash") != transcript.rules_hash:
        raise WrongTranscriptError("the receipt is for other rules")
    if receipt.get("lot") != transcript.lot:
        raise WrongTranscriptError(f"the receipt is for lot {receipt.get('lot')}, the transcript for {transcript.lot}")
    found = next((one for one in transcript.events if one.hash == receipt.get("leaf")), None)
    if found is None:
        raise WrongTranscriptError("the receipt's event is not in the chain")
    event = found.shown.data["event"] if found.shown is not None else {}
    for name in ("bid_id", "commitment"):
        if name in receipt and event and receipt[name] != event.get(name):
            raise WrongTranscriptError(f"the receipt's {name} is not that of its event")
    if found.seq is not None and receipt.get("sequence") not in {None, found.seq}:
        raise WrongTranscriptError(f"the receipt's event is number {found.seq}, not {receipt['sequence']}")
    return found.seq


def _same(given: Any, signed: Any) -> bool:
    """Tell whether two spellings are of one value: the API may write an instant's zone in another way."""
    if given == signed:
        return True
    try:
        return datetime.fromisoformat(str(given)) == datetime.fromisoformat(str(signed))
    except (ValueError, TypeError):
        return False


def fingerprint(pem: str) -> str:
    """Return the SHA-256 of a public key's text, to be compared with one that is known."""
    return hashlib.sha256(pem.encode()).hexdigest()


def key_of(signed: str) -> str:
    """Return the key id that a JWS names, unchecked; empty if it names none."""
    try:
        header = json.loads(base64.urlsafe_b64decode(signed.partition(".")[0] + "=="))
    except (ValueError, RecursionError):
        return ""
    kid = header.get("kid") if isinstance(header, dict) else None
    return kid if isinstance(kid, str) else ""
