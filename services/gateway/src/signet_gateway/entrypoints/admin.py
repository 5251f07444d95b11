"""`signet-gateway`: what an operator or the build asks of the gateway's code."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from signet_gateway.application.own_contract import own_contract
from signet_gateway.bootstrap.commands import KEY_REFUSALS, key_verbs

_SETTING = "GATEWAY_SEALING_KEYS"
_SECONDS_PER_DAY = 86_400
_OVERLAP_DAYS = 30.0


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one verb; exits with 1 when it cannot be done, with 2 when it was not understood."""
    parser = _parser()
    chosen = parser.parse_args(arguments)
    if chosen.verb == "openapi":
        yaml.safe_dump(own_contract(), sys.stdout, sort_keys=False, allow_unicode=True, width=120)
        return
    if chosen.file is None:
        parser.error(f"which file? Set {_SETTING}, or give --file")
    verbs = key_verbs(chosen.file)
    try:
        if chosen.keys_verb == "rotate":
            lines = verbs.rotate(wait=_seconds(chosen.wait_days), overlap=_seconds(chosen.overlap_days))
        elif chosen.keys_verb == "retire":
            lines = verbs.retire(chosen.key_id)
        else:
            lines = verbs.list()
    except KEY_REFUSALS as error:
        print(f"signet-gateway: {error}", file=sys.stderr)
        sys.exit(1)
    print("\n".join(lines))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="signet-gateway", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("openapi", help="print the contract of the gateway's own paths, as YAML")
    keys = verbs.add_parser("keys", help="the keys that bodies are sealed to; running gateways follow by themselves")
    setting = os.environ.get(_SETTING)
    keys.add_argument("--file", type=Path, default=Path(setting) if setting else None, help=f"or {_SETTING}")
    actions = keys.add_subparsers(dest="keys_verb", required=True)
    actions.add_parser("list", help="print state, thumbprint and times of every key")
    rotate = actions.add_parser("rotate", help="make a new key; the others are accepted for a while")
    rotate.add_argument("--overlap-days", type=_days, default=_OVERLAP_DAYS, help="how long the others last: 30")
    rotate.add_argument(
        "--wait-days", type=_days, default=0.0, help="announce it first, until every machine has the file: 0"
    )
    # It has no options, not even `-h`: one thumbprint in 64 begins with a hyphen, and is a thumbprint all the same.
    retire = actions.add_parser(
        "retire", help="end a key now and erase its private half", prefix_chars="\0", add_help=False
    )
    retire.add_argument("key_id", help="its thumbprint")
    return parser


def _days(text: str) -> float:
    days = float(text)
    if not 0 <= days <= 3650:
        raise argparse.ArgumentTypeError("wanted 0 to 3650 days")
    return days


def _seconds(days: float) -> int:
    return int(days * _SECONDS_PER_DAY)


if __name__ == "__main__":
    main()
