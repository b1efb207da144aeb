"""For machines that find the market: sitemap, robots, product feed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any
from xml.sax.saxutils import escape

from fastapi import APIRouter, Path, Request, Response
from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, func, select
from starlette.exceptions import HTTPException

from livestream.models import AHEAD, ON_AIR, PAST, LiveSession, Replay
from shop.catalog import cards, listing
from shop.catalog.models import Product, ProductState, Variant
from shop.coops.models import SHOWN, Coop, CoopState
from shop.core.deps import DatabaseDep, NowDep, PageDep
from shop.core.pagecache import Shared
from shop.pages import jsonld
from shop.pages.policies import PAGES
from shop.stock import service as stock

router = APIRouter(include_in_schema=False)
CHUNK = 5_000
FEED_MOST = 5_000
FRESH = timedelta(hours=1)  # crawlers come by the hour; a sitemap need not follow every change of a band
PRIVATE = (
    "/gio-hang", "/thanh-toan", "/don-hang", "/tra-cuu", "/dang-nhap", "/tai-khoan", "/ban-hang", "/lien-minh",
    "/quan-tri", "/cua-toi", "/api/", "/payments/",
)  # fmt: skip
_KINDS: dict[str, Any] = {"san-pham": Product, "htx": Coop, "live": LiveSession}


@router.get("/robots.txt")
def robots(page: PageDep) -> Response:
    closed = "".join(f"Disallow: {path}\nDisallow: /en{path}\n" for path in PRIVATE)
    body = f"User-agent: *\n{closed}\nSitemap: {page.settings.base_url}/sitemap.xml\n"
    return Response(body, media_type="text/plain")


@router.get("/sitemap.xml")
def sitemap(request: Request, db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    """The index: a chunk for each CHUNK ids, so no rows are counted and addresses stay in their chunk."""
    with db.read() as session:
        chunks = [
            f"{kind}-{number}"
            for kind, model in _KINDS.items()
            for number in range(_last_id(session, model) // CHUNK + 1)
        ]
    rows = "".join(
        f"<sitemap><loc>{page.settings.base_url}/sitemap/{name}.xml</loc></sitemap>" for name in ["chung", *chunks]
    )
    body = f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{rows}</sitemapindex>'
    return _xml(request, body, Shared(("sitemap",), now + FRESH))


@router.get("/sitemap/chung.xml")
def sitemap_of_fixed_pages(request: Request, db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    with db.read() as session:
        shelves = [f"/danh-muc/{shelf.slug}" for shelf in listing.categories(session)]
    fixed = ["/", "/danh-muc", "/htx", "/live", "/quy-che-livestream", *(f"/quy-dinh/{slug}" for slug in PAGES)]
    return _xml(request, _urlset(page.settings.base_url, [*fixed, *shelves]), Shared(("sitemap",), now + FRESH))


@router.get("/sitemap/{kind}-{number}.xml")
def sitemap_chunk(
    kind: str,
    number: Annotated[int, Path(ge=0, le=100_000)],
    request: Request,
    db: DatabaseDep,
    page: PageDep,
    now: NowDep,
) -> Response:
    if kind not in _KINDS:
        raise HTTPException(404)
    model = _KINDS[kind]
    with db.read() as session:
        inside = col(model.id).between(number * CHUNK, (number + 1) * CHUNK - 1)
        slugs = session.exec(select(model.slug).where(inside, _shown(model)).order_by(col(model.id)))
        paths = [f"/{kind}/{slug}" for slug in slugs]
    return _xml(request, _urlset(page.settings.base_url, paths), Shared(("sitemap",), now + FRESH))


def _shown(model: Any) -> ColumnElement[bool]:
    if model is Product:
        return col(Product.state) == ProductState.ON_SALE
    if model is Coop:
        return col(Coop.state).in_(SHOWN)
    to_come = col(LiveSession.state).in_((*AHEAD, *ON_AIR)) & col(LiveSession.is_practice).is_(False)
    return or_(to_come, and_(col(LiveSession.state).in_(PAST), col(LiveSession.replay) == Replay.PUBLIC))


def _last_id(session: Session, model: Any) -> int:
    return int(session.exec(select(func.coalesce(func.max(model.id), 0))).one())


def _urlset(base: str, paths: Iterable[str]) -> str:
    rows = []
    for path in paths:
        vietnamese, english = base + path, f"{base}/en{path if path != '/' else ''}"
        links = (
            f'<xhtml:link rel="alternate" hreflang="vi" href="{vietnamese}"/>'
            f'<xhtml:link rel="alternate" hreflang="en" href="{english}"/>'
        )
        rows += [f"<url><loc>{address}</loc>{links}</url>" for address in (vietnamese, english)]
    spaces = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml"'
    return f"<urlset {spaces}>{''.join(rows)}</urlset>"


@router.get("/feeds/google.xml")
def google_feed(request: Request, db: DatabaseDep, page: PageDep, now: NowDep) -> Response:
    """Google Merchant's RSS 2.0: one item a variant of the newest products. Source: Google support, answer 7052112."""
    with db.read() as session:
        wanted = select(Variant, Product, Coop).join(Product, col(Product.id) == Variant.product_id)
        wanted = wanted.join(Coop, col(Coop.id) == Product.coop_id)
        on_sale = (Product.state == ProductState.ON_SALE, Coop.state == CoopState.SELLING, col(Variant.on_sale))
        rows = session.exec(wanted.where(*on_sale).order_by(col(Product.id).desc()).limit(FEED_MOST)).all()
        covers = cards.covers(session, {product.id for _variant, product, _coop in rows})
        left = stock.available(session, [variant.id for variant, _product, _coop in rows])
    items = "".join(
        _item(page.settings.base_url, variant, product, coop, left[variant.id],
              jsonld.picture_address(page.settings, covers[product.id]))
        for variant, product, coop in rows
        if product.id in covers
    )  # fmt: skip
    head = f"<title>Chợ HTX</title><link>{page.settings.base_url}</link><description>Nông sản hợp tác xã</description>"
    body = f'<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>{head}{items}</channel></rss>'
    return _xml(request, body, Shared(("lists",), now + FRESH))


def _item(base: str, variant: Variant, product: Product, coop: Coop, left: int, picture: str) -> str:
    facts = {
        "id": f"v{variant.id}",
        "item_group_id": f"p{product.id}",
        "title": f"{product.name}, {variant.name}"[:150],
        "description": (product.description or product.summary)[:5000],
        "link": f"{base}/san-pham/{product.slug}",
        "image_link": picture,
        "availability": "in_stock" if left else "out_of_stock",
        "price": f"{variant.price_vnd} VND",
        "condition": "new",
        "brand": coop.name,
        "identifier_exists": "no",
    }
    if cards.weight_of(variant.kind, variant.step_g):
        facts |= {"unit_pricing_measure": f"{variant.step_g / 1000:g} kg", "unit_pricing_base_measure": "1 kg"}
    return "<item>" + "".join(f"<g:{name}>{escape(value)}</g:{name}>" for name, value in facts.items()) + "</item>"


def _xml(request: Request, body: str, cache: Shared) -> Response:
    request.scope["state"]["shared"] = cache
    return Response('<?xml version="1.0" encoding="UTF-8"?>' + body, media_type="application/xml")
