"""Pure decisions about a footprint's versions: which is in force, and who may know."""

from dataclasses import replace

from marketplace.kernel.errors import ConflictError
from sellers.footprints.model import Footprint, Visibility

KEPT_VERSIONS = 20
"""The newest versions are kept, and the one in force; older ones are dropped with the next upload."""


class FootprintInForceError(ConflictError):
    """The version is in force already."""

    kind = "footprint-in-force"
    title = "This version of your footprint is in force already"


class NoFootprintError(ConflictError):
    """There is no version in force."""

    kind = "no-footprint"
    title = "No version of your footprint is in force"


def upload(footprint: Footprint) -> Footprint:
    """Return the footprint with a new version, which is in force."""
    return replace(footprint, in_force=footprint.newest + 1, newest=footprint.newest + 1)


def restore(footprint: Footprint, number: int) -> Footprint:
    """Return the footprint with an earlier version in force. Raises FootprintInForceError."""
    if footprint.in_force == number:
        raise FootprintInForceError
    return replace(footprint, in_force=number)


def withdraw(footprint: Footprint) -> Footprint:
    """Return the footprint without a version in force. Raises NoFootprintError."""
    if not footprint.in_force:
        raise NoFootprintError
    return replace(footprint, in_force=0)


def show(footprint: Footprint, visibility: Visibility) -> Footprint:
    """Return the footprint with who may know of it."""
    return replace(footprint, visibility=visibility)


def dropped_up_to(footprint: Footprint) -> int:
    """Return the number up to which versions are dropped, but for the one in force."""
    return footprint.newest - KEPT_VERSIONS
