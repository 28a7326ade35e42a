"""The words of notices as they are told now, and what the platform's admins do with them."""

from collections.abc import Mapping, Sequence
from datetime import UTC

from sqlalchemy.exc import IntegrityError

from marketplace.kernel.errors import ConflictError, NotFoundError
from marketplace.kernel.work import Reading, Work
from notifications import table
from notifications.languages import Language
from notifications.row import Audience, Facts, Row, Wording, Words, words
from notifications.wording import rules, store
from notifications.wording.events import WordingChanged
from notifications.wording.german import GERMAN
from notifications.wording.model import Edition, Preview, Version
from notifications.wording.tables import WordingRow


class WordingMovedError(ConflictError):
    """Somebody saved other words since the page was opened."""

    kind = "wording-changed-meanwhile"
    title = "Somebody has saved other words meanwhile: look at them first"


class NothingToResetError(ConflictError):
    """The default is told already."""

    kind = "wording-is-default"
    title = "The default is told already"


class Said:
    """The words of one event's rows, as they are told now; asked for once, and only where somebody is told."""

    def __init__(self, reading: Reading, event: str) -> None:
        self._reading, self._event = reading, event
        self._edited: Mapping[tuple[str, str], Wording] | None = None
        self._known: dict[tuple[Audience, Facts], Mapping[Language, Words]] = {}

    def of(self, row: Row, facts: Facts) -> Mapping[Language, Words]:
        """Return title and text of a notice in every language."""
        key = row.audience, facts
        if key not in self._known:
            self._known[key] = {language: words(self._wording(row, language), facts, language) for language in Language}
        return self._known[key]

    def _wording(self, row: Row, language: Language) -> Wording:
        if self._edited is None:
            latest = store.of_event(self._reading, self._event)
            self._edited = {(one.audience, one.language): found for one in latest if (found := _wording_of(one))}
        return self._edited.get((row.audience, language)) or default_of(row, language)


def default_of(row: Row, language: Language) -> Wording:
    """Return the words of the house for a row."""
    return GERMAN[row.event, row.audience] if language is Language.DE else Wording(row.title, row.text)


def editions(reading: Reading) -> Sequence[Mapping[Language, Edition]]:
    """Return every row of the table of notices in every language, each with its latest version."""
    latest = {(one.event, one.audience, one.language): one for one in store.of_all(reading)}
    found = []
    for row in table.ROWS:
        of_row = {}
        for language in Language:
            one = latest.get((row.event, row.audience, language))
            versions = () if one is None else (_version(one),)
            of_row[language] = Edition(row, language, default_of(row, language), versions)
        found.append(of_row)
    return found


def edition(reading: Reading, event: str, audience: str, language: str) -> Edition:
    """Return a row in one language with all its versions. Raises NotFoundError."""
    row, known = row_of(event, audience), _language(language)
    versions = store.versions(reading, event, audience, known)
    return Edition(row, known, default_of(row, known), tuple(map(_version, versions)))


def preview(reading: Reading, found: Edition, wording: Wording) -> Preview:
    """Return what a reader would be told, from invented facts. Raises MalformedError."""
    rules.check(found.row, wording)
    return rules.preview(found.row, wording, found.language, reading.vault.settings.address)


def save(work: Work, found: Edition, wording: Wording, number: int) -> None:
    """Tell a row in these words from now on; what was told stays as it is. ``number``: of the version that was edited.

    Raises MalformedError, WordingMovedError.
    """
    rules.check(found.row, wording)
    _add(work, found, wording, number)


def reset(work: Work, found: Edition, number: int) -> None:
    """Tell a row in the words of the house again. Raises NothingToResetError, WordingMovedError."""
    if not found.edited:
        raise NothingToResetError
    _add(work, found, None, number)


def row_of(event: str, audience: str) -> Row:
    """Return a row of the table of notices. Raises NotFoundError."""
    for row in table.rows_of(event):
        if row.audience == audience:
            return row
    raise NotFoundError


def _add(work: Work, found: Edition, wording: Wording | None, number: int) -> None:
    if number != found.number:
        raise WordingMovedError
    row = WordingRow(
        event=found.row.event,
        audience=found.row.audience,
        language=found.language,
        number=number + 1,
        title=wording.title if wording else None,
        text=wording.text if wording else None,
        saved_at=work.now,
        saved_by=work.principal.user_id,
    )
    try:
        store.add(work, row)
    except IntegrityError:
        raise WordingMovedError from None
    work.append(WordingChanged(row.event, row.audience, row.language, row.number, wording is None))


def _language(tag: str) -> Language:
    if tag not in set(Language):
        raise NotFoundError
    return Language(tag)


def _version(row: WordingRow) -> Version:
    return Version(row.number, _wording_of(row), row.saved_at.astimezone(UTC), row.saved_by)


def _wording_of(row: WordingRow) -> Wording | None:
    return None if row.title is None or row.text is None else Wording(row.title, row.text)
