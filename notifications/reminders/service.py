"""Setting reminders when instants become known, and telling them when they are due."""

import logging
from collections.abc import Callable
from datetime import datetime, timedelta

from buyers.requests import rules as request_rules
from buyers.requests import service as requests
from buyers.requests.model import Status as RequestStatus
from marketplace.awards.confirmation import service as confirmations
from marketplace.awards.confirmation.model import ConfirmationStatus
from marketplace.bidding import service as bidding
from marketplace.kernel import alarms
from marketplace.kernel.ids import RequestId
from marketplace.kernel.work import Work
from notifications.reminders import rules
from notifications.reminders.events import (
    AnswerNeared,
    BidLapseNeared,
    LastDayReached,
    LastMinutesReached,
    OpeningDayReached,
    OpeningMinutesReached,
    ReminderSkipped,
    RequestReminder,
)
from notifications.reminders.model import Moment, Reminder

log = logging.getLogger(__name__)

ALARM = "reminder"
_UNDECIDED = frozenset({RequestStatus.OPEN, RequestStatus.CLOSED})


def set_for_lots(work: Work, request_id: RequestId, told_at: datetime) -> None:
    """Set the reminders of a request's openings and closes as they are now; those that are set stay as they are."""
    lots = bidding.lot_clocks(work, request_id)
    for reminder in rules.of_lots(lots, known_before=request_rules.NOT_KNOWN_YET):
        _set(work, request_id, reminder, told_at)


def set_for_validity(work: Work, request_id: RequestId, told_at: datetime) -> None:
    """Set the reminder of the first bid that lapses."""
    first = bidding.first_lapse(work, request_id)
    if first is not None:
        _set(work, request_id, rules.of_validity(first), told_at)


def set_for_answer(work: Work, award_id: str, provider_id: str, told_at: datetime) -> None:
    """Set the reminder of a winner that was asked to confirm."""
    asked = confirmations.confirmation_of(work, award_id, provider_id)
    if asked is not None:
        reminder = Reminder(Moment.ANSWER, asked.due_at, rules.ANSWER_LEAD)
        _set(work, f"{award_id} {provider_id}", reminder, told_at)


def _set(work: Work, subject: str, reminder: Reminder, told_at: datetime) -> None:
    if rules.is_worth_setting(reminder, told_at):
        alarms.set_alarm(work, ALARM, rules.key_of(subject, reminder), reminder.due_at)


def ring(work: Work, key: str) -> None:
    """Tell a reminder, if its instant has not moved and it is still of use."""
    subject, reminder = rules.of_key(key)
    told = _TOLD[reminder.moment](work, subject, reminder)
    if told is None:
        return
    if rules.is_useful(reminder, work.now):
        work.append(told)
        return
    late = int((work.now - reminder.due_at).total_seconds())
    log.info("a reminder came %d seconds too late to be of use: %s", late, key)
    common = told.request_id, told.lots, reminder.at, reminder.lead_minutes
    work.append(ReminderSkipped(*common, reminder.moment, late))


def _of_lots(work: Work, subject: str, reminder: Reminder) -> RequestReminder | None:
    request_id = RequestId(subject)
    lots = tuple(rules.concerned(reminder, bidding.lot_clocks(work, request_id)))
    if not lots or requests.get(work, request_id).suspended:
        return None
    return _OF_LOTS[reminder.moment, reminder.lead](request_id, lots, reminder.at, reminder.lead_minutes)


def _validity(work: Work, subject: str, reminder: Reminder) -> RequestReminder | None:
    request_id = RequestId(subject)
    first = bidding.first_lapse(work, request_id)
    undecided = requests.get(work, request_id).status in _UNDECIDED
    if first is None or not undecided or rules.of_validity(first) != reminder:
        return None
    return BidLapseNeared(request_id, (), reminder.at, reminder.lead_minutes)


def _answer(work: Work, subject: str, reminder: Reminder) -> RequestReminder | None:
    award_id, _, provider_id = subject.partition(" ")
    asked = confirmations.confirmation_of(work, award_id, provider_id)
    if asked is None or asked.status is not ConfirmationStatus.AWAITED or asked.due_at != reminder.at:
        return None
    about = asked.request_id, asked.lots, reminder.at, reminder.lead_minutes
    return AnswerNeared(*about, award_id, asked.provider_id, asked.invitation_id)


_TOLD: dict[Moment, Callable[[Work, str, Reminder], RequestReminder | None]] = {
    Moment.OPENING: _of_lots,
    Moment.CLOSING: _of_lots,
    Moment.ANSWER: _answer,
    Moment.VALIDITY: _validity,
}
_OF_LOTS: dict[tuple[Moment, timedelta], type[RequestReminder]] = {
    (Moment.OPENING, rules.DAY): OpeningDayReached,
    (Moment.OPENING, rules.MINUTES): OpeningMinutesReached,
    (Moment.CLOSING, rules.DAY): LastDayReached,
    (Moment.CLOSING, rules.MINUTES): LastMinutesReached,
}
