"""`python -m signet_testing.fuzz URL`: fuzz a running deployment, contract by contract.

SIGNET_API_KEY and SIGNET_SECRET name an administrator, who makes a disposable one for the fuzzing. It changes and
deletes what it finds there: never point it at data that somebody needs.
"""

import argparse
import os
import random
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import yaml

from signet_testing.fuzz import hooks
from signet_testing.fuzz.account import disposable
from signet_testing.fuzz.errors import CannotFuzz
from signet_testing.fuzz.signing import Secret

SETTINGS = Path(__file__).with_name("schemathesis.toml")
CONTRACTS = Path("contracts/openapi")
REPORTS = Path("build/fuzz")
MAX_EXAMPLES = 100


def main(arguments: Sequence[str], environ: Mapping[str, str]) -> int:
    """Exit code 0 when every check held, 1 when one did not, 2 when fuzzing was not possible."""
    chosen = _parser().parse_args(arguments)
    try:
        failed = _fuzz(chosen, _credentials(environ))
    except (CannotFuzz, LookupError) as reason:
        print(f"fuzz: {reason}", file=sys.stderr)
        return 2
    print(f"fuzz: seed {chosen.seed}, reports in {chosen.reports}", flush=True)
    if failed:
        print(f"fuzz: checks failed for {', '.join(failed)}; replay with --seed {chosen.seed}", file=sys.stderr)
    return 1 if failed else 0


def _fuzz(chosen: argparse.Namespace, owner: Secret) -> list[str]:
    """Return the names of the contracts with failures. Raises CannotFuzz and LookupError."""
    paths = sorted(path for path in chosen.contracts.glob("*.yaml") if not chosen.only or path.stem in chosen.only)
    if not paths:
        raise CannotFuzz(f"no contract in {chosen.contracts}")
    documents: list[dict[str, Any]] = [yaml.safe_load(path.read_text()) for path in paths]
    chosen.reports.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        accounts = stack.enter_context(disposable(chosen.url.rstrip("/"), owner))
        hooks.install(documents, accounts)
        failed = [path.stem for path in paths if _run(path, chosen) != 0]
        accounts.check()
    return failed


def _run(contract: Path, chosen: argparse.Namespace) -> int:
    from schemathesis.cli import schemathesis

    command = [
        "--config-file", str(SETTINGS),
        "run", str(contract),
        "--url", chosen.url,
        "--phases", "examples,coverage,fuzzing,stateful",
        "--seed", str(chosen.seed),
        "--max-examples", str(chosen.max_examples),
        "--report", "junit",
        "--report-junit-path", str(chosen.reports / f"{contract.stem}.xml"),
    ]  # fmt: skip
    try:
        schemathesis.main(command, prog_name="fuzz")
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else 1
    return 0


def _credentials(environ: Mapping[str, str]) -> Secret:
    try:
        return Secret(environ["SIGNET_API_KEY"], environ["SIGNET_SECRET"])
    except KeyError as missing:
        raise CannotFuzz(f"{missing.args[0]} is not set: both it and the URL are in first-run.json") from None


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make fuzz", description=__doc__)
    parser.add_argument("url", help="the gateway, for instance http://127.0.0.1:8080")
    parser.add_argument("--contracts", type=Path, default=CONTRACTS, help="folder of OpenAPI contracts")
    parser.add_argument("--only", action="append", metavar="NAME", help="one contract, for instance resources")
    parser.add_argument("--seed", type=int, default=random.randrange(2**32), help="replays a run")
    parser.add_argument("--max-examples", type=int, default=MAX_EXAMPLES, help="per operation and phase")
    parser.add_argument("--reports", type=Path, default=REPORTS, help="folder for JUnit files")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
