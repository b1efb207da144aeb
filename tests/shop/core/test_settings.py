"""A wrong value stops the start with one clear line; a right one is taken as it is."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shop.settings import Settings, WrongSettings, load_settings

ROOT = Path(__file__).parents[3]
PRODUCTION = {
    "env": "production",
    "secret_key": "s" * 40,
    "public_url": "https://cho.example.vn",
    **{f"operator_{what}": "thật" for what in ("name", "registration", "address", "phone", "email")},
}

WRONG = [
    ("CHOHTX_DATABASE_URL", "foo"),
    ("CHOHTX_DATABASE_URL", "foo://x"),
    ("CHOHTX_DATABASE_URL", "sqlite:///"),
    ("CHOHTX_DATABASE_URL", "sqlite://host/file"),
    ("CHOHTX_DATABASE_URL", "sqlite:///:memory:"),
    ("CHOHTX_DATABASE_URL", "mysql://host/market"),
    ("CHOHTX_DATABASE_URL", "postgresql://host"),
    ("CHOHTX_DATABASE_URL", "postgresql://host:cổng/market"),
    ("CHOHTX_DATABASE_URL", "postgresql://host/market one"),
    ("CHOHTX_BUS_URL", "nonsense"),
    ("CHOHTX_BUS_URL", "redis://"),
    ("CHOHTX_BUS_URL", "redis://host:65536"),
    ("CHOHTX_BUS_URL", "http://host:6379"),
    ("CHOHTX_PUBLIC_URL", "nonsense"),
    ("CHOHTX_PUBLIC_URL", "cho.example.vn"),
    ("CHOHTX_PUBLIC_URL", "ftp://cho.example.vn"),
    ("CHOHTX_PUBLIC_URL", "https://"),
    ("CHOHTX_PUBLIC_URL", "https://cho.example.vn/cho"),
    ("CHOHTX_PUBLIC_URL", "https://me:secret@cho.example.vn"),
    ("CHOHTX_PUBLIC_URL", "https://[::1"),
    ("CHOHTX_MEDIA_URL", "media:9000/hinh"),
    ("CHOHTX_LOG_FORMAT", "xml"),
    ("CHOHTX_WORKER", "perhaps"),
    ("CHOHTX_CHECKOUT_HOLD_MINUTES", "0"),
    ("PORT", "65536"),
]
RIGHT = [
    ("database_url", "postgresql://chohtx:một-mật-khẩu@db/chohtx"),
    ("database_url", "postgres://db:5432/chohtx"),
    ("database_url", "postgresql://me@/market?host=/run/postgresql"),
    ("database_url", "sqlite:////var/lib/chohtx/market.sqlite"),
    ("database_url", "sqlite:///data/market.sqlite"),
    ("bus_url", "redis://bus:6379/0"),
    ("bus_url", "rediss://:secret@bus"),
    ("public_url", "https://cho.example.vn/"),
    ("public_url", "http://127.0.0.1:8000"),
    ("public_url", "http://[::1]:8000"),
    ("media_url", ""),
]


@pytest.mark.parametrize(("name", "value"), WRONG)
def test_a_wrong_value_is_one_line_that_names_the_setting(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings) as wrong:
        load_settings(_env_file=None)
    assert str(wrong.value).startswith(f"{name}: ")
    assert "\n" not in str(wrong.value)


@pytest.mark.parametrize(("name", "value"), RIGHT)
def test_a_right_address_is_taken_as_it_is(name: str, value: str) -> None:
    assert getattr(load_settings(_env_file=None, **{name: value}), name) == value


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("CHOHTX_DATABASE_URL", "foo://x", "must be postgresql://"),
        ("CHOHTX_MEDIA_URL", "media:9000", "must be https://host"),
    ],
)
def test_the_command_stops_with_that_line_and_makes_nothing(tmp_path: Path, name: str, value: str, says: str) -> None:
    told = subprocess.run(
        [sys.executable, "-m", "shop.cli", "migrate"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(ROOT), "CHOHTX_DATA_DIR": str(tmp_path / "data"), name: value},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (told.returncode, told.stdout, told.stderr.count("\n")) == (2, "", 1)
    assert told.stderr.startswith(f"chohtx: {name}: {says}")
    assert not (tmp_path / "data").exists()


def test_a_secret_in_a_wrong_address_is_not_repeated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHOHTX_DATABASE_URL", "mysql://me:hunter2@host/market")
    with pytest.raises(WrongSettings) as wrong:
        load_settings(_env_file=None)
    assert "hunter2" not in str(wrong.value)


def test_production_writes_json_lines_and_the_demo_text() -> None:
    assert Settings(_env_file=None).log_format == "text"
    assert Settings(_env_file=None, **PRODUCTION).log_format == "json"  # type: ignore[arg-type]  # a dict of mixed kinds
    assert Settings(_env_file=None, log_format="json").log_format == "json"
