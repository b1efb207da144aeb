"""What the law wants every visitor to be able to read."""

from __future__ import annotations

import re

from starlette.testclient import TestClient

from shop.pages.policies import PAGES

ADDRESSES = [*(f"/quy-dinh/{name}" for name in PAGES), "/quy-che-livestream"]


def test_every_policy_can_be_read_and_names_the_operator(client: TestClient) -> None:
    for address in ADDRESSES:
        page = client.get(address)
        assert page.status_code == 200, address
        assert page.text.count("<h1>") == 1, address
        assert "Đơn vị vận hành" in page.text, address


def test_every_link_of_the_footer_to_a_policy_leads_somewhere(client: TestClient) -> None:
    footer = client.get("/quy-dinh/giao-hang").text
    linked = set(re.findall(r'href="(/quy-[\w/-]+)"', footer))
    assert linked == set(ADDRESSES)


def test_the_privacy_policy_says_the_eight_things(client: TestClient) -> None:
    """NĐ 248/2026, Art. 5.1 a, b, c, d, đ, e, g, h."""
    main = client.get("/quy-dinh/rieng-tu").text.split("<main")[1].split("</main>")[0]
    assert len(re.findall(r'<section id="[\w-]+"><h2>\d', main)) == 8


def test_an_unknown_policy_is_not_found(client: TestClient) -> None:
    assert client.get("/quy-dinh/khac").status_code == 404
