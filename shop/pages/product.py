"""The page of a product, and the private piece of it: what it costs to bring it to my ward."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Response
from sqlmodel import Session
from starlette.responses import RedirectResponse

from livestream import room
from shop.addresses import service as addresses
from shop.cart.routes import WARD
from shop.catalog import service as catalog
from shop.catalog.models import Product
from shop.catalog.service import ProductGone, ProductPage
from shop.coops.opening import service as openings
from shop.core.deps import DatabaseDep, NowDep, PageDep, VisitDep
from shop.core.i18n import either, url
from shop.core.pagecache import Shared
from shop.core.web import Page
from shop.pages import jsonld
from shop.pages.asked import NoNul, Slug
from shop.pages.home import mark_live
from shop.reviews import service as reviews
from shop.shipping import service as shipping

router = APIRouter(include_in_schema=False)
PLACES_SHOWN = 6


@router.get("/san-pham/{slug}")
def show(slug: Slug, db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        try:
            shown = catalog.product_page(session, slug, now)
        except ProductGone as gone:
            return _gone(session, page, gone, now)
        if shown.product.slug != slug:
            return RedirectResponse(url(f"/san-pham/{shown.product.slug}"), 301)
        on_air = room.products_on_air(session).get(shown.product.id, "")
        mark_live(session, shown.also)
        said = reviews.said_of(session, shown.product.id)
        opening = openings.of_coops(session, [shown.coop.id]).get(shown.coop.id)
    name = name_of(shown.product)
    return page(
        "catalog/product.html",
        cache=Shared(shown.tags, openings.first(shown.valid_until, openings.changes_at(opening, now))),
        closed=openings.closed_now(opening, now),
        shown=shown,
        said=said,
        title=name,
        on_air=on_air,
        chosen=next((variant for variant in shown.variants if variant.left), shown.variants[0]),
        address=page.settings.base_url + url(f"/san-pham/{shown.product.slug}"),
        jsonld=jsonld.product(page.settings, shown, name, said),
    )


def name_of(product: Product) -> str:
    """The product's name in the language of the request, where it has one."""
    return either(product.name, product.name_en)


def _gone(session: Session, page: Page, gone: ProductGone, now: datetime) -> Response:
    others, _until = catalog.others_of(session, gone.facts["coop_id"], now)
    return page("catalog/gone.html", status=404, title=gone.facts["name"], others=others)


@router.get("/san-pham/{slug}/phi")
def fee(
    slug: Slug,
    db: DatabaseDep,
    visit: VisitDep,
    page: PageDep,
    now: NowDep,
    noi: Annotated[str, Query(max_length=200, pattern=NoNul)] = "",
    ward: Annotated[str, Query(max_length=5, pattern=r"^\d*$")] = "",
) -> Response:
    """What one step of each variant costs to bring to a ward: the one chosen here, or the one chosen before."""
    if ward:
        addresses.ward(ward)
        visit.set_cookie(WARD, ward)
    mine = ward or ("" if noi else _remembered(visit.cookie(WARD)))
    with db.read() as session:
        shown = catalog.product_page(session, slug, now)
        table = shipping.table_of(session, shown.coop.id, shown.coop.ward_code)
    return page(
        "catalog/fee.html",
        block="fee",
        slug=shown.product.slug,
        typed=noi,
        places=addresses.search(noi, PLACES_SHOWN) if noi else [],
        ward_name=addresses.full_name(mine) if mine else "",
        fees=[(variant, shipping.choices(table, _load(shown, variant), mine, now)) for variant in shown.variants]
        if mine
        else [],
    )


def _load(shown: ProductPage, variant: catalog.VariantOnPage) -> shipping.Load:
    grams = variant.step_g + variant.packing_g
    return shipping.Load(grams, variant.price_vnd, shown.product.shelf_life_days)


def _remembered(code: str | None) -> str:
    try:
        return addresses.ward(code).code if code else ""
    except addresses.UnknownWard:
        return ""
