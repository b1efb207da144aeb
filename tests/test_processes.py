"""Real processes: killed in the middle of their work, and several of them acting as one market."""

from __future__ import annotations

import http.client
import json
from pathlib import Path

import pytest

from tests.rehearsals.goods import stock_up
from tests.rehearsals.kill_nine import endure
from tests.rehearsals.processes import act_as_one
from tests.rehearsals.stand import Stand

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    "db_url", ["sqlite", pytest.param("postgresql", marks=pytest.mark.long)], indirect=True
)  # and both with hundreds of checkouts in `rehearse kill-9`
def test_kill_9_in_the_middle_of_checkouts_loses_nothing_and_halves_nothing(tmp_path: Path, db_url: str) -> None:
    storm, _back_s = endure(Stand(tmp_path / "stand", db_url), 60, (30,), by_clock=False)
    assert len(storm.acknowledged) == 60
    assert len(storm.starts_s) == 2


@pytest.mark.parametrize("db_url", ["postgresql"], indirect=True)
def test_two_web_processes_a_worker_and_the_bus_act_as_one_market(tmp_path: Path, db_url: str) -> None:
    figures = act_as_one(Stand(tmp_path / "stand", db_url))
    assert len(figures) == 4


on_sqlite = pytest.mark.parametrize("db_url", ["sqlite"], indirect=True)
HOST = "cho.example.vn"
FROM_THE_FRONT = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}
PRODUCTION = {
    "CHOHTX_ENV": "production",
    "CHOHTX_SECRET_KEY": "s" * 40,
    "CHOHTX_PUBLIC_URL": f"https://{HOST}",
    **{f"CHOHTX_OPERATOR_{what}": "có thật" for what in ("NAME", "REGISTRATION", "ADDRESS", "PHONE", "EMAIL")},
}


def ask(stand: Stand, method: str, path: str, body: str = "") -> tuple[http.client.HTTPResponse, str]:
    """What the TLS front passes on."""
    line = http.client.HTTPConnection("127.0.0.1", stand.port, timeout=60)
    form = {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"https://{HOST}"} if body else {}
    line.request(method, path, body or None, FROM_THE_FRONT | form)
    answer = line.getresponse()
    text = answer.read().decode()
    line.close()
    return answer, text


@on_sqlite
def test_behind_a_tls_front_cookies_are_secure_addresses_https_and_lines_json(tmp_path: Path, db_url: str) -> None:
    stand = Stand(tmp_path / "stand", db_url, **PRODUCTION)
    with stand.database() as db, stand.running("serve"):
        added, _ = ask(stand, "POST", "/gio-hang", f"variant_id={stock_up(db, 10, coops=1)[0]}&quantity=1")
        moved, _ = ask(stand, "GET", "/live/")
        _, home = ask(stand, "GET", "/")
        ask(stand, "GET", "/")
    cookies = added.headers.get_all("set-cookie") or []
    assert added.status == 303
    assert cookies
    assert all("; Secure" in cookie and "; HttpOnly" in cookie for cookie in cookies)
    assert moved.headers["location"] == f"https://{HOST}/live"
    assert f'<link rel="canonical" href="https://{HOST}/">' in home
    lines = [json.loads(line) for line in (stand.folder / "serve.log").read_text().splitlines()]
    told = [(line["method"], line["path"], line["status"]) for line in lines if line["event"] == "request"]
    asked = [one for one in told if one[1] != "/readyz"]
    assert asked == [("POST", "/gio-hang", 303), ("GET", "/live/", 307), ("GET", "/", 200)]  # the second is from memory


@on_sqlite
def test_what_a_stranger_says_of_the_front_is_not_believed(tmp_path: Path, db_url: str) -> None:
    stand = Stand(tmp_path / "stand", db_url, FORWARDED_ALLOW_IPS="10.0.0.9", **PRODUCTION)
    with stand.running("serve"):
        moved, _ = ask(stand, "GET", "/live/")
    assert moved.headers["location"] == f"http://{HOST}/live"


@on_sqlite
def test_over_plain_http_cookies_are_not_secure_or_they_would_be_lost(tmp_path: Path, db_url: str) -> None:
    stand = Stand(tmp_path / "stand", db_url)
    with stand.database() as db, stand.running("serve"):
        body = f"variant_id={stock_up(db, 10, coops=1)[0]}&quantity=1"
        line = http.client.HTTPConnection("127.0.0.1", stand.port, timeout=60)
        line.request("POST", "/gio-hang", body, {"Content-Type": "application/x-www-form-urlencoded"})
        cookies = line.getresponse().headers.get_all("set-cookie") or []
        line.close()
    assert cookies
    assert not any("Secure" in cookie for cookie in cookies)
