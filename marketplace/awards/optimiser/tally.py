"""A choice of offers summed up once, by lot and by carrier, for everything that is then asked about it."""

from dataclasses import dataclass

from marketplace.awards.optimiser.instance import Instance


@dataclass(frozen=True, slots=True)
class Won:
    """What one carrier wins. ``value`` in cents by list."""

    lots: int
    sites: frozenset[int]
    value: int
    mbps: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Who wins each lot (offers by lot position), what each carrier wins, and what is left open."""

    chosen: frozenset[int]
    winners: dict[int, tuple[int, ...]]
    open_lots: tuple[int, ...]
    won: dict[int, Won]
    moves: int
    mrc: int
    nrc: int
    value: int
    quality: int
    weight: int

    @property
    def lots(self) -> int:
        """How many lots are awarded."""
        return sum(won.lots for won in self.won.values())

    @property
    def sites(self) -> frozenset[int]:
        """The sites where anything is awarded."""
        return frozenset().union(*(won.sites for won in self.won.values()))


def tally_of(instance: Instance, chosen: frozenset[int]) -> Tally:
    """Return the tally of a choice of offers by their positions."""
    winners: dict[int, tuple[int, ...]] = {}
    of_carrier: dict[int, list[int]] = {}
    for number in sorted(chosen):
        offer = instance.offers[number]
        of_carrier.setdefault(offer.carrier, []).append(number)
        for lot in offer.lots:
            winners[lot] = (*winners.get(lot, ()), number)
    offers = [instance.offers[number] for number in chosen]
    return Tally(
        chosen=chosen,
        winners=winners,
        open_lots=tuple(lot for lot in range(len(instance.lots)) if lot not in winners),
        won={carrier: _won(instance, numbers) for carrier, numbers in of_carrier.items()},
        moves=sum(offer.moves for offer in offers),
        mrc=sum(offer.offer.mrc for offer in offers),
        nrc=sum(offer.offer.nrc for offer in offers),
        value=sum(offer.value for offer in offers),
        quality=sum(offer.quality for offer in offers),
        weight=sum(offer.weight for offer in offers),
    )


def _won(instance: Instance, numbers: list[int]) -> Won:
    offers = [instance.offers[number] for number in numbers]
    return Won(
        lots=sum(len(offer.lots) for offer in offers),
        sites=frozenset(site for offer in offers for site in offer.sites),
        value=sum(offer.value for offer in offers),
        mbps=sum(offer.mbps for offer in offers),
    )
