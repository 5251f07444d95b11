"""`signet-gateway`: what an operator or the build asks of the gateway's code."""

import argparse
import sys

import yaml

from signet_gateway.application.own_contract import own_contract


def main() -> None:
    """Run one verb."""
    parser = argparse.ArgumentParser(prog="signet-gateway", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    verbs.add_parser("openapi", help="print the contract of the gateway's own paths, as YAML")
    parser.parse_args()
    yaml.safe_dump(own_contract(), sys.stdout, sort_keys=False, allow_unicode=True, width=120)


if __name__ == "__main__":
    main()
