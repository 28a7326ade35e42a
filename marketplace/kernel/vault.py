"""The installation's secrets in one hand: what signs, and what seals for which purpose."""

from dataclasses import dataclass

from marketplace.kernel.config import Settings
from marketplace.kernel.sealing import Sealer
from marketplace.kernel.security import Keyring, load_keyring


@dataclass(frozen=True, slots=True)
class Vault:
    """Signing keys and the secret that sealers are derived from."""

    settings: Settings
    keyring: Keyring

    def sealer(self, purpose: str) -> Sealer:
        """Return the sealer of one purpose; what it seals, no other purpose's sealer opens."""
        return Sealer(self.settings, purpose)


def open_vault(settings: Settings) -> Vault:
    """Return the vault of an installation; its first signing key is made where there is none."""
    return Vault(settings, load_keyring(settings.folder / "keys", settings.issuer))
