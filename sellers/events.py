"""What providers do, told by id: registration, filters, terms, and what became of an invitation."""

from dataclasses import dataclass
from typing import ClassVar

from marketplace.kernel.ids import InvitationId, OrganizationId, RequestId
from marketplace.kernel.journal import Event


@dataclass(frozen=True, slots=True)
class ProviderEvent(Event):
    """Base of the events of one provider's stream."""

    provider_id: OrganizationId

    @property
    def stream(self) -> str:
        """The provider's own stream."""
        return f"provider:{self.provider_id}"


@dataclass(frozen=True, slots=True)
class ProviderRegistered(ProviderEvent):
    """A provider asks to be approved."""

    name: ClassVar[str] = "provider.registered"


@dataclass(frozen=True, slots=True)
class ProviderApproved(ProviderEvent):
    """The provider receives requests from now on."""

    name: ClassVar[str] = "provider.approved"


@dataclass(frozen=True, slots=True)
class ProviderSuspended(ProviderEvent):
    """The provider receives and opens nothing for the time being; the reason stays with the provider."""

    name: ClassVar[str] = "provider.suspended"


@dataclass(frozen=True, slots=True)
class ProviderClosed(ProviderEvent):
    """The provider left for good; the reason stays with the provider."""

    name: ClassVar[str] = "provider.closed"


@dataclass(frozen=True, slots=True)
class FilterSaved(ProviderEvent):
    """A filter was made or changed."""

    name: ClassVar[str] = "filter.saved"
    filter_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class FilterRemoved(ProviderEvent):
    """A filter is gone."""

    name: ClassVar[str] = "filter.removed"
    filter_id: str


@dataclass(frozen=True, slots=True)
class FiltersReplaced(ProviderEvent):
    """All filters of the provider were replaced by ``count`` others at once."""

    name: ClassVar[str] = "filters.replaced"
    count: int


@dataclass(frozen=True, slots=True)
class TerritorySaved(ProviderEvent):
    """A saved territory was made or changed, and so every filter that it is part of."""

    name: ClassVar[str] = "territory.saved"
    territory_id: str
    revision: int


@dataclass(frozen=True, slots=True)
class TerritoryRemoved(ProviderEvent):
    """A saved territory, which no filter used, is gone."""

    name: ClassVar[str] = "territory.removed"
    territory_id: str


@dataclass(frozen=True, slots=True)
class TermsPublished(ProviderEvent):
    """A version of a terms document was added to the provider's library."""

    name: ClassVar[str] = "terms.published"
    terms_id: str
    sha256: str


@dataclass(frozen=True, slots=True)
class InvitationEvent(Event):
    """Base of the events of one invitation's stream."""

    invitation_id: InvitationId
    provider_id: OrganizationId
    request_id: RequestId

    @property
    def stream(self) -> str:
        """The invitation's own stream."""
        return f"invitation:{self.invitation_id}"


@dataclass(frozen=True, slots=True)
class InvitationSeen(InvitationEvent):
    """The provider opened the request for the first time: from now on it may know what the request says."""

    name: ClassVar[str] = "invitation.seen"


@dataclass(frozen=True, slots=True)
class InvitationDeclined(InvitationEvent):
    """The provider does not want to bid; ``reason`` is one of ``rules.DECLINE_REASONS``, its words stay outside."""

    name: ClassVar[str] = "invitation.declined"
    reason: str


@dataclass(frozen=True, slots=True)
class InvitationReopened(InvitationEvent):
    """The provider takes its decline back."""

    name: ClassVar[str] = "invitation.reopened"
