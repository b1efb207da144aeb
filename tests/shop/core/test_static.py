"""Styles, scripts and fonts: one address per content, packed once, kept for ever."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from shop.core.static import Static


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "css" / "app").mkdir(parents=True)
    (tmp_path / "js" / "app").mkdir(parents=True)
    (tmp_path / "vendor").mkdir()
    (tmp_path / "css" / "app" / "10-base.css").write_text("a { color: red }" * 40)
    (tmp_path / "css" / "app" / "20-cart.css").write_text("b { color: blue }")
    (tmp_path / "js" / "app" / "10-one.js").write_text("const same = 1;")
    (tmp_path / "js" / "app" / "20-two.js").write_text("const same = 2;")
    (tmp_path / "icons.svg").write_text("<svg/>")
    return tmp_path


def give_font(folder: Path) -> None:
    (folder / "vendor" / "font-1a2b.woff2").write_bytes(b"font")
    (folder / "vendor" / "manifest.json").write_text(json.dumps({"font.woff2": "font-1a2b.woff2"}))


FACE = "@font-face { font-family: F; src: url(asset(font.woff2)) }"


def test_a_changed_style_gets_a_new_address(folder: Path) -> None:
    before = Static(folder).asset("app.css")
    (folder / "css" / "app" / "20-cart.css").write_text("b { color: green }")
    assert before.startswith("/static/app-")
    assert Static(folder).asset("app.css") not in {before, ""}


def test_files_of_the_rooms_join_in_order(folder: Path) -> None:
    body = Static(folder).body("app.css")
    assert body.index(b"color: red") < body.index(b"color: blue")


def test_joined_scripts_do_not_see_each_others_names(folder: Path) -> None:
    assert Static(folder).body("app.js") == b"{\nconst same = 1;\n}\n{\nconst same = 2;\n}"


def test_a_font_is_named_by_its_hashed_address(folder: Path) -> None:
    give_font(folder)
    (folder / "css" / "app" / "10-base.css").write_text(FACE)
    static = Static(folder)
    assert f"url({static.asset('font.woff2')})".encode() in static.body("app.css")


def test_without_the_font_the_page_asks_for_none_and_the_log_says_so(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "css" / "app" / "10-base.css").write_text(FACE + "\nbody { margin: 0 }")
    static = Static(folder)
    assert b"font-face" not in static.body("app.css")
    assert b"margin: 0" in static.body("app.css")
    assert static.asset("htmx.js") == ""
    assert "htmx.js" in static.missing
    assert "vendor_missing" in capsys.readouterr().out


def test_a_browser_gets_the_packed_body_and_keeps_it(folder: Path) -> None:
    static = Static(folder)
    client = TestClient(static)
    answer = client.get(static.asset("app.css"), headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.content == static.body("app.css")
    assert int(answer.headers["content-length"]) == static.packed_size("app.css")
    again = client.get(static.asset("app.css"), headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


def test_who_takes_no_packing_gets_the_plain_body(folder: Path) -> None:
    static = Static(folder)
    answer = TestClient(static).get(static.asset("app.css"), headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in answer.headers
    assert answer.content == static.body("app.css")


@pytest.mark.parametrize("path", ["/static/app.css", "/static/../pyproject.toml", "/static/"])
def test_only_hashed_names_are_served(folder: Path, path: str) -> None:
    assert TestClient(Static(folder)).get(path).status_code == 404


def test_nothing_can_be_posted(folder: Path) -> None:
    static = Static(folder)
    assert TestClient(static).post(static.asset("app.css")).status_code == 405


def test_the_home_screen_gets_icons_of_their_true_size_and_ways_to_daily_work(client: TestClient) -> None:
    page = client.get("/").text
    told = json.loads(client.get(re.findall(r'rel="manifest" href="([^"]+)"', page)[0]).content)
    drawn = {(icon["sizes"], icon["purpose"]) for icon in told["icons"] if icon["type"] == "image/png"}
    assert drawn == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}
    for icon in told["icons"]:
        found = client.get(icon["src"])
        assert found.headers["content-type"] == icon["type"]
        if icon["type"] == "image/png":
            width, height = Image.open(io.BytesIO(found.content)).size
            assert icon["sizes"] == f"{width}x{height}"
    assert [way["url"] for way in told["shortcuts"]] == ["/ban-hang/don", "/ban-hang/quay", "/ban-hang/live"]
    for way in told["shortcuts"]:
        assert client.get(way["url"], follow_redirects=False).status_code == 303, "to the door first, then there"
