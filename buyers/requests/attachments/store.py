"""Every SQL statement on the files of requests."""

from sqlmodel import col, delete, select

from buyers.requests.attachments.cleaning import Bare
from buyers.requests.model import Attachment
from buyers.requests.tables import AttachmentRow
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Reading, Work


def add(work: Work, request_id: RequestId, added: Attachment, bare: Bare) -> None:
    """Store a file."""
    row = AttachmentRow(
        request_id=request_id,
        ref=added.ref,
        media_type=added.media_type,
        sha256=added.sha256,
        content=bare.content,
        text=bare.text,
    )
    work.session.add(row)
    work.session.flush()


def remove(work: Work, request_id: RequestId, ref: str) -> None:
    """Delete a file."""
    work.session.exec(
        delete(AttachmentRow).where(col(AttachmentRow.request_id) == request_id, col(AttachmentRow.ref) == ref)
    )


def get(reading: Reading, request_id: RequestId, ref: str) -> tuple[str, str, bytes] | None:
    """Return media type, hash and bytes of a file that the caller's role may see."""
    return reading.session.exec(
        select(AttachmentRow.media_type, AttachmentRow.sha256, AttachmentRow.content).where(
            AttachmentRow.request_id == request_id, AttachmentRow.ref == ref
        )
    ).one_or_none()


def texts(reading: Reading, request_id: RequestId) -> dict[str, str]:
    """Return what could be read in each file, by its ref."""
    query = select(AttachmentRow.ref, AttachmentRow.text).where(AttachmentRow.request_id == request_id)
    return dict(reading.session.exec(query).all())
