"""Every SQL statement on drafts of bids."""

from sqlalchemy.dialects.postgresql import insert

from marketplace.bidding.drafts.tables import BidDraftRow
from marketplace.kernel.work import Reading, Work
from sellers.model import Invitation


def draft(reading: Reading, invitation: Invitation) -> BidDraftRow | None:
    """Return the draft for an invitation."""
    return reading.session.get(BidDraftRow, invitation.id)


def held_draft(work: Work, invitation: Invitation, empty: bytes) -> BidDraftRow:
    """Return the draft for an invitation, locked; one with the sealed content ``empty`` where there was none."""
    work.session.connection().execute(
        insert(BidDraftRow)
        .values(
            invitation_id=invitation.id,
            provider_id=invitation.provider_id,
            revision=0,
            content=empty,
            updated_at=work.now,
        )
        .on_conflict_do_nothing()
    )
    return work.session.get_one(BidDraftRow, invitation.id, with_for_update=True, populate_existing=True)
