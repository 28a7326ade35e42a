"""What returned mail says: delivery reports (RFC 3464) and complaints (RFC 5965), read from their source, pure."""

import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from notifications.mail.model import Returned, ReturnKind

_LETTER = re.compile(r"\+(dlv_[a-z2-7]{24})@|<(dlv_[a-z2-7]{24})(?:\.[0-9]+)?@", re.IGNORECASE)
_WHERE_TO = ("X-Original-To", "Delivered-To", "Envelope-To", "To")
_FROM_WHERE = ("Return-Path", "Message-ID", "X-Original-Message-ID", "References")
_LONGEST = 2_000_000


def read(source: bytes, recipient: str = "") -> Returned:
    """Return what a returned message tells. ``recipient``: the envelope's, where the mail server says it.

    The letter is found by the envelope sender that it went out with, which carries its id; failing that by the
    Message-ID in the copy of its headers. A message without an id of ours, or that is neither, tells nothing.
    """
    message = message_from_bytes(source[:_LONGEST], policy=compat32)
    report = str(message.get_param("report-type", "") or "").lower()
    if report == "feedback-report":
        return _complaint(message, recipient)
    statuses = [part for part in message.walk() if part.get_content_type() == "message/delivery-status"]
    if report == "delivery-status" or statuses:
        return _bounce(message, statuses, recipient)
    return Returned(ReturnKind.NOTHING)


def _complaint(message: Message, recipient: str) -> Returned:
    fields = [
        value
        for part in message.walk()
        if part.get_content_type() == "message/feedback-report"
        for block in _blocks(part)
        for value in block.get_all("Original-Mail-From", [])
    ]
    letter_id = _letter_id([recipient, *map(str, fields), *_told_by(message)])
    return Returned(ReturnKind.COMPLAINT if letter_id else ReturnKind.NOTHING, letter_id, hard=True, reason="complaint")


def _bounce(message: Message, statuses: list[Message], recipient: str) -> Returned:
    letter_id = _letter_id([recipient, *_told_by(message)])
    for block in (block for part in statuses for block in _blocks(part)):
        if str(block.get("Action", "")).strip().lower() == "failed" and letter_id:
            status = str(block.get("Status", "")).strip()
            said = str(block.get("Diagnostic-Code", "")).partition(";")[2].strip()
            return Returned(
                ReturnKind.BOUNCE, letter_id, hard=status.startswith("5"), reason=f"{status} {said}".strip()
            )
    return Returned(ReturnKind.NOTHING)  # delayed, relayed, expanded: nothing has failed


def _blocks(part: Message) -> list[Message]:
    """Return the groups of fields of a report: of the message, and of each recipient."""
    payload = part.get_payload()
    if isinstance(payload, list):
        return [block for block in payload if isinstance(block, Message)]
    return [message_from_bytes(str(payload).encode(errors="replace"), policy=compat32)]


def _told_by(message: Message) -> Iterator[str]:
    """Yield what may hold the letter's id: where the report went to, then the headers of the letter that is in it."""
    for name in _WHERE_TO:
        yield from map(str, message.get_all(name, []))
    for part in message.walk():
        if part.get_content_type() == "text/rfc822-headers":
            copied = part.get_payload(decode=True)
            if isinstance(copied, bytes):
                yield from _headers_of(message_from_bytes(copied, policy=compat32))
        elif part is not message:
            yield from _headers_of(part)


def _headers_of(part: Message) -> Iterator[str]:
    for name in _FROM_WHERE:
        yield from map(str, part.get_all(name, []))


def _letter_id(told: Iterable[str]) -> str:
    for text in told:
        found = _LETTER.search(text)
        if found:
            return str(found.group(1) or found.group(2)).lower()
    return ""
