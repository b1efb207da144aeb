"""What holds for every file: small enough to read, money whole and wide, one place that commits, tests that are run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import BigInteger
from sqlmodel import SQLModel

from shop.migrations import tables

ROOT = Path(__file__).parents[2]
ROOMS = ("shop", "payments", "livestream", "admin")
MOST_LINES = 400
DRAWN = {"shop/demo/drawings"}  # shapes, point by point: data in the form of calls
COMMITS_ITSELF = {"shop/core/db.py", "shop/migrations"}


def python_files(*rooms: str) -> list[Path]:
    return sorted(file for room in rooms for file in (ROOT / room).rglob("*.py"))


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def is_among(file: Path, places: set[str]) -> bool:
    return any(name_of(file) == place or name_of(file).startswith(f"{place}/") for place in places)


def test_no_file_is_too_long_to_read() -> None:
    files = [file for file in python_files(*ROOMS, "tests") if not is_among(file, DRAWN)]
    assert len(files) > 100
    long = {name_of(file): lines for file in files if (lines := len(file.read_text().splitlines())) > MOST_LINES}
    assert long == {}


def test_money_is_a_whole_number_of_dong_in_64_bits() -> None:
    assert tables
    money = [
        column
        for table in SQLModel.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_vnd")
    ]
    assert len(money) > 10
    assert [str(column) for column in money if not isinstance(column.type, BigInteger)] == []


def test_nobody_commits_but_the_write_block() -> None:
    files = [file for file in python_files(*ROOMS) if not is_among(file, COMMITS_ITSELF)]
    found = [f"{name_of(file)}:{line}" for file in files for line in _calls(file, "commit")]
    assert found == []


def _calls(file: Path, method: str) -> Iterator[int]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
            yield node.lineno


def test_every_class_that_holds_tests_is_found_by_pytest() -> None:
    hidden = [f"{name_of(file)}: {name}" for file in python_files("tests") for name in _hidden_classes(file)]
    assert hidden == []


def _hidden_classes(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ClassDef) and not node.name.startswith("Test"):
            machine = any("StateMachine" in ast.unparse(base) for base in node.bases)
            if not machine and any(isinstance(it, ast.FunctionDef) and it.name.startswith("test_") for it in node.body):
                yield node.name
