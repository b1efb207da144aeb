"""Which messages an address wants. Whoever holds the signed token of an address decides for it, account or not."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Collection, Mapping
from datetime import datetime

from sqlmodel import Session, col, delete, select

from shop.core.db import run
from shop.core.errors import NotFound
from shop.core.ids import derived_token, same
from shop.notify.models import Follow, Message, OptOut, PushSubscription
from shop.notify.service import opt_in, opt_out

GROUPS = {
    "order": ("placed", "paid", "closed"),
    "delivery": ("packed", "handed_over", "problem", "refused", "ship_by"),
    "money": ("cancelled", "refunded"),
    "live": ("live_soon", "live_on", "live_changed"),
    "stock": ("back_in_stock",),
    "work": ("new_order", "order_cancelled", "payout", "low_stock"),
}
"""What people choose between: groups of kinds of messages. `work` is for the managers of co-ops."""


class NoSuchAddressee(NotFound):
    """The link to the choices of an address is not whole."""


def path_for(secret_key: str, address: str) -> str:
    """The page where this address chooses; only its owner is given the path."""
    name = base64.urlsafe_b64encode(address.encode()).decode().rstrip("=")
    return f"/thong-bao/{name}.{derived_token(secret_key, 'messages', address)}"


def address_of(secret_key: str, token: str) -> str:
    """The address whose token this is. Raises NoSuchAddressee."""
    name, _dot, proof = token.partition(".")
    try:
        address = base64.urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode()
    except (binascii.Error, ValueError):
        raise NoSuchAddressee from None
    if not proof.isascii() or not same(derived_token(secret_key, "messages", address), proof):
        raise NoSuchAddressee
    return address


def wanted(session: Session, address: str) -> list[str]:
    """The groups that this address still wants."""
    out = set(session.exec(select(OptOut.kind).where(OptOut.address == address)))
    return [group for group, kinds in GROUPS.items() if "*" not in out and not out.issuperset(kinds)]


def choose(session: Session, address: str, choice: Mapping[str, bool], now: datetime) -> None:
    """From now on the groups that are True come, those that are False do not; others stay as they are."""
    for group, wants in choice.items():
        for kind in GROUPS[group]:
            if wants:
                opt_in(session, address, kind)
            else:
                opt_out(session, address, kind, now)
    opt_in(session, address, "*")


def forget(session: Session, addresses: Collection[str], subject: str) -> None:
    """Delete the messages that went to these addresses and the browsers that listened to `subject`."""
    run(session, delete(Message).where(col(Message.address).in_(addresses)))
    run(session, delete(Follow).where(col(Follow.address).in_(addresses)))
    run(session, delete(PushSubscription).where(col(PushSubscription.subject) == subject))
