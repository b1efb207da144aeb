"""A co-op asks to sell here, by itself or typed in by an officer. No picture of anybody's papers is ever asked for."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from fastapi import Depends
from pydantic import Field, field_validator
from pydantic_core import PydanticCustomError
from sqlmodel import Session, col, select

from shop.addresses.forms import AddressForm
from shop.coops.models import KINDS, Coop, CoopState
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import Refusal
from shop.core.forms import Posted, posted
from shop.core.phones import Phone
from shop.core.text import slug as slug_of

WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
LEFT_OUT = {"address_q", "address_step"}


class TaxCodeTaken(Refusal):
    """A co-op with this tax code is here already, or waits to be verified."""


def is_tax_code(typed: str) -> bool:
    """Whether these digits can be a Vietnamese tax code: ten with a check digit and perhaps a branch, or a person's 12.

    The tenth digit is 10 - (sum of nine digits times 31, 29, 23, 19, 17, 13, 7, 5, 3, modulo 11).
    Source: the tax authority's numbering of 1998 as python-stdnum documents it; 12 digits since 1 July 2025.
    """
    digits = re.fullmatch(r"(\d{9})(\d)(?:-?\d{3})?", typed)
    if digits is None:
        return bool(re.fullmatch(r"\d{12}", typed))
    total = sum(int(digit) * weight for digit, weight in zip(digits[1], WEIGHTS, strict=True))
    return 10 - total % 11 == int(digits[2])


class ApplicationForm(AddressForm):
    """What the law and the buyer want to know of a co-op. Errors beside the usual: `tax_code`, `year`."""

    kind: str = "coop"
    name: str = Field(min_length=3, max_length=80)
    legal_name: str = Field(min_length=3, max_length=200)
    tax_code: str
    registration_no: str = Field(default="", max_length=40)
    representative: str = Field(min_length=2, max_length=100)
    phone: Phone
    founded_on: int
    member_count: int = Field(ge=1, le=100_000)

    @field_validator("kind")
    @classmethod
    def _kind(cls, kind: str) -> str:
        if kind not in KINDS:
            raise PydanticCustomError("kind", "not a kind of co-op")
        return kind

    @field_validator("tax_code")
    @classmethod
    def _tax_code(cls, typed: str) -> str:
        code = re.sub(r"[\s.]", "", typed)
        if not is_tax_code(code):
            raise PydanticCustomError("tax_code", "the check digit does not fit")
        return code

    @field_validator("founded_on")
    @classmethod
    def _year(cls, year: int) -> int:
        if not 1945 <= year <= 2100:
            raise PydanticCustomError("year", "not a year")
        return year


ApplicationDep = Annotated[Posted[ApplicationForm], Depends(posted(ApplicationForm))]


def apply(session: Session, told: ApplicationForm, by: Person, now: datetime) -> Coop:
    """Put the application before the alliance; audited. Raises TaxCodeTaken.

    One that was refused may be made again: the tax code alone tells who it is.
    """
    same = select(Coop).where(Coop.tax_code == told.tax_code, Coop.state != CoopState.SUSPENDED)
    if session.exec(same).first() is not None:
        raise TaxCodeTaken
    facts = told.model_dump(exclude=LEFT_OUT)
    coop = Coop(**facts, slug=_free_slug(session, told.name), story="", state=CoopState.APPLIED, created_at=now)
    coop.state_at = now
    session.add(coop)
    session.flush()
    audit(session, by, "application", f"coop:{coop.id}", None, f"{told.legal_name}, {told.tax_code}", now, coop.id)
    return coop


def _free_slug(session: Session, name: str) -> str:
    base = slug_of(name) or "htx"
    taken = set(session.exec(select(Coop.slug).where(col(Coop.slug).startswith(base))))
    return next(it for it in (base, *(f"{base}-{at}" for at in range(2, len(taken) + 3))) if it not in taken)
