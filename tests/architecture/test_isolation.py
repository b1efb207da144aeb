"""Nobody sees or touches what is another's: a walk over every route that takes an id.

The victim is co-op B with a buyer, an order, a draft, a planned live session and papers. A guest, another shopper and
the manager of co-op A try every door with B's own numbers. A new route with an id must be sorted into DOORS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx2 import Response
from sqlmodel import SQLModel, select
from starlette.testclient import TestClient

from shop.accounts import service as accounts
from shop.accounts.models import Role, SavedAddress
from shop.accounts.rights import OF_COOP
from shop.cart.routes import COOKIE as CART
from shop.catalog.drafts.models import ListingDraft
from shop.catalog.models import Product, ProductState, Variant
from shop.catalog.plans.models import PricePlan
from shop.catalog.undo.models import HandChange
from shop.certificates.models import CertificateState
from shop.checkout import service as checkout
from shop.checkout.models import Checkout
from shop.coops.models import Coop
from shop.core.db import Database
from shop.core.pictures import Photo, file_of
from shop.orders.models import OrderLine, Parcel
from shop.orders.pickup.models import PickupSlot
from shop.orders.undo.models import DeskDeed
from shop.settings import Settings
from shop.stock.lots.models import Lot
from tests.architecture.desk_things import put_on_the_desk
from tests.architecture.doors import DOORS
from tests.architecture.visitors import (
    FORM,
    SECRETS,
    STATUS,
    STEPS,
    UNTOUCHED_BY_VISITS,
)
from tests.conftest import HTMX
from tests.factories import make_certificate, make_coop, make_product
from tests.factories_accounts import make_person, sign_in
from tests.factories_live import make_session
from tests.factories_orders import answered, make_cart, make_order, make_table, place, variant_of
from tests.payments.payouts import paid_out
from tests.routes import Door, doors, may_come_in


@dataclass
class Victim:
    """Everything of B, by the name of the path parameter that would reach it."""

    numbers: dict[str, Any] = field(default_factory=dict)
    slugs: dict[str, str] = field(default_factory=dict)

    def paths(self, door: Door) -> Iterator[str]:
        """The addresses that this door has for B's things."""
        for step in STEPS if "{step}" in door.path else ("",):
            kind = door.path.split("/{")[0].rsplit("/", 1)[-1]
            filled = {**self.numbers, "step": step, "slug": self.slugs.get(kind, self.slugs["san-pham"])}
            if door.path.startswith("/live/"):
                filled["code"] = "A1"
            if door.path.startswith("/theo-doi/"):
                filled["kind"] = "product"
            yield door.path.format_map(filled)


