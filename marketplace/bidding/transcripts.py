"""The proof of stored lots: transcripts signed by the installation's key, and the journal against the stored state."""

from dataclasses import dataclass

from marketplace.bidding import aftermath, engine, replay_check, series, service, store, transcript
from marketplace.bidding.errors import NotOpenedError
from marketplace.bidding.formats.table import format_of
from marketplace.bidding.model import LotState, RankedBid, Status
from marketplace.bidding.play import FinalPlay
from marketplace.bidding.readings import service as readings
from marketplace.bidding.readings.events import Place
from marketplace.bidding.replay_check import Difference
from marketplace.bidding.store import StoredLot
from marketplace.bidding.transcript import Signed, Transcript
from marketplace.bidding.visibility import RUNNING
from marketplace.kernel import journal
from marketplace.kernel.chain import Recorded
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import InvitationId, LotId, OrganizationId, RequestId
from marketplace.kernel.work import Reading, Work
from sellers import service as sellers


def read(work: Work, request_id: RequestId, ref: str) -> Signed:
    """Return the full transcript of a closed lot; that the platform reads it is recorded.

    Raises NotFoundError, NotOpenedError.
    """
    lot = _closed(store.lots_of(work, request_id), ref)
    readings.record(work, [lot.id], Place.TRANSCRIPT)
    return _signed(work, transcript.full(lot.ref, lot.state, _chain(work, lot.state)))


def of_invitation(reading: Reading, invitation_id: str, ref: str) -> Signed:
    """Return the transcript of a closed lot for the bidder whose invitation this is.

    Raises NotFoundError, ProviderInactiveError, NotOpenedError.
    """
    invitation = sellers.invitation(reading, InvitationId(invitation_id))
    bidder = invitation.provider_id
    lots = aftermath.as_told(reading, store.lots_of(reading, invitation.request_id), bidder)
    lot = _closed(lots, ref, bidder)
    if not series.are_results_told(reading, invitation.request_id, lots):
        raise NotOpenedError(f"{ref} has a transcript once the last lot of the request has closed.")
    view = service.bidder_views(reading, invitation_id)[ref]
    chain = _chain(reading, lot.state)
    play = lot.state.play
    if isinstance(play, FinalPlay) and bidder not in play.called:  # it does not learn of the round
        chain = [one for one in chain if one.seq < play.sequence]
    return _signed(reading, transcript.for_bidder(lot.ref, lot.state, chain, bidder, view))


@dataclass(frozen=True, slots=True)
class Examined:
    """A stored lot beside its journal: how many events, the stored standing, and in what the two differ."""

    ref: str
    request_id: RequestId
    currency: str
    status: Status
    events: int
    bids: int
    bidders: int
    standing: tuple[RankedBid, ...]
    differences: tuple[Difference, ...]


def examined(work: Work, name: str, ref: str = "") -> Examined:
    """Replay the events of a lot, held meanwhile, and compare: by its id, or a request's id and the lot's ``ref``.

    Raises:
        NotFoundError: there is no such lot.
        ValueError: its events can't be replayed; the message names the first that is broken.
    """
    lot = store.held_lots(work, RequestId(name), [ref]).get(ref) if ref else store.held_lot(work, LotId(name))
    if lot is None:
        raise NotFoundError(f"There is no lot {name} {ref}".rstrip() + ".")
    events = tuple(journal.of_stream(work.session, f"lot:{lot.id}"))
    readings.record(work, [lot.id], Place.CHECK)
    found = tuple(replay_check.differences(lot.state, replay_check.replayed(events)))
    state = lot.state
    return Examined(
        lot.ref,
        lot.request_id,
        state.rules.currency,
        state.status,
        len(events),
        len(state.bids),
        len(state.versions),
        engine.standing(state),
        found,
    )


def _closed(lots: list[StoredLot], ref: str, bidder: OrganizationId | None = None) -> StoredLot:
    """Return the named lot, if it has closed for ``bidder``: a last round runs for those alone who were called."""
    lot = next((lot for lot in lots if lot.ref == ref), None)
    if lot is None:
        raise NotFoundError
    state = lot.state if bidder is None else format_of(lot.state).shown_to(lot.state, bidder)
    if state.status in RUNNING or (state.status is Status.CLOSED and not state.opened):
        raise NotOpenedError(f"{ref} has a transcript once it has closed and its bids are open.")
    return lot


def _chain(reading: Reading, state: LotState) -> list[Recorded]:
    """Return the events that led to ``state``: another may have been journaled since it was read."""
    return [one for one in journal.of_stream(reading.session, f"lot:{state.lot_id}") if one.seq <= state.sequence]


def _signed(reading: Reading, made: Transcript) -> Signed:
    keyring = reading.vault.keyring
    kid = max(keyring.public_keys)  # the newest signs
    keys = {kid: keyring.public_keys[kid]}
    return Signed(made, keys, keyring.sign(transcript.USE, transcript.sign_with(made, keys)))
