"""What a provider does with its saved territories, and what matching reads of them."""

from collections.abc import Collection
from dataclasses import replace

from marketplace.geography.keys import PackedKeys
from marketplace.kernel import http, ids
from marketplace.kernel.errors import NotFoundError
from marketplace.kernel.work import Reading, Work
from sellers import events
from sellers import rules as limits
from sellers import store as sellers
from sellers.territories import parse, rules, store
from sellers.territories.model import Content, Territory, TerritoryPlaces


def create(work: Work, name: str, content: Content) -> Territory:
    """Save a new territory.

    Raises MalformedError, TooManyTerritoriesError, TooManyPlacesError, NotFoundError.
    """
    provider_id = work.principal.organization_id
    if sellers.provider(work, provider_id) is None:
        raise NotFoundError
    compiled = rules.compiled(content)
    sellers.hold_filters(work, provider_id)
    rules.check_room(store.count(work, provider_id))
    territory = Territory(ids.new("ter"), provider_id, name, compiled.figures, 1, work.now, work.now)
    store.add(work, territory, rules.kept(content), compiled)
    limits.check_places(sellers.place_keys(work, provider_id))
    work.append(events.TerritorySaved(provider_id, territory.id, territory.revision))
    return territory


def change(work: Work, territory_id: str, name: str, content: Content, if_match: str | None) -> Territory:
    """Replace what a territory says; filters that it is part of count as changed.

    Raises NotFoundError, PreconditionRequiredError, StaleError, MalformedError, TooManyPlacesError.
    """
    before, _ = _held(work, territory_id, if_match)
    return _changed(work, before, name, content)


def list_buildings(work: Work, territory_id: str, text: str, if_match: str | None) -> Territory:
    """Replace a territory's list of buildings by the rows of a CSV text; the rest stays.

    Raises NotFoundError, PreconditionRequiredError, StaleError, MalformedError, TooLargeError, TooManyPlacesError.
    """
    buildings = parse.parse_csv(text)
    before, content = _held(work, territory_id, if_match)
    return _changed(work, before, before.name, replace(content, places=replace(content.places, buildings=buildings)))


def remove(work: Work, territory_id: str, if_match: str | None) -> None:
    """Delete a territory. Raises NotFoundError, PreconditionRequiredError, StaleError, TerritoryInUseError."""
    # the same lock as saving a filter: none can begin to use it meanwhile
    sellers.hold_filters(work, work.principal.organization_id)
    removed, _ = _held(work, territory_id, if_match)
    rules.check_unused(sellers.filters_within(work, removed.provider_id, removed.id))
    store.remove(work, removed.id)
    work.append(events.TerritoryRemoved(removed.provider_id, removed.id))


def read(reading: Reading, territory_id: str) -> tuple[Territory, Content]:
    """Return one of the caller's territories and what it says. Raises NotFoundError."""
    found = store.read(reading, reading.principal.organization_id, territory_id)
    if found is None:
        raise NotFoundError
    return found


def page(reading: Reading, after: str | None, limit: int) -> list[Territory]:
    """Return the caller's territories behind cursor ``after``, the oldest first."""
    return store.page(reading, reading.principal.organization_id, after, limit)


def places(reading: Reading, territory_ids: Collection[str] | None) -> dict[str, TerritoryPlaces]:
    """Return the places of these saved territories, of any provider, or of all (None), by id.

    Territories of equal content share one pair of key sets.
    """
    known: dict[str, TerritoryPlaces] = {}
    found: dict[str, TerritoryPlaces] = {}
    for row in store.places(reading, territory_ids):
        alike = known.get(row.digest)
        if alike is None:
            alike = TerritoryPlaces(row.name, row.digest, PackedKeys(row.keys), PackedKeys(row.excluded))
            known[row.digest] = alike
        found[row.id] = replace(alike, name=row.name)
    return found


def _held(work: Work, territory_id: str, if_match: str | None) -> tuple[Territory, Content]:
    found = store.locked(work, work.principal.organization_id, territory_id)
    if found is None:
        raise NotFoundError
    work.tick()
    http.check_if_match(if_match, found[0].revision)
    return found


def _changed(work: Work, before: Territory, name: str, content: Content) -> Territory:
    compiled = rules.compiled(content)
    changed = replace(before, name=name, figures=compiled.figures, revision=before.revision + 1, saved_at=work.now)
    store.save(work, changed, rules.kept(content), compiled)
    limits.check_places(sellers.place_keys(work, changed.provider_id))
    work.append(events.TerritorySaved(changed.provider_id, changed.id, changed.revision))
    return changed
