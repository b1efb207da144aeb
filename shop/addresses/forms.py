"""The fields of an address in any form, and what they offer to choose from.

With or without JavaScript there are two ways to a ward: type a name, old or new, and choose among what was found; or
choose the province, then the ward. Both post `ward_code`; the province follows from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from shop.addresses import service
from shop.addresses.service import Match, UnknownProvince, UnknownWard

MOST_FOUND = 8
BY_PROVINCE, BY_NAME = "province", "name"


class AddressForm(BaseModel):
    """An address as it is posted: inherit from it in a form that asks for one.

    `address_q` is what was typed into the search, `address_step` the button that asks for wards before the form is
    whole (see `AddressChoices.asked`). Once valid, `province_code` and `legacy_text` fit `ward_code`.
    Errors: `ward_code` missing or `unknown_ward`; `line` missing or too long.
    """

    line: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    ward_code: str
    province_code: str = ""
    legacy_text: str = Field(default="", max_length=300)
    address_q: str = ""
    address_step: str = ""

    @field_validator("ward_code")
    @classmethod
    def _known(cls, code: str) -> str:
        try:
            return service.ward(code).code
        except UnknownWard:
            raise PydanticCustomError("unknown_ward", "no such ward") from None

    @model_validator(mode="after")
    def _settled(self) -> AddressForm:
        self.province_code = service.ward(self.ward_code).province_code
        self.legacy_text = legacy_text(self.ward_code, self.address_q) or legacy_text(self.ward_code, self.legacy_text)
        return self


def legacy_text(ward_code: str, typed: str) -> str:
    """Return the old names that `typed` means for this ward; "" when it was not found by old names."""
    return next((match.legacy_text for match in service.search(typed) if match.ward_code == ward_code), "")


@dataclass(frozen=True)
class AddressChoices:
    """What the fields of an address offer, given what was typed so far (`Posted.typed`, or a saved address)."""

    typed: Mapping[str, str]

    @property
    def asked(self) -> bool:
        """Whether the visitor only asked for wards: show the form again, without complaining about the rest."""
        step = self.typed.get("address_step", "")
        return step == BY_PROVINCE or (step == BY_NAME and bool(self.q))

    @property
    def q(self) -> str:
        return "" if self.typed.get("address_step") == BY_PROVINCE else self.typed.get("address_q", "").strip()

    @property
    def ward_code(self) -> str:
        return self.typed.get("ward_code", "")

    @property
    def legacy_text(self) -> str:
        return self.typed.get("legacy_text", "")

    @property
    def formerly(self) -> str:
        """The old names of the ward chosen, shortened; "" when they are not its own."""
        return service.formerly(legacy_text(self.ward_code, self.legacy_text))

    @property
    def provinces(self) -> list[tuple[str, str]]:
        """Codes and names, as a list to choose from shows them."""
        return [(province.code, province.short_name) for province in service.provinces()]

    @cached_property
    def province_code(self) -> str:
        """The province chosen, else the chosen ward's; "" for none or one that there is not."""
        try:
            typed = self.typed.get("province_code") or service.ward(self.ward_code).province_code
            return service.province(typed).code
        except (UnknownProvince, UnknownWard):
            return ""

    @property
    def wards(self) -> list[tuple[str, str]]:
        """Codes and names of the province chosen; empty until one is."""
        return [(ward.code, ward.name) for ward in service.wards(self.province_code)] if self.province_code else []

    @cached_property
    def found(self) -> list[Match]:
        """Wards found by name, to choose from; none when the ward stands in the lists of its province."""
        found = service.search(self.q, MOST_FOUND)
        among = any(match.ward_code == self.ward_code for match in found)
        return found if among or not self.ward_code or self.typed.get("address_step") == BY_NAME else []
