"""Sends what is due: taken in one transaction, handed over outside of any, recorded in another; at least once."""

import logging
import queue
import random
from concurrent.futures import ThreadPoolExecutor
from email.utils import parseaddr

from marketplace.kernel import codec, tracing
from marketplace.kernel.config import Profile, Settings
from marketplace.kernel.vault import Vault
from marketplace.kernel.work import Work, Workshop
from notifications.languages import Language
from notifications.mail import addresses, compose, links, rules, store
from notifications.mail.links import Aim
from notifications.mail.model import Fate, Item, Letter, Links, Outcome, Purpose, Status
from notifications.mail.store import Addressee
from notifications.mail.tables import MailDeliveryRow
from notifications.mail.transport import Mailbox, Smtp, Transport
from notifications.preferences.model import Timing
from notifications.tables import NoticeRow

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Mails that are taken at a time."""
CONNECTIONS = 4
"""To the mail server: one that answers slowly holds up its own mail alone."""

_chance = random.SystemRandom()


def is_on(settings: Settings) -> bool:
    """Tell whether this installation mails at all: with a mail server, or in development into the mailbox page."""
    return bool(settings.smtp_host) or settings.profile is Profile.DEVELOPMENT


def send_due(workshop: Workshop) -> int:
    """Send what is due by now and return how many mails were tried. Several at once send different ones."""
    if not is_on(workshop.vault.settings):
        return 0
    letters = take(workshop)
    waiting: queue.SimpleQueue[Letter] = queue.SimpleQueue()
    for letter in letters:
        waiting.put(letter)
    if not letters:
        return 0
    connections = min(CONNECTIONS, len(letters))
    with ThreadPoolExecutor(connections, "mail") as pool:
        for one in [pool.submit(_send_waiting, workshop, waiting) for _ in range(connections)]:
            one.result()
    return len(letters)


def _send_waiting(workshop: Workshop, waiting: "queue.SimpleQueue[Letter]") -> None:
    """Send one letter after another on one connection until none waits."""
    with transport_of(workshop) as transport:
        while True:
            try:
                letter = waiting.get_nowait()
            except queue.Empty:
                return
            record(workshop, letter, hand_over(workshop.vault, transport, letter))


def transport_of(workshop: Workshop) -> Transport:
    """Return how mail leaves this installation."""
    settings = workshop.vault.settings
    return Smtp(settings) if settings.smtp_host else Mailbox(workshop)


def take(workshop: Workshop, most: int = AT_ONCE) -> list[Letter]:
    """Take mails that are due, for as long as a lease; what is too old, or has no reader any more, is closed."""
    with workshop.work() as work:
        store.give_up(work, work.now - rules.GIVE_UP_AFTER)
        mails = store.take(work, most)
        if not mails:
            return []
        rows = [row for mail in mails for row in mail]
        known = store.addressees(work, [row.reader_id for row in rows])
        notices = store.notices(work, [row.notice_id for row in rows if row.notice_id is not None])
        letters = [_letter(work, mail, known.get(mail[0].reader_id), notices) for mail in mails]
    return [letter for letter in letters if letter is not None]


def _letter(
    work: Work, mail: list[MailDeliveryRow], addressee: Addressee | None, notices: dict[str, NoticeRow]
) -> Letter | None:
    """Return the letter of deliveries that leave together, which are taken; None when nobody is to get it."""
    first = mail[0]
    confirms = first.purpose == Purpose.CONFIRMATION
    address = first.address if confirms else addressee.address if addressee else ""
    if not address or (addressee is not None and addressee.spared and not confirms):
        for row in mail:
            row.status, row.lease_until = (Status.SUPPRESSED if address else Status.DROPPED), None
            row.last_error = "the address is spared" if address else "its reader is none any more"
        return None
    mail_id = first.mail_id or first.id
    for row in mail:
        row.status, row.lease_until, row.mail_id = Status.SENDING, work.now + rules.LEASE, mail_id
        row.attempts, row.address = row.attempts + 1, address
    language = addressee.language if addressee else Language.EN
    timing = codec.load(Timing, addressee.timing) if addressee and addressee.timing else Timing()
    return Letter(
        id=mail_id,
        purpose=Purpose(first.purpose),
        reader_id=first.reader_id,
        address=address,
        items=tuple(
            _item(work.vault, row, notices[row.notice_id], language) for row in mail if row.notice_id is not None
        ),
        zone=timing.zone,
        at=work.now,
        attempts=max(row.attempts for row in mail),
        edition=max(row.edition for row in mail),
        shared=addressee is not None and addressee.shared,
        language=language,
    )


def _item(vault: Vault, row: MailDeliveryRow, notice: NoticeRow, language: Language) -> Item:
    """Return what a letter says of one notice. The thread's name is a keyed hash: it tells nothing and is the same."""
    about = f"{row.reader_id} {notice.subject_kind} {notice.subject_id}"
    thread = vault.sealer("mail threads").mark(about.encode())[:24]
    title, text = notice.words_in(language)
    return Item(row.id, title, text, notice.count, notice.updated_at, thread)


def hand_over(vault: Vault, transport: Transport, letter: Letter) -> Outcome:
    """Write a letter and hand it over. One that can't be written is refused: its address is none."""
    settings = vault.settings
    try:
        message = compose.compose(letter, links_of(vault, letter), settings.mail_from)
    except ValueError as error:
        return Outcome(Fate.REJECTED, rules.plain_reason(f"can't be written: {error}"))
    with tracing.alone("delivery", channel="mail"):
        return transport.send(letter, message, return_path(settings, letter.id))


def return_path(settings: Settings, letter_id: str) -> str:
    """Return the envelope sender of a letter, which brings its id back with whatever returns."""
    sender = parseaddr(settings.mail_from)[1]
    name, _, domain = (settings.mail_returns or f"bounces@{sender.rpartition('@')[2]}").rpartition("@")
    return f"{name}+{letter_id}@{domain}"


def links_of(vault: Vault, letter: Letter) -> Links:
    """Return the links of a letter: good for two weeks to read, for ever to end it."""
    base = vault.settings.address
    if letter.purpose is Purpose.CONFIRMATION:
        until = letter.at + rules.CONFIRMATION_VALID
        token = links.make(vault, Aim.CONFIRM, letter.reader_id, letter.address, until=until)
        return Links(confirm=f"{base}/confirm-address/{token}")
    until = letter.at + rules.LINK_VALID
    return Links(
        tuple(f"{base}/n/{links.make(vault, Aim.NOTICE, item.delivery_id, until=until)}" for item in letter.items),
        f"{base}/unsubscribe/{links.make(vault, Aim.UNSUBSCRIBE, letter.reader_id)}",
        f"{base}/account/notices/preferences",
    )


def record(workshop: Workshop, letter: Letter, outcome: Outcome) -> None:
    """Record what came of a letter; an address that refuses mail again and again is spared from then on."""
    with workshop.work() as work:
        if outcome.fate is Fate.SENT:
            store.record_sent(work, letter.id)
        elif outcome.fate is Fate.LATER:
            due_at = rules.retry_at(letter.attempts, work.now, _chance.random())
            store.record_later(work, letter.id, due_at, outcome.reason)
        else:
            store.record_failed(work, letter.id, outcome.reason)
            if outcome.fate is Fate.REFUSED:
                addresses.note_bounce(work, letter.id, outcome.reason)
    if outcome.fate is not Fate.SENT:
        log.warning("mail %s: %s (%s)", letter.id, outcome.fate, outcome.reason)
