"""`signet-scheduler keyring …`: the keyring that waiting mails lie under."""

from signet_common.settings import load_or_exit
from signet_common.sql.keyring_commands import keyring_commands
from signet_scheduler import SERVICE
from signet_scheduler.bootstrap.commands import rotation
from signet_scheduler.settings import Settings

app = keyring_commands(
    SERVICE, lambda: load_or_exit(Settings).keyring, lambda verb: rotation(load_or_exit(Settings), verb)
)
