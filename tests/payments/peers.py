"""Programs of others that stand in for a gateway: installed apart where a registry can be reached, else skipped."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

WITHIN_S = 90


def environment(folder: Path, python: str | Path, *packages: str) -> Path:
    """The Python of a fresh environment with these packages. Skips the test where that cannot be had."""
    uv = shutil.which("uv", path=Path(sys.executable).parent) or shutil.which("uv")
    if uv is None:
        pytest.skip(f"{packages[0]} needs uv to be installed apart, and uv is not here")
    inside = folder / "venv/bin/python"
    steps: list[list[str | Path]] = [
        [uv, "venv", "-q", "--no-python-downloads", "--python", python, folder / "venv"],
        [uv, "pip", "install", "-q", "--python", inside, *packages],
    ]
    for step in steps:
        try:
            done = subprocess.run(step, cwd=folder, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        except subprocess.TimeoutExpired:
            pytest.skip(f"{packages[0]} could not be installed within {WITHIN_S} s")
        if done.returncode:
            pytest.skip(f"{packages[0]} could not be installed: {done.stderr[-200:]}")
    return inside


def newer_python() -> Path:
    """A Python of at least 3.12 on this machine. Skips the test where there is none."""
    named = [shutil.which(f"python3.{minor}") for minor in (14, 13, 12)]
    own = sorted(Path.home().glob(".pyenv/versions/3.1[2-9]*/bin/python"))
    for found in (sys.executable, *named, *own):
        if found and _says_newer(found):
            return Path(found)
    pytest.skip("no Python of at least 3.12 is here")


def _says_newer(python: str | Path) -> bool:
    asked = [python, "-c", "import sys; sys.exit(sys.version_info < (3, 12))"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    """Until somebody listens there."""
    for _ in range(400):
        with closing(socket.socket()) as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert process.poll() is None, "it did not start"
        time.sleep(0.05)
    raise AssertionError("it does not answer")
