"""What a co-op does with its goods, and what follows from it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlmodel import col, select

from shop.catalog import offers, selling, service
from shop.catalog.models import PriceChange, Product, ProductState
from shop.catalog.selling import ClaimNeedsProof, HealingClaim, NothingToSell, PriceNotPossible
from shop.catalog.service import NoSuchProduct, ProductGone
from shop.coops import service as coops
from shop.coops.models import Coop, CoopState
from shop.core.audit import AuditEntry
from shop.core.db import Database
from shop.core.deps import Person
from tests.factories import make_certificate, make_coop, make_product, make_variant


def test_a_price_is_changed_with_a_trace(db: Database, now: datetime, manager: Person) -> None:
    product = make_product(db, price_vnd=200_000)
    with db.write() as session:
        variant = service.variants_of(session, product.id)[0]
        selling.set_price(session, variant.id, 180_000, manager, now)
    with db.read() as session:
        history = session.exec(select(PriceChange.price_vnd).order_by(col(PriceChange.id))).all()
        entry = session.exec(select(AuditEntry).where(AuditEntry.what == "price_vnd")).one()
        listed = session.get_one(Product, product.id)
    assert history == [200_000, 180_000]
    assert (entry.person_id, entry.subject, entry.before, entry.after) == (
        manager.id,
        f"variant:{variant.id}",
        200_000,
        180_000,
    )
    assert listed.lowest_price_vnd == 180_000


def test_the_same_price_again_leaves_no_trace(db: Database, now: datetime, manager: Person) -> None:
    product = make_product(db, price_vnd=200_000)
    with db.write() as session:
        variant = service.variants_of(session, product.id)[0]
        selling.set_price(session, variant.id, 200_000, manager, now)
    with db.read() as session:
        assert session.exec(select(AuditEntry)).all() == []


@pytest.mark.parametrize("price_vnd", [0, -1, 999, 1_000_000_001, 2**62])
def test_a_price_that_cannot_be_is_refused(db: Database, now: datetime, manager: Person, price_vnd: int) -> None:
    product = make_product(db)
    with db.read() as session:
        variant = service.variants_of(session, product.id)[0]
    with pytest.raises(PriceNotPossible), db.write() as session:
        selling.set_price(session, variant.id, price_vnd, manager, now)


def test_lists_show_the_cheapest_variant_on_sale(db: Database, now: datetime, manager: Person) -> None:
    product = make_product(db, price_vnd=200_000)
    loose = make_variant(db, product, kind="loose", step_g=500, price_vnd=22_000, name="Bán lẻ")
    with db.read() as session:
        assert session.get_one(Product, product.id).lowest_price_vnd == 22_000
    with db.write() as session:
        selling.set_variant_on_sale(session, loose.id, False, manager, now)
    with db.read() as session:
        assert session.get_one(Product, product.id).lowest_price_vnd == 200_000


def test_a_product_without_a_variant_cannot_be_put_on_sale(db: Database, now: datetime, manager: Person) -> None:
    product = make_product(db, variants=False, state=ProductState.DRAFT)
    with pytest.raises(NothingToSell), db.write() as session:
        selling.set_state(session, session.get_one(Product, product.id), ProductState.ON_SALE, manager, now)


def test_organic_is_only_said_with_a_paper(db: Database, now: datetime, manager: Person) -> None:
    coop = make_coop(db)
    product = make_product(db, coop, name="Thanh long hữu cơ", state=ProductState.DRAFT)
    with pytest.raises(ClaimNeedsProof), db.write() as session:
        selling.set_state(session, session.get_one(Product, product.id), ProductState.ON_SALE, manager, now)
    make_certificate(db, coop, kind="organic", stars=0)
    with db.write() as session:
        selling.set_state(session, session.get_one(Product, product.id), ProductState.ON_SALE, manager, now)
    with db.read() as session:
        assert service.by_slug(session, product.slug).id == product.id


def test_food_does_not_heal(db: Database, now: datetime, manager: Person) -> None:
    product = make_product(db, summary="Đặc trị mất ngủ", state=ProductState.DRAFT)
    with pytest.raises(HealingClaim), db.write() as session:
        selling.set_state(session, session.get_one(Product, product.id), ProductState.ON_SALE, manager, now)


def test_a_renamed_product_is_found_at_its_old_address(db: Database, now: datetime, manager: Person) -> None:
    product = make_product(db, name="Thanh long đỏ")
    with db.write() as session:
        selling.rename(session, session.get_one(Product, product.id), "Thanh long ruột đỏ LĐ1", manager, now)
    with db.read() as session:
        found = service.by_slug(session, "thanh-long-do")
    assert (found.id, found.slug) == (product.id, "thanh-long-ruot-do-ld1")


def test_products_of_the_same_name_get_addresses_of_their_own(db: Database) -> None:
    slugs = [make_product(db, name="Thanh long").slug for _ in range(3)]
    assert slugs == ["thanh-long", "thanh-long-2", "thanh-long-3"]


def test_hidden_goods_and_goods_of_suspended_co_ops_are_gone(db: Database, now: datetime, manager: Person) -> None:
    coop = make_coop(db)
    product = make_product(db, coop)
    with db.write() as session:
        coops.set_state(session, coop.id, CoopState.SUSPENDED, manager, now, "Chờ giấy")
    with db.read() as session, pytest.raises(ProductGone):
        service.by_slug(session, product.slug)
    with db.read() as session:
        variant = service.variants_of(session, product.id)[0]
        assert not service.variants(session, [variant.id])[variant.id].on_sale
    with db.write() as session:
        coops.set_state(session, coop.id, CoopState.SELLING, manager, now)
        selling.set_state(session, session.get_one(Product, product.id), ProductState.HIDDEN, manager, now)
    with db.read() as session, pytest.raises(ProductGone):
        service.by_slug(session, product.slug)


def test_a_draft_never_was(db: Database) -> None:
    product = make_product(db, state=ProductState.DRAFT)
    with db.read() as session, pytest.raises(NoSuchProduct):
        service.by_slug(session, product.slug)


def test_a_co_op_only_reaches_its_own_variants(db: Database) -> None:
    mine, theirs = make_coop(db), make_coop(db)
    product = make_product(db, theirs)
    with db.read() as session:
        variant = service.variants_of(session, product.id)[0]
        assert service.variant_of_coop(session, theirs.id, variant.id).id == variant.id
        with pytest.raises(offers.NoSuchVariant):
            service.variant_of_coop(session, mine.id, variant.id)
        with pytest.raises(NoSuchProduct):
            service.product_of_coop(session, mine.id, product.id)


def test_a_live_price_counts_from_its_start_to_its_end_and_only_in_its_session(db: Database, now: datetime) -> None:
    product = make_product(db, price_vnd=200_000)
    with db.write() as session:
        variant = service.variants_of(session, product.id)[0]
        offers.open_offer(session, variant.id, "live:1", 150_000, now)
    late, before = now + timedelta(hours=1), now - timedelta(seconds=1)
    with db.read() as session:
        assert offers.price_now(session, variant.id, now, "live:1") == 150_000
        assert offers.price_now(session, variant.id, now, "live:2") == 200_000
        assert offers.price_now(session, variant.id, now) == 200_000
        assert offers.price_now(session, variant.id, before, "live:1") == 200_000
    with db.write() as session:
        offers.close_offers(session, "live:1", late)
    with db.read() as session:
        assert offers.price_now(session, variant.id, late - timedelta(seconds=1), "live:1") == 150_000
        assert offers.price_now(session, variant.id, late, "live:1") == 200_000


def test_only_a_verified_co_op_with_policies_may_sell(db: Database) -> None:
    ready, silent, draft = make_coop(db), make_coop(db, return_policy=""), make_coop(db, state=CoopState.APPLIED)
    with db.read() as session:
        assert set(coops.require_selling(session, [ready.id])) == {ready.id}
        with pytest.raises(coops.PoliciesMissing):
            coops.require_selling(session, [silent.id])
        with pytest.raises(coops.CoopNotVerified):
            coops.require_selling(session, [ready.id, draft.id])


def test_a_renamed_co_op_keeps_its_old_address(db: Database, now: datetime, manager: Person) -> None:
    coop = make_coop(db, name="HTX Cũ")
    with db.write() as session:
        coops.rename(session, session.get_one(Coop, coop.id), "HTX Mới", "htx-moi", manager, now)
    with db.read() as session:
        assert coops.by_slug(session, "htx-cu").slug == "htx-moi"
        with pytest.raises(coops.NoSuchCoop):
            coops.by_slug(session, "htx-khong-co")
