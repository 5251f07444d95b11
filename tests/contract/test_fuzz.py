"""Schemathesis against the running platform: whatever is sent, the answer is one that the contract names.

The seed is fixed, so a failure here is the same failure on every machine. `make fuzz` goes on where this stops: any
deployment, any seed, more examples.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from signet_testing.fuzz.hooks import operations
from signet_testing.platform import ROOT, Platform

CONTRACTS = ROOT / "contracts" / "openapi"
SEED = 20260101
EXAMPLES = 10
"""Per operation and phase: all contracts together take about two minutes on two cores."""

# A single address sends everything, far more often than anybody may sign in or guess.
UNLIMITED = {"GATEWAY_PUBLIC_RATE": "100000", "GATEWAY_UNKNOWN_RATE": "100000"}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """A platform of its own: the fuzzer leaves users, keys and demos behind."""
    with Platform(tmp_path_factory.mktemp("fuzzed"), UNLIMITED) as running:
        yield running


@pytest.mark.fuzz
@pytest.mark.timeout(900)
@pytest.mark.parametrize("contract", sorted(path.stem for path in CONTRACTS.glob("*.yaml")))
def test_every_answer_is_one_that_the_contract_names(deployment: Platform, contract: str, tmp_path: Path) -> None:
    """A client is written from the contract alone; what it does not name is a surprise in production."""
    administrator = deployment.first_run
    finished = subprocess.run(
        [
            sys.executable, "-m", "signet_testing.fuzz", deployment.url, "--only", contract, "--seed", str(SEED),
            "--max-examples", str(EXAMPLES), "--reports", str(tmp_path), "--contracts", str(CONTRACTS),
        ],
        env={**os.environ, "SIGNET_API_KEY": administrator.api_key, "SIGNET_SECRET": administrator.secret},
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )  # fmt: skip
    assert finished.returncode == 0, finished.stdout
    tested = {case.get("name") for case in ElementTree.parse(tmp_path / f"{contract}.xml").iter("testcase")}
    document = yaml.safe_load((CONTRACTS / f"{contract}.yaml").read_text())
    assert {f"{method.upper()} {path}" for path, method, _ in operations(document)} <= tested
