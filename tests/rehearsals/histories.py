"""Far more histories of payments, refunds and gateways than the suite plays, on both databases."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.bench.stand import ROOT
from tests.payments.many import REHEARSING
from tests.rehearsals.report import Figure

FILES = (
    "payments/test_histories",
    "payments/test_gateway_histories",
    "payments/test_refund_histories",
    "payments/test_tolerance",
    "payments/test_disputes",
    "payments/test_remittances",
    "payments/test_payouts",
    "livestream/test_any_history",
)


def histories(_home: Path) -> list[Figure]:
    """Facts of payments and refunds, steps of a live evening, in any order: ledger and stock end the same."""
    files = [f"tests/{name}.py" for name in FILES]
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *files]
    environment = {**os.environ, REHEARSING: "1"}
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if told.returncode:
        raise AssertionError(told.stdout[-4000:])
    passed = re.search(r"(\d+) passed", told.stdout)
    played = (number for name in files for number in re.findall(r"many\(\d+, (\d+)\)", (ROOT / name).read_text()))
    return [
        ("histories played, all ending the same", f"{sum(map(int, played)):,}"),
        ("tests", passed[1] if passed else "0"),
    ]
