"""Where webhooks may go: what an address has to look like, and which machines behind a name are not called."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Resolver = Callable[[str, int], Sequence[str]]
"""Returns the IP addresses of a host name, or of an IP address itself. Raises OSError."""

LONGEST = 2000
"""Characters of an address."""
HTTPS, HTTP = "https", "http"
_HTTPS_PORT, _HTTP_PORT = 443, 80
_FIRST_FREE_PORT, _LAST_PORT = 1024, 65_535
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_URL = re.compile(
    rf"(?P<scheme>https?)://(?P<host>{_LABEL}(?:\.{_LABEL})*|\[[0-9A-Fa-f:.]{{2,45}}\])(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?P<path>[/?][A-Za-z0-9._~:/?@!$&'()*+,;=%\[\]-]*)?"
)
"""Strict on purpose: what two programs might read in two ways (users, backslashes, fragments) is no address here."""

_NOT_PUBLIC = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
"""The special-purpose registry of IANA (RFC 6890 and its updates), multicast and what is reserved."""
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NOT_PUBLIC_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20")))
"""Within it: protocol assignments (Teredo among them), documentation, and 6to4, which carries any IPv4 address."""
_NAT64 = IPv6Network("64:ff9b::/96")
"""What a network without IPv4 gives for an IPv4 address: as good as that address (RFC 6052)."""


NOT_PUBLIC = "the name leads to no public address"
"""Also said of names that nobody knows: which names there are in our own network is told to nobody."""


class RefusedError(Exception):
    """Nothing is sent there. The text says why, and nothing of the networks that were looked at."""


@dataclass(frozen=True, slots=True)
class Target:
    """A webhook's address taken apart. ``host`` without brackets; ``path`` begins with a slash and has the query."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """The Host header: the port only where it is not the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        own = self.port == (_HTTPS_PORT if self.scheme == HTTPS else _HTTP_PORT)
        return host if own else f"{host}:{self.port}"


def target_of(url: str, *, loopback: bool = False) -> Target:
    """Return the parts of a webhook's address. ``loopback``: plain http is taken, too, for this machine alone.

    Raises RefusedError.
    """
    found = _URL.fullmatch(url) if len(url) <= LONGEST else None
    if found is None:
        raise RefusedError(
            "write an address such as https://hooks.example.com/tenderline: letters, digits and usual signs only"
        )
    scheme = found["scheme"]
    if scheme == HTTP and not loopback:
        raise RefusedError("the address must begin with https://")
    port = int(found["port"] or (_HTTPS_PORT if scheme == HTTPS else _HTTP_PORT))
    usual = port == _HTTPS_PORT or _FIRST_FREE_PORT <= port <= _LAST_PORT
    if not usual and (scheme == HTTPS or not 0 < port <= _LAST_PORT):
        raise RefusedError(f"the port must be {_HTTPS_PORT}, or {_FIRST_FREE_PORT} to {_LAST_PORT}")
    path = found["path"] or "/"
    return Target(scheme, found["host"].strip("[]").lower(), port, path if path.startswith("/") else f"/{path}")


def is_public(address: str) -> bool:
    """Tell whether an IP address is one that the whole Internet reaches, so that nothing of ours answers there."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv4Address):
        return not any(found in network for network in _NOT_PUBLIC)
    if found.scope_id is not None:
        return False
    if found in _NAT64:
        return is_public(str(IPv4Address(int(found) & 0xFFFF_FFFF)))
    return found in _GLOBAL_UNICAST and not any(found in network for network in _NOT_PUBLIC_6)


def allowed(target: Target, resolved: Sequence[str]) -> tuple[str, ...]:
    """Return the addresses that may be called for ``target``: all that its name resolved to, or none.

    A name that has one forbidden address is not called at all: which one a later look-up gives is not ours to choose.
    Raises RefusedError.
    """
    if not resolved:
        raise RefusedError(NOT_PUBLIC)
    if target.scheme == HTTP:
        if not all(_is_loopback(address) for address in resolved):
            raise RefusedError("plain http is for this machine alone")
    elif not all(is_public(address) for address in resolved):
        raise RefusedError(NOT_PUBLIC)
    return tuple(dict.fromkeys(resolved))


def _is_loopback(address: str) -> bool:
    try:
        found: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return False
    return found.is_loopback
