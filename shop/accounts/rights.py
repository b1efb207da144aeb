"""What each role of a co-op's people may do. One table; the desk's pages and the studio read nothing else."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from shop.accounts.models import Role


class Right(StrEnum):
    """GOODS products, prices, offers; STOCK lots and counts; ORDERS confirm, cancel, talk to buyers; REFUND give money
    back; PACK pack, weigh, hand over; MONEY read what is earned and owed; BANK the account it goes to; PEOPLE who works
    here; LIVE sell live; SHOP name, story, policies, state."""

    GOODS = "goods"
    STOCK = "stock"
    ORDERS = "orders"
    REFUND = "refund"
    PACK = "pack"
    MONEY = "money"
    BANK = "bank"
    PEOPLE = "people"
    LIVE = "live"
    SHOP = "shop"


# Whoever helps for some hours never comes near money, the account or the people: those stay with the co-op. In the
# studio they prepare and pin; on air is its host.
RIGHTS: Mapping[Right, tuple[Role, ...]] = {
    Right.GOODS: (Role.MANAGER, Role.SELLER, Role.HELPER),
    Right.STOCK: (Role.MANAGER, Role.SELLER, Role.PACKER, Role.HELPER),
    Right.ORDERS: (Role.MANAGER, Role.SELLER, Role.HELPER),
    Right.REFUND: (Role.MANAGER, Role.ACCOUNTANT, Role.SELLER),
    Right.PACK: (Role.MANAGER, Role.SELLER, Role.PACKER, Role.HELPER),
    Right.MONEY: (Role.MANAGER, Role.ACCOUNTANT),
    Right.BANK: (Role.MANAGER, Role.ACCOUNTANT),
    Right.PEOPLE: (Role.MANAGER,),
    Right.LIVE: (Role.HOST, Role.MANAGER, Role.HELPER),
    Right.SHOP: (Role.MANAGER, Role.HELPER),
}
READING = (Right.ORDERS, Right.PACK, Right.MONEY)
"""Whose work needs the orders open, with the buyers' names and addresses: not every member's."""
STAFF = (Role.MANAGER, Role.ACCOUNTANT, Role.SELLER, Role.PACKER, Role.MEMBER, Role.HELPER)
"""Who has a desk under /ban-hang; a host's work is in the studio."""
OF_COOP = (*STAFF, Role.HOST)
"""Roles that are held for one co-op."""


def roles_with(*rights: Right) -> tuple[Role, ...]:
    """The roles that carry one of the rights; everybody at work for a co-op when none is named."""
    return tuple(dict.fromkeys(role for right in rights for role in RIGHTS[right])) if rights else OF_COOP
