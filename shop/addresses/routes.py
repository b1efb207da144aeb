"""Parts of an address form that htmx asks for: the wards of a province, and what a typed name may mean."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from shop.addresses import service
from shop.addresses.forms import BY_NAME, AddressChoices
from shop.core.deps import PageDep
from shop.core.pagecache import Shared

router = APIRouter(prefix="/dia-chi", include_in_schema=False)


@router.get("/xa")
def wards_of(page: PageDep, tinh: str = "", province_code: str = "") -> Response:
    """The list of wards of one province; the field itself sends `province_code`."""
    code = service.province(tinh or province_code).code if tinh or province_code else ""
    choices = AddressChoices({"province_code": code})
    return page("parts/address_ward.html", block="address_ward_list", cache=Shared(()), form=None, address=choices)


@router.get("/tim")
def found(page: PageDep, q: str = "", address_q: str = "") -> Response:
    """What a typed name may mean; without one, the lists of provinces and wards."""
    choices = AddressChoices({"address_q": q or address_q, "address_step": BY_NAME})
    return page("parts/address_ward.html", block="address_ward", form=None, address=choices)
