"""Sends the texts that are due: taken in one transaction, handed over outside of any, recorded in another."""

import logging
import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial

from marketplace.kernel import tracing
from marketplace.kernel.config import Profile, Settings
from marketplace.kernel.vault import Vault
from marketplace.kernel.work import Workshop
from notifications import gsm
from notifications.languages import Language
from notifications.tables import NoticeRow
from notifications.texting import rules, store
from notifications.texting.gateway import HttpGateway, Kept, TextChannel
from notifications.texting.model import Fate, Purpose, Status, TextMessage
from notifications.texting.store import Texted
from notifications.texting.tables import TextDeliveryRow

log = logging.getLogger(__name__)

SEALER = "text codes"
AT_ONCE = 16
"""Texts that are taken at a time."""
CONNECTIONS = 4
_DAY = timedelta(days=1)
_CODE = {
    Language.EN: "{code} is your code of Tenderline. It is good for ten minutes.",
    Language.DE: "{code} ist Ihr Code von Tenderline. Er gilt zehn Minuten.",
}
_chance = random.SystemRandom()


def is_on(settings: Settings) -> bool:
    """Tell whether this installation texts at all: by a gateway, or in development onto the mailbox page."""
    return bool(settings.text_gateway_url) or settings.profile is Profile.DEVELOPMENT


def channel_of(workshop: Workshop) -> TextChannel:
    """Return how texts leave this installation."""
    settings = workshop.vault.settings
    return HttpGateway(settings) if settings.text_gateway_url else Kept(workshop)


def send_due(workshop: Workshop) -> int:
    """Send what is due by now and return how many texts were tried. Several at once send different ones."""
    if not is_on(workshop.vault.settings):
        return 0
    messages = take(workshop)
    if not messages:
        return 0
    with channel_of(workshop) as channel, ThreadPoolExecutor(CONNECTIONS, "texts") as pool:
        for one in [pool.submit(partial(_send, workshop, channel, message)) for message in messages]:
            one.result()
    return len(messages)


def take(workshop: Workshop, most: int = AT_ONCE) -> list[TextMessage]:
    """Take texts that are due, for as long as a lease; what is too old, or has no reader any more, is closed."""
    with workshop.work() as work:
        store.give_up(work, work.now - rules.GIVE_UP_AFTER, work.now - rules.CODE_VALID)
        rows = store.take(work, most)
        if not rows:
            return []
        readers = store.readers(work, [row.reader_id for row in rows], work.now - _DAY)
        notices = store.notices(work, [row.notice_id for row in rows if row.notice_id])
        messages: list[TextMessage] = []
        taken: Counter[str] = Counter()
        for row in rows:
            reader = readers.get(row.reader_id)
            closed = _closed(row, reader, taken[row.reader_id])
            if closed is not None or reader is None:
                status, reason = closed or (Status.DROPPED, "")
                row.status, row.last_error, row.lease_until, row.sealed_code = status, reason, None, None
                continue
            taken[row.reader_id] += 1
            row.status, row.lease_until, row.attempts = Status.SENDING, work.now + rules.LEASE, row.attempts + 1
            said = _said(work.vault, row, notices.get(row.notice_id or ""), reader.language)
            messages.append(TextMessage(row.id, reader.number, said, row.attempts))
    return messages


def _closed(row: TextDeliveryRow, reader: Texted | None, taken: int) -> tuple[Status, str] | None:
    """Return how a delivery ends that nobody is to get; None: somebody is. ``taken``: of its reader, at this time."""
    is_code = row.purpose == Purpose.CODE
    if reader is None or not (reader.confirmed or is_code):
        return Status.DROPPED, "its reader has no confirmed number any more"
    if not is_code and reader.lately + taken >= rules.TEXTS_A_DAY:
        return Status.SKIPPED, f"its reader has had {rules.TEXTS_A_DAY} texts in a day"
    return None


def _said(vault: Vault, row: TextDeliveryRow, notice: NoticeRow | None, language: Language) -> str:
    if notice is None:
        code = vault.sealer(SEALER).open(row.sealed_code or b"").decode()
        return _CODE[language].format(code=code)
    return gsm.body_of(notice.words_in(language)[0], f"{vault.settings.address}/t/{notice.id}")


def _send(workshop: Workshop, channel: TextChannel, message: TextMessage) -> None:
    """Hand a text over and record what came of it."""
    with tracing.alone("delivery", channel="texts"):
        outcome = channel.send(message)
    with workshop.work() as work:
        if outcome.fate is Fate.SENT:
            store.record(work, message.id, Status.SENT, "")
        elif outcome.fate is Fate.REFUSED:
            store.record(work, message.id, Status.REFUSED, outcome.reason)
        else:
            due_at = rules.retry_at(message.attempts, outcome.wait, work.now, _chance.random())
            store.record_later(work, message.id, due_at, outcome.reason)
            if outcome.wait:
                store.pause(work, work.now + outcome.wait)
    if outcome.fate is not Fate.SENT:
        log.warning("text %s: %s (%s)", message.id, outcome.fate, outcome.reason)
