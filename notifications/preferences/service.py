"""What a reader chooses: each user for itself, an admin of a provider also for the desk's shared address."""

from dataclasses import replace

from sqlalchemy.dialects.postgresql import insert

from marketplace.kernel import codec
from marketplace.kernel.access import Kind, Principal, UserRole
from marketplace.kernel.errors import ForbiddenError
from marketplace.kernel.work import Reading, Work
from notifications.groups import ROLES, Group
from notifications.languages import Language
from notifications.preferences.model import Choice, Preferences, TextChoice, Timing
from notifications.preferences.tables import PreferenceRow


def preferences(reading: Reading, *, desk: bool = False) -> Preferences:
    """Return what the caller has chosen, or what was chosen for its desk's shared address.

    Raises ForbiddenError when the caller may not choose for the desk.
    """
    return of_reader(reading, reader_of(reading.principal, desk=desk))


def save(work: Work, chosen: Preferences, *, desk: bool = False) -> None:
    """Keep what the caller chooses. What is planned already keeps its time.

    Raises ForbiddenError when the caller may not choose for the desk.
    """
    keep(work, reader_of(work.principal, desk=desk), work.principal.organization_id, chosen)


def groups_of(principal: Principal, *, desk: bool = False) -> tuple[Group, ...]:
    """Return the groups that a reader can be told of by e-mail."""
    if principal.kind is Kind.PLATFORM:
        return (Group.PLATFORM,) if principal.role in ROLES[Group.PLATFORM] else ()
    others = {Group.PLATFORM} if principal.kind is Kind.BUYER else {Group.PLATFORM, Group.IDENTITY}
    return tuple(group for group in Group if group not in others and (desk or principal.role in ROLES[group]))


def reader_of(principal: Principal, *, desk: bool) -> str:
    """Return whose choices the caller makes. Raises ForbiddenError for the desk's, unless a provider's admin asks."""
    if not desk:
        return principal.user_id
    if principal.kind is not Kind.PROVIDER or principal.role is not UserRole.ADMIN:
        raise ForbiddenError("An admin of a provider chooses for its desk's shared address.")
    return principal.organization_id


def of_reader(reading: Reading, reader_id: str) -> Preferences:
    """Return what one reader has chosen; who has chosen nothing is told by weight, at any hour."""
    row = reading.session.get(PreferenceRow, reader_id)
    if row is None:
        return Preferences()
    known = {group.value for group in Group}
    choices = {Group(group): Choice(choice) for group, choice in row.choices.items() if group in known}
    texts = {Group(group): TextChoice(choice) for group, choice in row.texts.items() if group in known}
    return Preferences(choices, codec.load(Timing, row.timing), texts, language_of(row.language))


def language_of(tag: str | None) -> Language:
    """Return a language by its tag as it is stored; English for one that we do not have, or none."""
    return Language(tag) if tag in set(Language) else Language.EN


def speak(work: Work, language: Language) -> None:
    """Send the caller what is sent in this language from now on; what it has chosen besides stays."""
    reader_id = work.principal.user_id
    keep(work, reader_id, work.principal.organization_id, replace(of_reader(work, reader_id), language=language))


def turn_off(work: Work, reader_id: str, organization_id: str) -> None:
    """Send a reader no more e-mail of any group; what it has chosen besides stays."""
    chosen = of_reader(work, reader_id)
    keep(work, reader_id, organization_id, replace(chosen, choices=dict.fromkeys(Group, Choice.OFF)))


def keep(work: Work, reader_id: str, organization_id: str, chosen: Preferences) -> None:
    """Write what a reader has chosen, in place of what it had chosen before."""
    values = {
        "choices": {group.value: choice.value for group, choice in chosen.choices.items()},
        "timing": codec.dump(chosen.timing),
        "language": chosen.language.value,
        "texts": {group.value: choice.value for group, choice in chosen.texts.items()},
        "updated_at": work.now,
    }
    statement = insert(PreferenceRow).values(reader_id=reader_id, organization_id=organization_id, **values)
    work.session.connection().execute(statement.on_conflict_do_update(index_elements=["reader_id"], set_=values))
    work.session.expire_all()
