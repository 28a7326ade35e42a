"""What a mail says: text and HTML of its notices and nothing else, pure and the same bytes for the same letter."""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from zoneinfo import ZoneInfo

from notifications.mail.frames import FRAMES
from notifications.mail.model import Item, Letter, Links, Purpose

_NAMED_IN_SUBJECT = 1
_LONGEST_SUBJECT = 150
_INK, _SOFT, _LINE, _PAPER, _ACCENT = "#1c2430", "#5b6675", "#d9dee5", "#f4f6f8", "#0b5cad"
_FONT = "font-family:Helvetica,Arial,sans-serif;"


def compose(letter: Letter, links: Links, sender: str) -> EmailMessage:
    """Return the mail of a letter. ``sender`` is a name and an address, as in a From field.

    Its Message-ID is made of the letter's id, so that a mail which is sent twice can be told to be the same.
    """
    name, address = parseaddr(sender)
    domain = address.rpartition("@")[2] or "localhost"
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(name, addr_spec=address)
    message["To"] = Address(addr_spec=letter.address)
    message["Subject"] = subject_of(letter)
    message["Date"] = format_datetime(letter.at)
    message["Message-ID"] = f"<{letter.id}.{letter.edition}@{domain}>" if letter.edition else f"<{letter.id}@{domain}>"
    threads = {item.subject for item in letter.items}
    if len(threads) == 1:
        thread = f"<thread.{threads.pop()}@{domain}>"
        message["In-Reply-To"] = thread
        message["References"] = thread
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: nobody's absence is answered to us
    if links.unsubscribe:
        message["List-Unsubscribe"] = f"<{links.unsubscribe}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"  # RFC 8058
    message.set_content(_text(letter, links), cte="quoted-printable")
    message.add_alternative(_html(letter, links), subtype="html", cte="quoted-printable")
    # the boundary would be drawn anew each time; the same letter is the same bytes
    message.set_boundary(f"=-{letter.id}")
    return message


def subject_of(letter: Letter) -> str:
    """Return the subject: the title of the notice, which never holds more than its reader may know."""
    frame = FRAMES[letter.language]
    if letter.purpose is Purpose.CONFIRMATION:
        return frame.confirm_title
    titles = list(dict.fromkeys(" ".join(item.title.split()) for item in letter.items))
    if len(letter.items) == _NAMED_IN_SUBJECT:
        return titles[0][:_LONGEST_SUBJECT]
    return frame.many.format(count=len(letter.items), titles=", ".join(titles))[:_LONGEST_SUBJECT]


def _text(letter: Letter, links: Links) -> str:
    frame = FRAMES[letter.language]
    if letter.purpose is Purpose.CONFIRMATION:
        return f"{frame.confirm_text}\n\n{frame.confirm_ask}\n{links.confirm}\n"
    parts = [
        f"{item.title}{_times(item)}\n{item.text}\n{_when(item.at, letter)}\n{link}\n"
        for item, link in zip(letter.items, links.items, strict=True)
    ]
    why = frame.why_shared if letter.shared else frame.why
    foot = f"-- \n{why}\n{frame.choose}: {links.preferences}\n{frame.end}: {links.unsubscribe}\n"
    return "\n".join([*parts, foot])


def _html(letter: Letter, links: Links) -> str:
    """Return the mail for clients that draw tables and know inline styles, and little else."""
    frame = FRAMES[letter.language]
    if letter.purpose is Purpose.CONFIRMATION:
        rows = [_block(frame.confirm_title, frame.confirm_text, "", links.confirm, frame.confirm_title)]
        foot = frame.confirm_until
    else:
        rows = [
            _block(item.title + _times(item), item.text, _when(item.at, letter), link, frame.see)
            for item, link in zip(letter.items, links.items, strict=True)
        ]
        why = frame.why_shared if letter.shared else frame.why
        foot = (
            f'{escape(why)}<br><a href="{escape(links.preferences)}" style="color:{_SOFT};">{escape(frame.choose)}</a>'
            f' &middot; <a href="{escape(links.unsubscribe)}" style="color:{_SOFT};">{escape(frame.end)}</a>'
        )
    return _page(letter, rows, foot)


def _page(letter: Letter, rows: Sequence[str], foot: str) -> str:
    return (
        f'<!DOCTYPE html><html lang="{letter.language}"><head><meta charset="utf-8">'
        f"<title>{escape(subject_of(letter))}</title></head>"
        f'<body style="margin:0;padding:0;background-color:{_PAPER};">'
        f'<table role="presentation" width="100%" cellpadding="0" cellspacing="0" border="0" bgcolor="{_PAPER}">'
        '<tr><td align="center" style="padding:24px 12px;">'
        '<table role="presentation" width="560" cellpadding="0" cellspacing="0" border="0" bgcolor="#ffffff"'
        f' style="width:100%;max-width:560px;border:1px solid {_LINE};">{"".join(rows)}</table>'
        f'<p style="{_FONT}font-size:12px;line-height:18px;color:{_SOFT};">{foot}</p>'
        "</td></tr></table></body></html>\n"
    )


def _block(title: str, text: str, when: str, link: str, action: str) -> str:
    button = (
        f'<a href="{escape(link)}" style="{_FONT}font-size:14px;font-weight:bold;color:#ffffff;'
        f'background-color:{_ACCENT};text-decoration:none;padding:10px 18px;display:inline-block;">{escape(action)}</a>'
    )
    return (
        f'<tr><td style="padding:20px 24px;border-bottom:1px solid {_LINE};">'
        f'<h1 style="{_FONT}font-size:18px;line-height:24px;color:{_INK};margin:0 0 8px 0;">{escape(title)}</h1>'
        f'<p style="{_FONT}font-size:15px;line-height:22px;color:{_INK};margin:0 0 8px 0;">{escape(text)}</p>'
        f'<p style="{_FONT}font-size:12px;line-height:18px;color:{_SOFT};margin:0 0 14px 0;">{escape(when)}</p>'
        f"{button}</td></tr>"
    )


def _times(item: Item) -> str:
    return f" ({item.count})" if item.count > 1 else ""


def _when(at: datetime, letter: Letter) -> str:
    return FRAMES[letter.language].when(at.astimezone(ZoneInfo(letter.zone)))
