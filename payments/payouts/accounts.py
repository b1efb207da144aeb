"""Where a seller is paid: set by one person, agreed to by another, and a change waits a day before it counts.

A stolen sign-in cannot send a co-op's money elsewhere in one evening. Numbers stand in full only where they are
compared with the paper; in lists and in the audit they are masked.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select, update

from payments.earnings.models import SellerAccount
from payments.earnings.service import lock_seller
from payments.payouts.models import PayoutAccount
from shop.core.audit import audit
from shop.core.db import insert_once
from shop.core.deps import Person
from shop.core.errors import Invalid, NotFound, Refusal

KINDS = ("bank", "fund", "voucher")
CHANGE_WAITS = timedelta(days=1)


class AccountIncomplete(Invalid):
    """A payout cannot be sent with these details. Facts: field (kind, bank, account_no, account_name)."""


class AgreedByProposer(Refusal):
    """Whoever typed the account in cannot be the one who compares it with the paper."""


class AccountDecided(Refusal):
    """Somebody else was quicker: this account no longer waits."""


@dataclass(frozen=True)
class Details:
    """As typed. `bank_bin` is the NAPAS number for kind bank; a fund is named, a voucher needs the name alone."""

    kind: str
    account_name: str
    account_no: str = ""
    bank_bin: str = ""
    bank_name: str = ""


def masked(account_no: str) -> str:
    """The last four digits, or none of a number that short."""
    return f"•••• {account_no[-4:]}" if len(account_no) > 4 else "••••"


def propose(session: Session, seller: str, typed: Details, person: Person, now: datetime) -> PayoutAccount:
    """Put an account forward; one that still waited for agreement is withdrawn. Raises AccountIncomplete."""
    details = _complete(typed)
    insert_once(session, SellerAccount, {"seller": seller, "opened_at": now}, ["seller"])
    lock_seller(session, seller)
    waits = (col(PayoutAccount.seller) == seller, col(PayoutAccount.state) == "proposed")
    session.exec(update(PayoutAccount).where(*waits).values(state="withdrawn"))
    account = PayoutAccount(seller=seller, proposed_by=person.id, proposed_at=now, **vars(details))
    session.add(account)
    session.flush()
    before = in_force(session, seller, now)
    _note(session, account, person, _said(before) if before else "", now)
    return account


def agree(session: Session, account_id: int, person: Person, now: datetime) -> PayoutAccount:
    """The second person compared it with the paper. The first account counts at once, a change after a day.

    Raises AgreedByProposer, AccountDecided.
    """
    account = _get(session, account_id)
    if account.proposed_by == person.id:
        raise AgreedByProposer
    lock_seller(session, account.seller)
    mine = (col(PayoutAccount.seller) == account.seller, col(PayoutAccount.state) == "valid")
    is_change = session.exec(select(PayoutAccount.id).where(*mine).limit(1)).first() is not None
    values = {"state": "valid", "agreed_by": person.id, "valid_from": now + CHANGE_WAITS if is_change else now}
    _move(session, account, "proposed", values)
    _note(session, account, person, "proposed", now)
    return account


def withdraw(session: Session, account_id: int, person: Person, now: datetime) -> PayoutAccount:
    """Take back what was proposed, or what was agreed to and does not count yet. Raises AccountDecided."""
    account = _get(session, account_id)
    lock_seller(session, account.seller)
    before = account.state
    if before == "valid" and account.valid_from and account.valid_from <= now:
        raise AccountDecided
    _move(session, account, before if before == "valid" else "proposed", {"state": "withdrawn"})
    _note(session, account, person, before, now)
    return account


def checked(session: Session, account_id: int, person: Person, now: datetime) -> PayoutAccount:
    """A payout came back from this account; a person looked, and it is right. Raises AccountDecided."""
    account = _get(session, account_id)
    mine = (col(PayoutAccount.id) == account_id, col(PayoutAccount.needs_check).is_(True))
    if session.exec(update(PayoutAccount).where(*mine).values(needs_check=False)).rowcount == 0:
        raise AccountDecided
    audit(session, person, "payout account", _subject(account), "to check", "checked", now, _coop_id(account.seller))
    return account


def in_force(session: Session, seller: str, now: datetime) -> PayoutAccount | None:
    """The account that payouts go to now."""
    return all_in_force(session, now, seller).get(seller)


def all_in_force(session: Session, now: datetime, seller: str = "") -> dict[str, PayoutAccount]:
    """The same for every seller, or for one."""
    counts = (PayoutAccount.state == "valid", col(PayoutAccount.valid_from) <= now)
    mine = (PayoutAccount.seller == seller,) if seller else ()
    wanted = select(PayoutAccount).where(*counts, *mine)
    return {it.seller: it for it in session.exec(wanted.order_by(col(PayoutAccount.valid_from), col(PayoutAccount.id)))}


def history(session: Session, seller: str) -> list[PayoutAccount]:
    """Every account of the seller, the newest first."""
    wanted = select(PayoutAccount).where(PayoutAccount.seller == seller).order_by(col(PayoutAccount.id).desc())
    return list(session.exec(wanted))


def _complete(typed: Details) -> Details:
    number = re.sub(r"[\s.\-]", "", typed.account_no).upper()
    name = " ".join(typed.account_name.split())
    takes_transfers = typed.kind in ("bank", "fund")
    if typed.kind not in KINDS:
        raise AccountIncomplete(field="kind")
    if not re.search(r"\w", name):
        raise AccountIncomplete(field="account_name")
    if typed.kind == "bank" and not re.fullmatch(r"\d{6}", typed.bank_bin):
        raise AccountIncomplete(field="bank")
    if typed.kind == "fund" and not typed.bank_name.strip():
        raise AccountIncomplete(field="bank")
    if takes_transfers and not re.fullmatch(r"[0-9A-Z]{4,20}", number):
        raise AccountIncomplete(field="account_no")
    return Details(
        kind=typed.kind,
        account_name=name,
        account_no=number if takes_transfers else "",
        bank_bin=typed.bank_bin if typed.kind == "bank" else "",
        bank_name="" if typed.kind == "bank" else typed.bank_name.strip(),
    )


def _get(session: Session, account_id: int) -> PayoutAccount:
    account = session.get(PayoutAccount, account_id)
    if account is None:
        raise NotFound(account_id=account_id)
    return account


def _move(session: Session, account: PayoutAccount, state: str, values: dict[str, object]) -> None:
    mine = (col(PayoutAccount.id) == account.id, col(PayoutAccount.state) == state)
    if session.exec(update(PayoutAccount).where(*mine).values(**values)).rowcount == 0:
        raise AccountDecided
    session.refresh(account)


def _note(session: Session, account: PayoutAccount, person: Person, before: str, now: datetime) -> None:
    after = f"{account.state}: {_said(account)}"
    audit(session, person, "payout account", _subject(account), before, after, now, _coop_id(account.seller))


def _said(account: PayoutAccount) -> str:
    where = account.bank_bin or account.bank_name
    return f"{account.kind} {where} {masked(account.account_no)}"


def _subject(account: PayoutAccount) -> str:
    return f"payout_account:{account.id}"


def _coop_id(seller: str) -> int | None:
    kind, _, number = seller.partition(":")
    return int(number) if kind == "coop" and number.isdecimal() else None
