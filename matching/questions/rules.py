"""What may be asked and answered, when, and how often."""

import hashlib

from buyers.requests import leak_check
from buyers.requests.leak_check import IdentityTerms
from buyers.requests.model import Status
from marketplace.kernel.errors import ConflictError, FieldError
from matching.questions.model import QuestionState
from sellers.model import Provider

MOST_QUESTIONS = 20
"""By one provider on one request."""
MOST_CLARIFICATIONS = 100
MOST_VERSIONS = 20
LONGEST = 2000
_TRIES_A_SIZE = 5
MOST_TRIES = 25
"""The fifth size of label has 999,999 numbers: no request has so many providers that ask."""


class NotTakingQuestionsError(ConflictError):
    """Questions are asked and answered while the request takes bids."""

    kind = "not-taking-questions"
    title = "The request takes no questions and answers now"


class TooManyQuestionsError(ConflictError):
    """The provider has asked all that it may on this request."""

    kind = "too-many-questions"
    title = "You have asked all the questions that you may ask here"


class ContactFoundError(ConflictError):
    """A question tells who asks, or how to reach somebody; ``errors`` names each spot."""

    kind = "contact-found"
    title = "This tells who you are or how to reach somebody"


class QuestionDecidedError(ConflictError):
    """The question is not in the state that this needs."""

    kind = "question-decided"
    title = "This question is already decided"


class TooManyAnswersError(ConflictError):
    """The buyer has published, or changed an answer, as often as it may."""

    kind = "too-many-answers"
    title = "You have published all that you may publish here"


def check_open(status: Status, *, suspended: bool) -> None:
    """Let pass while the request takes bids. Raises NotTakingQuestionsError."""
    if status is not Status.OPEN:
        raise NotTakingQuestionsError(f"The request is {status}; what was asked and answered stays readable.")
    if suspended:
        raise NotTakingQuestionsError("The request is suspended.")


def check_question(text: str, asker: Provider, asked: int) -> None:
    """Check a question of ``asker``, which asked ``asked`` before. Raises TooManyQuestionsError, ContactFoundError.

    The buyer and the other providers read it: it must not tell who asks, nor how to talk past the marketplace. What it
    is compared with is the asker's own, never the buyer's: a refusal can't be asked who the buyer is.
    """
    if asked >= MOST_QUESTIONS:
        raise TooManyQuestionsError(f"At most {MOST_QUESTIONS} questions on one request.")
    contact = asker.contact
    terms = IdentityTerms(
        names=(asker.name,) if asker.name else (),
        emails=(contact.email,) if contact.email else (),
        phones=(contact.phone,) if contact.phone else (),
        people=(contact.name,) if contact.name else (),
        numbers=(asker.reference,) if asker.reference else (),
    )
    found = leak_check.find_leaks({"/text": text}, terms)
    if found:
        raise ContactFoundError(
            "The buyer and all invited carriers read this text: ask without saying who you are.",
            errors=tuple(
                FieldError(
                    spot.where,
                    f"'{spot.text}' (characters {spot.start + 1} to {spot.end}) is {_said(spot.kind, spot.why)}:"
                    " leave it out",
                )
                for spot in found
            ),
        )


_OWN = {
    "name": "your own name",
    "domain": "your own domain",
    "email": "your own e-mail address",
    "phone": "your own phone number",
    "number": "a number that you are known by",
    "person": "the name of your contact",
}


def _said(kind: str, why: str) -> str:
    """Return what a spot is: the words of ``why`` speak to a buyer, but for contacts of anybody."""
    return _OWN.get(kind, why)


def check_answerable(state: QuestionState) -> None:
    """Let a question pass that has no answer yet, declined ones too. Raises QuestionDecidedError."""
    if state not in {QuestionState.WAITING, QuestionState.DECLINED}:
        raise QuestionDecidedError("It has an answer: change that one.")


def check_declinable(state: QuestionState) -> None:
    """Let a question pass that waits. Raises QuestionDecidedError."""
    if state is not QuestionState.WAITING:
        raise QuestionDecidedError(f"It is {state}.")


def check_room(clarifications: int) -> None:
    """Raise TooManyAnswersError if there are as many clarifications as there may be."""
    if clarifications >= MOST_CLARIFICATIONS:
        raise TooManyAnswersError(f"At most {MOST_CLARIFICATIONS} clarifications on one request.")


def check_version(version: int) -> None:
    """Raise TooManyAnswersError if ``version`` is the last that an answer may have."""
    if version >= MOST_VERSIONS:
        raise TooManyAnswersError(f"An answer has at most {MOST_VERSIONS} versions.")


def number_of(drawn: str, attempt: int) -> int:
    """Return the number of a label from random characters: of two digits at first, longer after vain attempts."""
    size = int(10 ** (2 + attempt // _TRIES_A_SIZE)) - 1
    return int.from_bytes(hashlib.sha256(drawn.encode()).digest()) % size + 1


def label(number: int) -> str:
    """Return what the buyer calls an asker."""
    return f"Carrier {number}"
