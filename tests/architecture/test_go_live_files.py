"""The files people go live with: one list of settings, containers Compose can parse, locks that point nowhere."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from pydantic import AliasChoices

from shop.settings import Settings, WrongSettings, load_settings

ROOT = Path(__file__).parents[2]
# written in two parts, so that this file itself stays clean
REGISTRIES = tuple("".join(parts) for parts in (("pypi", ".org"), ("pythonhosted", ".org"), ("npmjs", ".org")))


def committed() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: nothing says which files are committed")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.splitlines() if (ROOT / name).is_file()]


def settings_by_name() -> dict[str, str]:
    """CHOHTX_ENV -> env, as people write them in `.env`."""
    names = {}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names[str(alias.choices[0]) if isinstance(alias, AliasChoices) else f"CHOHTX_{name.upper()}"] = name
    return names


def listed_settings() -> dict[str, str]:
    lines = (ROOT / ".env.example").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_no_file_names_a_package_registry() -> None:
    naming = [
        str(file.relative_to(ROOT))
        for file in committed()
        if any(registry.encode() in file.read_bytes() for registry in REGISTRIES)
    ]
    assert naming == []


def test_every_locked_package_carries_its_hashes() -> None:
    for lock in ROOT.glob("requirements*.lock"):
        for package in re.split(r"\n(?=\w)", lock.read_text().strip()):
            assert "--hash=sha256:" in package, f"{lock.name}: {package.split()[0]}"


def test_the_example_lists_every_setting_once() -> None:
    about_containers = {"POSTGRES_PASSWORD", "SITE_ADDRESS"}
    not_listed = {"CHOHTX_WORKER"}  # for containers only
    assert listed_settings().keys() - about_containers == settings_by_name().keys() - not_listed


def test_the_unfilled_example_does_not_start_a_production_market(monkeypatch: pytest.MonkeyPatch) -> None:
    filled = listed_settings() | {"CHOHTX_SECRET_KEY": "s" * 40}
    for name, value in filled.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WrongSettings, match="CHOHTX_OPERATOR_NAME"):
        load_settings(_env_file=None)


def test_a_compose_parser_accepts_the_containers(tmp_path: Path) -> None:
    parser = shutil.which("docker-compose")
    if not parser:
        pytest.skip("no docker-compose here: `python3 run.py test` brings it as root on Debian")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copytree(ROOT / "deploy", tmp_path / "deploy")
    (tmp_path / ".env").write_text((ROOT / ".env.example").read_text() + "POSTGRES_PASSWORD=một-mật-khẩu\n")
    read = subprocess.run([parser, "config"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert read.returncode == 0, read.stderr
    for process in ("web", "worker", "migrate", "db", "bus", "front"):
        assert re.search(rf"^  {process}:$", read.stdout, re.MULTILINE)
    mediamtx = read.stdout.partition("  mediamtx:\n")[2].partition("\n  migrate:")[0]
    assert re.search(r"profiles:\s+- mtx$", mediamtx, re.MULTILINE), "it starts only when it is asked for"
    assert "http://mtx:@web:8000/internal/mtx/auth" in mediamtx, "without a secret, which the market refuses"


def test_what_mediamtx_is_given_is_there_and_asks_the_market_about_everybody() -> None:
    told = (ROOT / "deploy" / "mediamtx.yml").read_text()
    settings = dict(re.findall(r"^ *(\w+): (.+)$", told, re.MULTILINE))
    off = [settings[name] for name in ("metrics", "pprof", "playback", "rtsp", "webrtc", "overridePublisher")]
    assert (settings["authMethod"], settings["apiAddress"], set(off)) == ("http", "127.0.0.1:9997", {"no"})
    assert re.findall(r"authHTTPExclude:\n((?:  .+\n)+)", told) == ["  - action: api\n"]
    hooks = {"Available": "available", "Unavailable": "unavailable", "RecordSegmentComplete": "recorded"}
    assert [settings[f"runOn{hook}"] for hook in hooks] == [f"/bin/sh /mtx-tell.sh {word}" for word in hooks.values()]
    assert settings["recordPath"].startswith("/data/%path/mtx-"), "where the market looks for its session's files"
    mounted = re.findall(r"- \./(deploy/\S+?):", (ROOT / "docker-compose.yml").read_text())
    assert [name for name in mounted if not (ROOT / name).is_file()] == []


def test_containers_do_not_start_without_a_database_password(tmp_path: Path) -> None:
    parser = shutil.which("docker-compose")
    if not parser:
        pytest.skip("no docker-compose here: `python3 run.py test` brings it as root on Debian")
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    shutil.copy(ROOT / ".env.example", tmp_path / ".env")
    read = subprocess.run([parser, "config"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert read.returncode != 0
    assert "POSTGRES_PASSWORD" in read.stderr


def test_browser_packages_are_locked_without_addresses() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert all("resolved" not in facts for facts in packages.values())
    assert all("integrity" in facts for name, facts in packages.items() if name)


def test_every_button_and_sentence_of_the_sellers_sheet_stands_on_a_page() -> None:
    sheet, _, _ = (ROOT / "docs" / "how-to" / "go-live.md").read_text().partition("## The same for who helps")
    prose = re.sub(r"```.*?```", "", sheet, flags=re.DOTALL)
    named = {*re.findall(r"`([^`\n]+)`", prose), *re.findall(r"“([^”\n]+)”", prose)}
    told = (ROOT / "shop" / "locales" / "en" / "LC_MESSAGES" / "messages.po").read_text()
    blocks = re.findall(r'^msgid ((?:"(?:[^"\\]|\\.)*"\n)+)', told, re.MULTILINE)
    sources = ["".join(re.findall(r'"((?:[^"\\]|\\.)*)"', block)) for block in blocks]
    patterns = {words: re.compile(".*".join(map(re.escape, words.split("…")))) for words in named}
    assert len(named) > 25
    assert [words for words, pattern in patterns.items() if not any(map(pattern.search, sources))] == []
