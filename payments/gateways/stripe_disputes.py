"""What Stripe tells of a dispute, as facts: each event tells all that it implies, so none depends on another.

Source: docs.stripe.com/disputes/how-disputes-work and /api/disputes/object. Inquiries ("warning_…") move no money.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from payments.gateway import Fact, FactKind, Malformed
from payments.gateways.reading import dong, name_of

_ENDS = {"won": FactKind.DISPUTE_WON, "lost": FactKind.DISPUTE_LOST}


def dispute_facts(dispute: Mapping[str, Any], at: datetime, account: str) -> tuple[Fact, ...]:
    """Money withdrawn (under the dispute's id), Stripe's fee, the fee given back, and how it ended.

    Each is for a person's eyes, but the fee; `of_movement` is the charge, as the captured fact names it. Raises
    Malformed, KeyError.
    """
    ref, status = name_of(dispute["id"]), name_of(dispute["status"])
    if dispute["currency"] != "vnd":
        raise Malformed("currency")
    charge, intent = _id(dispute.get("charge")), _id(dispute.get("payment_intent"))
    code, amount_vnd = f"dispute:{status}:{name_of(dispute['reason'])}", dong(dispute["amount"])

    def fact(kind: FactKind, movement: str, sum_vnd: int = amount_vnd, *, review: bool = True) -> Fact:
        return Fact("stripe", movement, kind, sum_vnd, at, "ipn", account, code, "", intent, review, of_movement=charge)

    if status.startswith("warning_"):
        return (fact(FactKind.FAILED, f"{ref}:{status}"),)
    told = [fact(FactKind.DISPUTED, ref)]
    if (fee_vnd := _fee_vnd(dispute)) > 0:
        told.append(fact(FactKind.DISPUTE_FEE, f"{ref}:fee", dong(fee_vnd), review=False))
    if (back_vnd := _fee_back_vnd(dispute)) > 0:
        told.append(fact(FactKind.DISPUTE_FEE_BACK, f"{ref}:fee_back", dong(back_vnd), review=False))
    if status in _ENDS:
        told.append(fact(_ENDS[status], f"{ref}:{status}"))
    return tuple(told)


def _fee_vnd(dispute: Mapping[str, Any]) -> int:
    """Of the withdrawal, whatever was given back later; an account in another currency tells none in đồng."""
    return max(_fees(dispute), default=0)


def _fee_back_vnd(dispute: Mapping[str, Any]) -> int:
    """Some accounts have the fee given back when a dispute is won: a fee below nothing."""
    return -min(_fees(dispute), default=0)


def _fees(dispute: Mapping[str, Any]) -> list[int]:
    fees = [one["fee"] for one in dispute.get("balance_transactions") or () if one.get("currency") == "vnd"]
    return [fee for fee in fees if type(fee) is int]


def _id(told: Any) -> str:
    named = told["id"] if isinstance(told, dict) else told
    return name_of(named) if named else ""
