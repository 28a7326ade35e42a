"""Asking as an invited provider, and what callers that were found to own the request do with its questions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from buyers.requests import service as requests
from buyers.requests.model import Request
from marketplace.kernel import ids, pagination
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.ids import OrganizationId, RequestId
from marketplace.kernel.rate_limits import RateLimit
from marketplace.kernel.work import Reading, Work
from matching.questions import events, rules, store
from matching.questions.model import Answer, Asked, Exchange, Question, QuestionState
from sellers import service as sellers
from sellers.model import InvitationStatus
from sellers.rules import InvitationDeclinedError


def question_limit() -> RateLimit:
    """Return how often a provider may ask, over all requests."""
    return RateLimit("questions", per_second=1 / 30, burst=20)


def ask(work: Work, invitation_id: str, text: str) -> Question:
    """Ask the buyer of a request that the caller received.

    Raises NotFoundError, ProviderInactiveError, InvitationDeclinedError, NotTakingQuestionsError,
    TooManyQuestionsError, ContactFoundError.
    """
    invitation = sellers.mark_seen(work, invitation_id)  # holds it: its questions are counted one after the other
    state = requests.public_state(work, invitation.request_id)
    rules.check_open(state.status, suspended=state.suspended)
    if invitation.status is InvitationStatus.DECLINED:
        raise InvitationDeclinedError("Take your decline back first.")
    rules.check_question(text, sellers.own(work), len(store.own(work, invitation.id)))
    question = Question(
        id=ids.new("qst"),
        request_id=invitation.request_id,
        provider_id=invitation.provider_id,
        invitation_id=invitation.id,
        text=text,
        state=QuestionState.WAITING,
        asked_at=work.now,
    )
    _label(work, invitation.request_id, invitation.provider_id)
    store.add(work, question)
    work.append(events.QuestionAsked(question.request_id, question.id))
    return question


def _label(work: Work, request_id: RequestId, provider_id: OrganizationId) -> None:
    """Draw the number by which the buyer will know this asker, unless it has one."""
    if store.is_labelled(work, request_id, provider_id):
        return
    for attempt in range(rules.MOST_TRIES):
        if store.add_label(work, request_id, provider_id, rules.number_of(ids.new("asker"), attempt)):
            return
    raise RuntimeError("no label is free: the numbers are too short")


def exchanges(reading: Reading, invitation_id: str, after: str | None, limit: int) -> list[Exchange]:
    """Return what the caller may read of a request's questions, newest first, behind cursor ``after``.

    All answers and clarifications, whoever asked; of questions without an answer its own. Raises NotFoundError,
    ProviderInactiveError.
    """
    invitation = sellers.invitation(reading, invitation_id)
    behind = pagination.decode_moment(after)
    own = store.own(reading, invitation.id)
    asked = {question.answer_id: question for question in own if question.answer_id is not None}
    found = [Exchange(question, None) for question in own if question.answer_id is None]
    if behind is not None:
        found = [one for one in found if one.question and (one.question.asked_at, one.question.id) < behind]
    told = store.answers(reading, invitation.request_id, behind, limit)
    found += [Exchange(asked.get(answer.id), answer) for answer in told]
    return sorted(found, key=_moment, reverse=True)[:limit]


def _moment(exchange: Exchange) -> tuple[datetime, str]:
    at, ident = exchange.key
    return datetime.fromisoformat(at), ident


def of_request(reading: Reading, request_id: RequestId, after: str | None, limit: int) -> list[Asked]:
    """Return all questions and clarifications of a request, newest first, behind cursor ``after``. For its buyer."""
    questions = store.of_request(reading, request_id, pagination.decode_moment(after), limit)
    return _asked(reading, request_id, questions)


def key_of(asked: Asked) -> tuple[str, str]:
    """Return the sort key of a question for a cursor."""
    return asked.question.asked_at.isoformat(), asked.question.id


def waiting(reading: Reading, request_id: RequestId) -> int:
    """Return how many questions on a request wait for its buyer."""
    return store.waiting(reading, request_id)


def waiting_by_request(reading: Reading, request_ids: Sequence[RequestId]) -> dict[RequestId, int]:
    """Return on which of these requests how many questions wait for their buyer."""
    return store.waiting_by_request(reading, request_ids)


def _asked(reading: Reading, request_id: RequestId, questions: list[Question]) -> list[Asked]:
    askers = {question.provider_id for question in questions if question.provider_id is not None}
    numbers = store.labels(reading, request_id, askers)
    answer_ids = [question.answer_id for question in questions if question.answer_id is not None]
    answers, versions = store.answers_named(reading, answer_ids), store.versions(reading, answer_ids)
    return [
        Asked(
            question,
            None if question.provider_id is None else rules.label(numbers[question.provider_id]),
            answers.get(question.answer_id or ""),
            versions.get(question.answer_id or "", ()),
        )
        for question in questions
    ]


def hold(work: Work, request_id: RequestId, question_id: str) -> Question:
    """Return a question of a request that takes bids, both held until the transaction ends.

    Raises NotFoundError, NotTakingQuestionsError.
    """
    _hold_open(work, request_id)
    question = store.locked(work, request_id, question_id)
    if question is None:
        raise NotFoundError
    return question


def _hold_open(work: Work, request_id: RequestId) -> Request:
    requests.hold(work, request_id)
    request = requests.get(work, request_id)  # with its status as of now
    rules.check_open(request.status, suspended=request.suspended)
    return request


def answer(work: Work, question: Question, text: str, acknowledged: int) -> Asked:
    """Answer a question that ``hold`` returned, to all invited providers; ``acknowledged`` counts accepted findings.

    Raises QuestionDecidedError.
    """
    rules.check_answerable(question.state)
    answered = _publish(work, question, QuestionState.ANSWERED, text)
    store.save(work, answered)
    work.append(events.QuestionAnswered(question.request_id, question.id, acknowledged))
    return _one(work, answered)


def current(reading: Reading, question: Question) -> Answer:
    """Return the answer of a question, or of a clarification, as it stands. Raises QuestionDecidedError."""
    if question.answer_id is None:
        raise rules.QuestionDecidedError("It has no answer to change.")
    return store.answer(reading, question.answer_id)


def change(work: Work, question: Question, text: str, acknowledged: int) -> Asked:
    """Give the answer of a question that ``hold`` returned, or a clarification, another wording.

    The same wording is no change. Raises QuestionDecidedError, TooManyAnswersError.
    """
    before = current(work, question)
    if text != before.text:
        rules.check_version(before.version)
        after = replace(before, text=text, version=before.version + 1, changed_at=work.now)
        store.change_answer(work, after, work.now)
        work.append(events.AnswerChanged(question.request_id, question.id, after.version, acknowledged))
    return _one(work, question)


def decline(work: Work, question: Question, reason: str, acknowledged: int) -> Asked:
    """Leave a question that ``hold`` returned without an answer; its asker is told why. Raises QuestionDecidedError."""
    rules.check_declinable(question.state)
    if question.provider_id is None or question.invitation_id is None:
        raise RuntimeError("what waits has an asker")
    declined = replace(question, state=QuestionState.DECLINED, reason=reason, decided_at=work.now)
    store.save(work, declined)
    work.append(
        events.QuestionDeclined(
            question.request_id, question.id, question.provider_id, question.invitation_id, acknowledged
        )
    )
    return _one(work, declined)


def clarify(work: Work, request_id: RequestId, text: str, acknowledged: int) -> Asked:
    """Tell all invited providers something that nobody asked. Raises NotTakingQuestionsError, TooManyAnswersError."""
    _hold_open(work, request_id)
    rules.check_room(store.clarifications(work, request_id))
    blank = Question(ids.new("qst"), request_id, None, None, "", QuestionState.PUBLISHED, work.now)
    clarification = _publish(work, blank, QuestionState.PUBLISHED, text)
    store.add(work, clarification)
    work.append(events.ClarificationPublished(request_id, clarification.id, acknowledged))
    return _one(work, clarification)


def _publish(work: Work, question: Question, state: QuestionState, text: str) -> Question:
    answer = Answer(ids.new("ans"), question.request_id, question.text, text, 1, work.now)
    store.add_answer(work, answer)
    return replace(question, state=state, reason="", decided_at=work.now, answer_id=answer.id)


def _one(reading: Reading, question: Question) -> Asked:
    return _asked(reading, question.request_id, [question])[0]
