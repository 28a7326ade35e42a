"""Acts on many lines of a draft at once: adding a service at sites, changing chosen lines, grouping them; pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buyers.requests.model import Content
from marketplace.catalogue.model import Catalogue, FeatureKind, ServiceType

Document = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Wanted:
    """A service that is wanted at a site (empty: the whole company); ``size`` is the figure that its type needs."""

    site: str
    service_type: str
    size: str = ""
    quantity: str = "1"


def sized_by(kind: ServiceType) -> str:
    """Return the code of the number that a service type can't be priced without, or nothing."""
    return next((one.code for one in kind.features if one.required and one.kind is FeatureKind.NUMBER), "")


def added(content: Content, catalogue: Catalogue, wanted: Iterable[Wanted]) -> list[Document]:
    """Return new lines for what is wanted, without what a site has already."""
    there = {(line.site, line.service_type) for line in content.lines}
    number = max((int(line.ref[1:]) for line in content.lines), default=0)
    found: list[Document] = []
    for one in wanted:
        if (one.site, one.service_type) in there:
            continue
        there.add((one.site, one.service_type))
        number += 1
        kind = catalogue.service_type(one.service_type)
        code = sized_by(kind) if kind else ""
        features = [{"code": code, "value": one.size}] if code and one.size else []
        found.append(
            {
                "ref": f"L{number}",
                "service_type": one.service_type,
                "site": one.site,
                "quantity": one.quantity or "1",
                "features": features,
            }
        )
    return found


def without_sites(parts: Mapping[str, Any], gone: Collection[str]) -> Document:
    """Return the lines and lots of a request without those at the sites that are ``gone``."""
    return without_lines(parts, {line["ref"] for line in parts["lines"] if line["site"] in gone})


def without_lines(parts: Mapping[str, Any], gone: Collection[str]) -> Document:
    """Return the lines and lots of a request without the lines that are ``gone``; a lot goes with its last line."""
    lots = [{**lot, "lines": [ref for ref in lot["lines"] if ref not in gone]} for lot in parts["lots"]]
    return {
        "lines": [line for line in parts["lines"] if line["ref"] not in gone],
        "lots": [lot for lot in lots if lot["lines"]],
    }


def regrouped(parts: Mapping[str, Any], chosen: Sequence[str], name: str) -> Document:
    """Return the lots with the ``chosen`` lines in the lot of that name; without a name, in none."""
    lots = without_lines(parts, chosen)["lots"]
    if name:
        found = next((lot for lot in lots if lot["name"].casefold() == name.casefold()), None)
        if found is None:
            number = max((int(lot["ref"][1:]) for lot in lots), default=0) + 1
            found = {"ref": f"T{number}", "name": name, "lines": []}
            lots.append(found)
        found["lines"] = [*found["lines"], *chosen]
    return {"lots": lots}


def lot_names(content: Content) -> dict[str, str]:
    """Return the names of the buyer's own lots by their lines."""
    return {ref: lot.name for lot in content.lots for ref in lot.lines}