@pytest.fixture
def victim(db: Database, settings: Settings, now: datetime) -> Victim:
    coop = make_coop(db, name="HTX B")
    make_table(db, coop)
    sold = make_product(db, coop, name="Xoài B")
    draft = make_product(db, coop, name="Món Nháp Kín", state=ProductState.DRAFT)
    buyer = make_person(db, Role.PACKER, coop_id=coop.id, phone="+84987000111", name="Hoa Kín Tiếng")
    told = {"phone": buyer.phone, "name": buyer.name, "line": "99 Hẻm Kín", "note": "Lời Nhắn Kín"}
    placed = make_order(db, {variant_of(db, sold).id: 2}, settings, now, **told)
    live, items, _host = make_session(db, datetime.now(UTC) + timedelta(days=1), coop=coop, on_air=False)
    paper = make_certificate(db, coop, state=CertificateState.SUBMITTED, issued_on=date(2026, 1, 1))
    sold_box = variant_of(db, sold)
    with db.write() as session:
        home = {"name": buyer.name, "phone": buyer.phone, "province_code": "68", "ward_code": "23095"}
        session.add(address := SavedAddress(person_id=buyer.id, line="99 Hẻm Kín", **home))  # type: ignore[arg-type]
        press: dict[str, Any] = {"coop_id": coop.id, "person_id": 0, "variant_id": sold_box.id, "at": now}
        changed = HandChange(what="price", before=1, after=2, **press)
        session.add(changed)
        session.add(
            planned := PricePlan(price_vnd=1000, starts_at=now, variant_id=sold_box.id, person_id=0, person_name="")
        )
        hours: dict[str, Any] = {"from_minute": 420, "to_minute": 540, "places": 3, "cut_off_minutes": 0}
        session.add(slot := PickupSlot(coop_id=coop.id, weekday=0, **hours))
        session.add(deed := DeskDeed(coop_id=coop.id, person_id=0, what="confirmed", parcel_ids=[], at=now))
        session.add(lot := Lot(coop_id=coop.id, product_id=sold.id, code="Món Nháp Kín", made_at=now))
        session.add(listed := ListingDraft(coop_id=coop.id, person_id=0, name="Món Nháp Kín", touched_at=now))
        session.flush()
        parcel = session.exec(select(Parcel).where(Parcel.order_id == placed.id)).one()
        secret_variant = session.exec(select(Variant).where(Variant.product_id == draft.id)).one()
        draft = session.get_one(Product, draft.id)
        line = session.exec(select(OrderLine).where(OrderLine.parcel_id == parcel.id)).one()
        on_the_desk = put_on_the_desk(session, sold, parcel, line, buyer.id, now)
        size: dict[str, Any] = {"width": 320, "height": 240, "placeholder": "", "formats": ["jpeg"]}
        session.add(at_home := Photo(key="0" * 32, parcel_id=parcel.id, created_at=now, **size))
        session.flush()
    file = file_of(at_home, 320, "jpeg", settings)
    file.parent.mkdir(parents=True)
    file.write_bytes(b"99 H\xe1\xba\xbbm K\xc3\xadn")
    numbers = {
        **dict.fromkeys(("run_id", "settlement_id", "account_id"), paid_out(db, f"coop:{coop.id}")),
        "product_id": draft.id,
        "variant_id": secret_variant.id,
        "parcel_id": parcel.id,
        "coop_id": coop.id,
        "live_id": live.id,
        "person_id": buyer.id,
        "item_id": items[0].id,
        "draft_id": listed.id,
        "plan_id": planned.id,
        "lot_id": lot.id,
        "slot_id": slot.id,
        "deed_id": deed.id,
        **{"way": "an", "act": "bo", "how": "cat-vuong", "to": 0},
        **{"photo_id": at_home.id, "width": 320, "extension": "jpg"},
        "change_id": changed.id,
        "deal_id": 1,
        "set_id": 1,
        "target_id": 1,
        "about": draft.id,
        "code": placed.code,
        "address_id": address.id,
        "paper_id": paper.id,
        **dict.fromkeys(("proposal_id", "refund_id", "report_id", "money_id", "message_id", "event_id", "number"), 1),
        **dict.fromkeys(("cash_id", "remittance_id", "payment_id", "file_id", "batch_id"), 1),
        **dict.fromkeys(("request_id", "crew_id"), 1),
        "line_id": line.id,
        **on_the_desk,
        **dict.fromkeys(("token", "cart_id", "secret"), "guessed-guessed-guessed-guessed0"),
        **dict.fromkeys(("source", "gateway"), "sepay"),
        "reference": "HTX000000000",
        "lesson": "khong-co",
        "ward_code": "23059",
        "kind": "san-pham",
    }
    return Victim(numbers, {"san-pham": draft.slug, "htx": coop.slug, "live": live.slug, "products": draft.slug})


@pytest.fixture
def intruders(db: Database, new_client: Callable[[], TestClient]) -> dict[str, TestClient]:
    mine = make_coop(db, name="HTX A")
    make_product(db, mine, name="Bưởi A")
    shopper = make_person(db, phone="+84911111111", name="Kẻ Lạ")
    manager = make_person(db, Role.MANAGER, Role.HOST, coop_id=mine.id, phone="+84911111112", name="Chủ A")
    return {
        "guest": new_client(),
        "shopper": sign_in(new_client(), db, shopper),
        "manager": sign_in(new_client(), db, manager),
    }


def everything(db: Database) -> dict[str, list[str]]:
    """All rows of all tables but those that any visit writes."""
    with db.read() as session:
        return {
            table.name: sorted(repr(tuple(row)) for row in session.connection().execute(table.select()))
            for table in SQLModel.metadata.sorted_tables
            if table.name not in UNTOUCHED_BY_VISITS
        }


def knock(client: TestClient, door: Door, path: str, victim: Victim) -> Iterator[Response]:
    if door.method == "GET":
        for headers in ({}, HTMX):
            yield client.get(path, headers=headers, follow_redirects=False)
    elif door.method == "PUT":
        yield client.put(path, json={"quantity": 1}, follow_redirects=False)
    elif "{product_id}" in door.path:
        yield client.post(path, files={"photo": ("a.jpg", b"\xff\xd8\xff", "image/jpeg")}, follow_redirects=False)
    else:
        yield client.post(path, data={**FORM, **victim.numbers}, follow_redirects=False)


