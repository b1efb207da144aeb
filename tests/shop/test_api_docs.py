"""The page that describes the API is our own and says what the description says."""

from __future__ import annotations

from starlette.testclient import TestClient


def test_every_call_is_on_the_page_and_nothing_comes_from_another_host(client: TestClient) -> None:
    described = client.get("/api/openapi.json").json()
    page = client.get("/api/docs").text
    calls = [path for path in described["paths"] if path.startswith("/api/v1/")]
    assert len(calls) >= 12
    assert [path for path in calls if path not in page] == []
    assert 'src="http' not in page
    assert "Idempotency-Key" in page
    assert "contact.phone" in page
