"""The API against its own description: whatever is sent, never a 5xx, and every answer is one that was promised."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from schemathesis.generation import GenerationMode
from schemathesis.python.asgi import ASGIClient, get_client
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import positive_data_acceptance

from shop.core.db import Database
from shop.main import ROUTERS
from shop.orders.access import token
from shop.settings import Settings
from shop.verify import broken_rules
from tests.factories import make_coop, make_product
from tests.factories_live import make_session
from tests.factories_orders import NEAR_HAM_THUAN, make_cart, make_order, make_table, variant_of

Known = dict[str, Any]


def described() -> list[str]:
    """Every call of the description, such as `PUT /api/v1/carts/{cart_id}/lines/{variant_id}`."""
    app = FastAPI()
    for router in ROUTERS:
        app.include_router(router)
    return [f"{method.upper()} {path}" for path, calls in app.openapi()["paths"].items() for method in calls]


def among(known: Known, case: Any) -> Any:
    """The call as somebody makes it who knows the market: it asks for things that are there."""
    for place in (case.path_parameters, case.headers, case.query):
        for name in known.keys() & {name.lower() for name in place}:
            place[name] = known[name][len(str(place[name])) % len(known[name])]
    if isinstance(case.body, dict):
        case.body.update({name: value for name, value in known["body"].items() if name in case.body})
    return case


@pytest.fixture
def known(db: Database, settings: Settings) -> Known:
    """Things that are there, by the names under which calls ask for them."""
    now = datetime.now(UTC)
    coop = make_coop(db)
    make_table(db, coop)
    product = make_product(db, coop, on_hand=9000)
    variant_id = variant_of(db, product).id
    order = make_order(db, {variant_id: 1}, settings, now)
    cart_id = make_cart(db, {variant_id: 2}, now)
    return {
        "slug": [product.slug, coop.slug, make_session(db, now)[0].slug],
        "variant_id": [variant_id],
        "cart_id": [cart_id],
        "code": [order.code],
        "province": ["68"],
        "cursor": [""],
        "body": {
            "cart_id": cart_id,
            "contact": {"name": "Nguyễn Thị Hoa", "phone": "0912345678"},
            "address": {**NEAR_HAM_THUAN, "line": "12 Trần Phú"},
            "payment_method": "cod",
            "ways": {},
            "quantity": 3,
        },
        "authorization": [f"Bearer {token(settings.secret_key, order.code)}"],
    }


@pytest.fixture
def schema(app: FastAPI) -> BaseSchema:
    return schemathesis.openapi.from_asgi("/api/openapi.json", app)


@pytest.fixture
def line(app: FastAPI) -> Iterator[ASGIClient]:
    with get_client(app, max_stream_events=1) as client:  # type: ignore[arg-type]  # dict against MutableMapping
        yield client


def test_the_description_tells_of_the_api_and_of_no_page(schema: BaseSchema) -> None:
    assert [path for path in schema if not path.startswith("/api/v1/")] == []
    assert len(schema) >= 10


@pytest.mark.parametrize("call", described())
def test_whatever_is_sent_gets_an_answer_that_was_promised(
    schema: BaseSchema, line: ASGIClient, db: Database, known: Known, call: str
) -> None:
    method, path = call.split(" ")
    operation = schema[path][method]
    sensible = operation.as_strategy(generation_mode=GenerationMode.POSITIVE).map(lambda case: among(known, case))
    nonsense = operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)
    answers: set[int] = set()

    @given(case=sensible | nonsense)
    @effort(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True, database=None)
    def ask(case: Any) -> None:
        # a rule may refuse what the description allows: a ward that is not, a phone that nobody has
        answer = case.call_and_validate(session=line, excluded_checks=[positive_data_acceptance])
        answers.add(answer.status_code)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == ["application/problem+json"]
            assert answer.json()["detail"]

    ask()
    assert answers & {200, 201}, f"{call} was never answered well: {answers}"
    assert broken_rules(db) == []


def test_words_asked_for_on_a_shelf_that_is_not_find_nothing(line: ASGIClient, known: Known) -> None:
    answer = line.get("/api/v1/products?q=thanh+long&category=khong-co")
    assert (answer.status_code, answer.json()) == (200, {"items": [], "next": None})