def status_of(answer: Response) -> int:
    """303 also for the redirect that htmx gets."""
    return 303 if "hx-redirect" in answer.headers else answer.status_code


def test_every_door_with_an_id_is_sorted(app: FastAPI) -> None:
    found = {door.name for door in doors(app) if "{" in door.path}
    assert found - set(DOORS) == set(), "say in DOORS who may come in"
    assert set(DOORS) - found == set(), "these are gone"


@pytest.mark.parametrize("who", ["guest", "shopper", "manager"])
def test_nobody_gets_in_with_anothers_id(
    who: str, app: FastAPI, db: Database, victim: Victim, intruders: dict[str, TestClient]
) -> None:
    client, before = intruders[who], everything(db)
    for door in doors(app):
        kind = DOORS.get(door.name)
        for path in victim.paths(door) if kind else ():
            for answer in knock(client, door, path, victim):
                spot = f"{who}: {door.method} {path} -> {answer.status_code}"
                if kind in STATUS:
                    assert status_of(answer) in STATUS[kind][who], spot
                assert answer.status_code < 500, spot
                assert [word for word in SECRETS if word in answer.text] == [], spot
    assert everything(db) == before


@pytest.mark.parametrize("role", [Role.PACKER, Role.ACCOUNTANT, Role.MEMBER])
def test_the_coops_own_people_open_only_the_doors_of_their_right(
    role: Role, app: FastAPI, db: Database, victim: Victim, client: TestClient
) -> None:
    """Everything under /ban-hang with B's own numbers, by somebody of B: another's right is 403, nothing changes."""
    mine = make_person(db, role, coop_id=victim.numbers["coop_id"], phone="+84911111113", name="Người Nhà B")
    insider, before, closed = sign_in(client, db, mine), everything(db), 0
    for door in doors(app):
        if not door.path.startswith("/ban-hang") or may_come_in(door, role):
            continue
        closed += 1
        for path in victim.paths(door):
            for answer in knock(insider, door, path, victim):
                assert status_of(answer) == 403, f"{role}: {door.method} {path} -> {answer.status_code}"
    assert closed > 20
    assert everything(db) == before


# Written out, so that a door given to others by mistake is seen: the walk above asks the door itself.
WHO_CHANGES = {
    "POST /ban-hang/hang/{variant_id}": "manager seller helper",
    "POST /ban-hang/hang/{variant_id}/gia-hen": "manager seller helper",
    "POST /ban-hang/hang/{variant_id}/het": "manager seller packer helper",
    "POST /ban-hang/lo/{lot_id}/dem": "manager seller packer helper",
    "POST /ban-hang/bang-tinh/{sheet_id}/ghi": "manager seller helper",
    "POST /ban-hang/ma-giam": "manager seller helper",
    "POST /ban-hang/tra-lai/{parcel_id}": "manager accountant seller",
    "POST /ban-hang/khieu-nai/{complaint_id}/nhan": "manager accountant seller",
    "POST /ban-hang/tai-khoan": "manager accountant",
    "POST /ban-hang/tai-khoan/{account_id}/dong-y": "manager accountant",
    "GET /ban-hang/tien": "manager accountant",
    "POST /ban-hang/nguoi/them": "manager",
    "POST /ban-hang/nguoi/{person_id}/thoi": "manager",
}


@pytest.mark.parametrize("name", WHO_CHANGES)
def test_price_stock_money_account_and_people_are_changed_by_whom_the_house_says(name: str, app: FastAPI) -> None:
    door = next(door for door in doors(app) if door.name == name)
    assert {role for role in OF_COOP if may_come_in(door, role)} == set(WHO_CHANGES[name].split())


@pytest.mark.parametrize("who", ["guest", "shopper", "manager"])
def test_no_page_without_an_id_tells_of_another(
    who: str, app: FastAPI, victim: Victim, intruders: dict[str, TestClient]
) -> None:
    assert victim.numbers
    for door in doors(app):
        if door.method == "GET" and "{" not in door.path:
            answer = intruders[who].get(door.path, follow_redirects=False)
            assert answer.status_code < 500, door.name
            assert [word for word in SECRETS if word in answer.text] == [], door.name


