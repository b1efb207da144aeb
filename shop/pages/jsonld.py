"""What search engines read beside the page: the same facts, made from the same values (schema.org)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shop.addresses.book import ward_places
from shop.catalog.service import ProductPage, VariantOnPage
from shop.coops.models import Coop
from shop.core.i18n import url
from shop.core.pictures import Photo

if TYPE_CHECKING:
    from shop.reviews.service import Said
    from shop.settings import Settings

CONTEXT = "https://schema.org"


def market(settings: Settings) -> dict[str, Any]:
    """The market itself, with its search."""
    home = settings.base_url + url("/")
    search = {
        "@type": "SearchAction",
        "target": f"{settings.base_url}{url('/tim')}?q={{search_term_string}}",
        "query-input": "required name=search_term_string",
    }
    return {"@context": CONTEXT, "@type": "WebSite", "name": "Chợ HTX", "url": home, "potentialAction": search}


def trail(settings: Settings, *steps: tuple[str, str]) -> dict[str, Any]:
    """Where a page stands: from the home page by (name, path)."""
    items = [
        {"@type": "ListItem", "position": at, "name": name, "item": settings.base_url + url(path)}
        for at, (name, path) in enumerate((("Chợ HTX", "/"), *steps), start=1)
    ]
    return {"@context": CONTEXT, "@type": "BreadcrumbList", "itemListElement": items}


def product(settings: Settings, page: ProductPage, name: str, said: Said) -> list[dict[str, Any]]:
    """A product with an offer for each variant, what its buyers say, and where its page stands."""
    path = f"/san-pham/{page.product.slug}"
    address = settings.base_url + url(path)
    goods = {
        "@context": CONTEXT,
        "@type": "Product",
        "@id": address,
        "name": name,
        "description": page.product.summary,
        "sku": str(page.product.id),
        "category": page.category.name,
        "brand": {"@type": "Brand", "name": page.coop.name},
        "countryOfOrigin": "VN",
        "image": [picture_address(settings, photo) for photo in page.photos],
        "offers": [_offer(settings, page, variant, address) for variant in page.variants],
    }
    if said.count:
        goods["aggregateRating"] = {"@type": "AggregateRating", "ratingValue": said.mean, "reviewCount": said.count}
    steps = ((page.category.name, f"/danh-muc/{page.category.slug}"), (name, path))
    return [goods, trail(settings, *steps)]


def _offer(settings: Settings, page: ProductPage, variant: VariantOnPage, address: str) -> dict[str, Any]:
    offer: dict[str, Any] = {
        "@type": "Offer",
        "sku": str(variant.id),
        "name": variant.name,
        "url": address,
        "price": str(variant.price_vnd),
        "priceCurrency": "VND",
        "availability": f"{CONTEXT}/{'InStock' if variant.left else 'OutOfStock'}",
        "itemCondition": f"{CONTEXT}/NewCondition",
        "seller": {"@type": "Organization", "name": page.coop.legal_name, "url": _coop_address(settings, page.coop)},
    }
    if variant.per_kg_vnd:
        offer["priceSpecification"] = {
            "@type": "UnitPriceSpecification",
            "price": str(variant.per_kg_vnd),
            "priceCurrency": "VND",
            "valueAddedTaxIncluded": True,
            "referenceQuantity": {"@type": "QuantitativeValue", "value": "1", "unitCode": "KGM"},
        }
    return offer


def coop(settings: Settings, coop: Coop, place: str, cover: Photo | None) -> list[dict[str, Any]]:
    """A co-op with its legal facts, and where its page stands."""
    who: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "Organization",
        "@id": _coop_address(settings, coop),
        "name": coop.name,
        "legalName": coop.legal_name,
        "taxID": coop.tax_code,
        "foundingDate": str(coop.founded_on),
        "url": _coop_address(settings, coop),
        "telephone": coop.phone,
        "description": coop.story,
        "address": {
            "@type": "PostalAddress",
            "streetAddress": coop.line,
            "addressLocality": place,
            "addressCountry": "VN",
        },
    }
    if coop.ward_code in ward_places():
        lat, lon = ward_places()[coop.ward_code]
        who["location"] = {"@type": "Place", "geo": {"@type": "GeoCoordinates", "latitude": lat, "longitude": lon}}
    if cover:
        who["image"] = picture_address(settings, cover)
    return [who, trail(settings, ("Hợp tác xã", "/htx"), (coop.name, f"/htx/{coop.slug}"))]


def picture_address(settings: Settings, photo: Photo) -> str:
    """The largest JPEG of a photo, which every reader takes."""
    return f"{settings.base_url}/media/pictures/{photo.key[:2]}/{photo.key}-{photo.width}.jpg"


def _coop_address(settings: Settings, coop: Coop) -> str:
    return settings.base_url + url(f"/htx/{coop.slug}")
