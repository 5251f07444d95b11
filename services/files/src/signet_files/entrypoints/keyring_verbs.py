"""`signet-files keyring …`: the keyring that the keys of files lie under."""

from signet_common.settings import load_or_exit
from signet_common.sql.keyring_commands import keyring_commands
from signet_files import SERVICE
from signet_files.bootstrap.commands import rotation
from signet_files.settings import Settings

app = keyring_commands(
    SERVICE, lambda: load_or_exit(Settings).keyring, lambda verb: rotation(load_or_exit(Settings), verb)
)