@dataclass
class Studio:
    """What the manager of A sells live: a session to come, one on air, an item of each, and a variant to add."""

    planned: int
    on_air: int
    planned_item: int
    pinnable: int
    variant: int
    coop: int

    def posts(self, planned_item: int, pinnable: int, variant: int, coop: int) -> Iterator[tuple[str, dict[str, Any]]]:
        """Every form of A's studio, with these numbers in it."""
        show = {"title": "Bưởi đầu mùa", "starts_at": "2027-01-01T20:00", "planned_minutes": "60"}
        told = {"live_price_vnd": "1000", "wanted": "1", "most_per_buyer": "1"}
        yield "/ban-hang/live/moi", {**show, "coop_id": coop}
        yield f"/ban-hang/live/{self.planned}/mon", {**told, "variant_id": variant}
        yield f"/ban-hang/live/{self.planned}/gia/{planned_item}", told
        yield f"/ban-hang/live/{self.on_air}/gia/{pinnable}", told
        yield f"/ban-hang/live/{self.on_air}/ghim", {"item_id": pinnable}
        yield f"/ban-hang/live/{self.planned}/mon/{planned_item}/bo", {}


@pytest.fixture
def studio(db: Database, intruders: dict[str, TestClient]) -> Studio:
    now = datetime.now(UTC)
    with db.read() as session:
        coop = session.exec(select(Coop).where(Coop.name == "HTX A")).one()
        row = accounts.find_by_phone(session, "+84911111112")
        assert row is not None
        host = accounts.as_person(session, row)
        grapefruit = session.exec(select(Variant).join(Product).where(Product.name == "Bưởi A")).one()
    planned, coming, _host = make_session(db, now + timedelta(days=2), coop=coop, host=host, on_air=False)
    on_air, shown, _host = make_session(db, now, coop=coop, host=host)
    return Studio(planned.id, on_air.id, coming[0].id, shown[0].id, grapefruit.id, coop.id)


def test_anothers_number_in_a_form_opens_nothing(
    db: Database, victim: Victim, intruders: dict[str, TestClient], studio: Studio
) -> None:
    b, before = victim.numbers, everything(db)
    for path, form in studio.posts(b["item_id"], b["item_id"], b["variant_id"], b["coop_id"]):
        for headers in ({}, HTMX):
            answer = intruders["manager"].post(path, data=form, headers=headers, follow_redirects=False)
            assert answer.status_code in {403, 404, 409}, f"{path} {form} -> {answer.status_code}"
            assert [word for word in SECRETS if word in answer.text] == [], path
            assert everything(db) == before, path


def test_the_same_forms_with_ones_own_numbers_are_taken(intruders: dict[str, TestClient], studio: Studio) -> None:
    for path, form in studio.posts(studio.planned_item, studio.pinnable, studio.variant, studio.coop):
        answer = intruders["manager"].post(path, data=form, follow_redirects=False)
        assert answer.status_code == 303, f"{path} {form} -> {answer.status_code}"


def checkout_of_another(db: Database, settings: Settings, now: datetime) -> dict[str, Any]:
    """The form that the buyer of B is about to send from the summary."""
    coop = make_coop(db, name="HTX C")
    make_table(db, coop)
    cart_id = make_cart(db, {variant_of(db, make_product(db, coop)).id: 1}, now)
    told = {"phone": "+84987000111", "name": "Hoa Kín Tiếng", "line": "99 Hẻm Kín", "note": "Lời Nhắn Kín"}
    checkout_id = answered(db, cart_id, settings, now, visitor="b", **told)
    with db.read() as session:
        total_vnd = checkout.standing(session, session.get_one(Checkout, checkout_id), now).total_vnd
    return {"checkout_id": checkout_id, "total_vnd": total_vnd}


@pytest.mark.parametrize("who", ["guest", "shopper", "manager"])
@pytest.mark.parametrize("already", [False, True], ids=["before it is ordered", "after"])
def test_anothers_checkout_is_not_ordered_and_not_shown(
    who: str, already: bool, db: Database, settings: Settings, victim: Victim, intruders: dict[str, TestClient]
) -> None:
    now = datetime.now(UTC)
    form = checkout_of_another(db, settings, now)
    if already:
        place(db, form["checkout_id"], settings, now)
    client = intruders[who]
    client.cookies.set(CART, make_cart(db, {}, now))
    before = everything(db) | {"checkout": rows(db, Checkout)}
    for headers in ({}, HTMX):
        answer = client.post("/thanh-toan/dat-hang", data=form, headers=headers)
        assert answer.status_code == 404
        assert [word for word in SECRETS if word in answer.text] == []
    assert everything(db) | {"checkout": rows(db, Checkout)} == before


def rows(db: Database, model: type[SQLModel]) -> list[str]:
    with db.read() as session:
        return sorted(repr(row) for row in session.exec(select(model)))
