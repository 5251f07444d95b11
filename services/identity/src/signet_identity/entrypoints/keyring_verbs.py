"""`signet-identity keyring …`: the keyring that secrets at rest lie under."""

from signet_common.settings import load_or_exit
from signet_common.sql.keyring_commands import keyring_commands
from signet_identity import SERVICE
from signet_identity.bootstrap.commands import REFUSALS, keyring_rotation
from signet_identity.settings import Settings

app = keyring_commands(
    SERVICE,
    lambda: load_or_exit(Settings).keyring,
    lambda verb: keyring_rotation(load_or_exit(Settings), verb),
    *REFUSALS,
)
