"""What must always hold of the money, for `chohtx verify`: one line for each broken rule, none when all is well."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy.orm import aliased
from sqlmodel import Session, col, func, select

from payments import ledger
from payments.cash.models import CarrierCash
from payments.checkpoints import service as checkpoints
from payments.comparison.rules import clearing_agrees, disputes_agree
from payments.earnings.models import Earning, SellerAccount
from payments.earnings.service import GIFTS, balances
from payments.gateway import FactKind, Outcome
from payments.holds.rules import holds_agree
from payments.models import Entry, InboxRequest, Journal, PaymentDue, PaymentFact, Refund, UnmatchedMoney
from payments.payouts.verify import broken_rules as payouts_rules
from payments.state import state_from

STATEMENTS = ("sepay", "casso", "upload")  # each of their deliveries is one bank line
_BOOKED = (
    FactKind.CAPTURED,
    FactKind.AUTHORISED,
    FactKind.REFUND_REQUESTED,
    FactKind.REFUNDED,
    FactKind.SET_ASIDE,
    FactKind.DISPUTED,
    FactKind.DISPUTE_FEE,
    FactKind.DISPUTE_FEE_BACK,
    FactKind.DISPUTE_WON,
    FactKind.REFUND_FAILED,
)

_VARIANCES = (FactKind.SHORT_ACCEPTED, FactKind.SHORT_REOPENED, FactKind.OVER_KEPT, FactKind.OVER_RELEASED)


def check(session: Session) -> list[str]:
    """Every broken rule of the ledger and of the payments."""
    rules = (
        _sellers_agree,
        _gifts_agree,
        _sums_to_zero,
        _journals_balance,
        _facts_have_journals,
        _pending_ends,
        holds_agree,
        _dues_agree,
        _carriers_agree,
        _held_money_agrees,
        _refunds_fit,
        _inbox_counted,
        checkpoints.check,
        payouts_rules,
        clearing_agrees,
        disputes_agree,
    )
    return [line for rule in rules for line in rule(session)]


def _sums_to_zero(session: Session) -> Iterator[str]:
    for pending, sum_vnd in session.exec(
        select(Entry.pending, func.sum(Entry.amount_vnd)).group_by(col(Entry.pending))
    ):
        if sum_vnd:
            yield f"ledger: {'pending' if pending else 'posted'} entries sum to {sum_vnd}, not 0"


def _journals_balance(session: Session) -> Iterator[str]:
    sums = (
        select(Entry.journal_id, func.sum(Entry.amount_vnd))
        .group_by(col(Entry.journal_id), col(Entry.pending))
        .having(func.sum(Entry.amount_vnd) != 0)
    )
    for journal_id, sum_vnd in session.exec(sums):
        yield f"ledger: journal {journal_id} is out by {sum_vnd}"
    lonely = select(Entry.journal_id).where(col(Entry.journal_id).not_in(select(Journal.id))).distinct()
    for journal_id in session.exec(lonely):
        yield f"ledger: entries of journal {journal_id} have no journal"


def _facts_have_journals(session: Session) -> Iterator[str]:
    event = col(PaymentFact.gateway) + ":" + col(PaymentFact.movement_id)
    wanted = (
        select(PaymentFact.gateway, PaymentFact.movement_id)
        .outerjoin(Journal, col(Journal.source_event) == event)
        .where(
            col(PaymentFact.kind).in_((*_BOOKED, *_VARIANCES)),
            col(PaymentFact.amount_vnd) > 0,
            col(Journal.id).is_(None),
        )
    )
    for gateway, movement in session.exec(wanted):
        yield f"payments: {gateway}:{movement} is in no journal"


def _pending_ends(session: Session) -> Iterator[str]:
    """What was taken or let go is held no more."""
    held, end, settled = aliased(PaymentFact), aliased(PaymentFact), aliased(Journal)
    event = col(held.gateway) + ":" + col(held.movement_id)
    wanted = (
        select(held.gateway, held.movement_id)
        .join(Journal, col(Journal.source_event) == event)
        .outerjoin(settled, col(settled.settles_id) == Journal.id)
        .join(end, (col(end.attempt_id) == held.attempt_id) & (col(end.gateway) == held.gateway))
        .where(held.kind == FactKind.AUTHORISED, col(end.kind).in_((FactKind.CAPTURED, FactKind.VOIDED)))
        .where(col(settled.id).is_(None))
        .distinct()
    )
    for gateway, movement in session.exec(wanted):
        yield f"payments: {gateway}:{movement} is held though it was taken or let go"


def _dues_agree(session: Session) -> Iterator[str]:
    """What the facts say of a due is what the books say: money held and not yet earned, and the buyer's credit."""
    books: dict[str, int] = {}
    held = select(Entry.account, func.sum(Entry.amount_vnd)).where(
        col(Entry.pending).is_(False), col(Entry.account).startswith("2110:") | col(Entry.account).startswith("2130:")
    )
    for name, sum_vnd in session.exec(held.group_by(col(Entry.account))):
        books[name] = -int(sum_vnd)
    gift = col(Earning.gift_vnd) - col(Earning.returned_gift_vnd)
    went_on = select(Earning.subject, func.sum(col(Earning.gross_vnd) - col(Earning.returned_vnd) - gift))
    earned = {subject: int(sum_vnd) for subject, sum_vnd in session.exec(went_on.group_by(col(Earning.subject)))}
    facts: dict[int, list[PaymentFact]] = {}
    for fact in session.exec(select(PaymentFact).where(col(PaymentFact.due_id).is_not(None))):
        facts.setdefault(fact.due_id or 0, []).append(fact)
    for due in session.exec(select(PaymentDue).where(col(PaymentDue.id).in_(facts))):
        state = state_from(due.method, due.amount_vnd, due.closes_at, facts[due.id])
        for code, expected_vnd in (
            ("2110", state.refundable_vnd + state.accepted_vnd - earned.get(due.subject, 0)),
            ("2130", state.surplus_vnd),
        ):
            if books.get(f"{code}:{due.subject}", 0) != expected_vnd:
                found_vnd = books.get(f"{code}:{due.subject}", 0)
                yield f"payments: {code} of {due.subject} is {found_vnd}, its facts say {expected_vnd}"


def _sellers_agree(session: Session) -> Iterator[str]:
    """What sellers wait for is exactly what their earnings say; no payable balance is below zero."""
    waiting: dict[str, int] = {}
    for it in session.exec(select(Earning).where(col(Earning.released_at).is_(None))):
        waiting[it.seller] = waiting.get(it.seller, 0) + it.net_vnd - it.returned_pending_vnd
    for seller in session.exec(select(SellerAccount.seller)):
        stands = balances(session, seller)
        if stands.pending_vnd != waiting.get(seller, 0):
            yield f"earnings: 2210 of {seller} is {stands.pending_vnd}, its parcels say {waiting.get(seller, 0)}"
        for name, sum_vnd in vars(stands).items():
            if sum_vnd < 0:
                yield f"earnings: {name} of {seller} is {sum_vnd}"


def _gifts_agree(session: Session) -> Iterator[str]:
    """What the market's vouchers cost is exactly what its earnings were given and refunds did not bring back."""
    spent_vnd = ledger.balance_vnd(session, GIFTS)
    gift = col(Earning.gift_vnd) - col(Earning.returned_gift_vnd)
    told_vnd = int(session.exec(select(func.coalesce(func.sum(gift), 0))).one())
    if spent_vnd != told_vnd:
        yield f"earnings: {GIFTS} is {spent_vnd}, the parcels say {told_vnd}"


def _carriers_agree(session: Session) -> Iterator[str]:
    """What carriers hold is exactly what they collected and neither remitted nor lost, parcel by parcel."""
    held = select(Entry.account, func.sum(Entry.amount_vnd)).where(
        col(Entry.pending).is_(False),
        col(Entry.account).startswith("1130:"),
        col(Entry.account).not_like("1130:own:%"),
    )
    books = {account: int(sum_vnd) for account, sum_vnd in session.exec(held.group_by(col(Entry.account)))}
    left = col(CarrierCash.collected_vnd) - col(CarrierCash.remitted_vnd) - col(CarrierCash.written_off_vnd)
    wanted = select(CarrierCash.account, func.sum(left)).group_by(col(CarrierCash.account))
    parcels = {account: int(sum_vnd) for account, sum_vnd in session.exec(wanted)}
    for account in sorted(books.keys() | parcels.keys()):
        if books.get(account, 0) != parcels.get(account, 0):
            yield f"payments: {account} holds {books.get(account, 0)}, its parcels say {parcels.get(account, 0)}"


def _refunds_fit(session: Session) -> Iterator[str]:
    """We never ask a gateway to give back more of a movement than it captured."""
    back = func.sum(Refund.amount_vnd)
    asked = (
        select(PaymentFact.gateway, PaymentFact.movement_id, PaymentFact.amount_vnd, back)
        .join(Refund, col(Refund.fact_id) == PaymentFact.id)
        .where(Refund.way != "transfer", Refund.reason != "outside")
        .group_by(col(PaymentFact.id))
        .having(back > PaymentFact.amount_vnd)
    )
    for gateway, movement, amount_vnd, back_vnd in session.exec(asked):
        yield f"payments: {back_vnd} go back on {gateway}:{movement}, which brought {amount_vnd}"


def _held_money_agrees(session: Session) -> Iterator[str]:
    """Money without an owner is exactly the open rows of the inbox; money promised back exactly the refunds to send."""
    is_open = col(UnmatchedMoney.state).in_(("waiting", "proposed"))
    waiting = select(func.sum(UnmatchedMoney.amount_vnd)).where(
        is_open, col(UnmatchedMoney.account).startswith("2140:")
    )
    promised = select(func.sum(Refund.amount_vnd)).where(Refund.state != "sent")
    for code, rows_vnd in (("2140", session.exec(waiting).one()), ("2120", session.exec(promised).one())):
        held = select(func.sum(Entry.amount_vnd)).where(
            col(Entry.pending).is_(False), col(Entry.account).startswith(f"{code}:")
        )
        held_vnd = -int(session.exec(held).one() or 0)
        if held_vnd != int(rows_vnd or 0):
            yield f"payments: account {code} holds {held_vnd}, the open rows add up to {int(rows_vnd or 0)}"


def _inbox_counted(session: Session) -> Iterator[str]:
    """Every incoming bank line that we took in is a movement in the books."""
    wanted = (
        select(InboxRequest.source, InboxRequest.delivery_id)
        .outerjoin(
            PaymentFact,
            (col(PaymentFact.gateway) == InboxRequest.source)
            & (col(PaymentFact.movement_id) == InboxRequest.delivery_id),
        )
        .where(col(InboxRequest.source).in_(STATEMENTS), col(PaymentFact.id).is_(None))
        .where(col(InboxRequest.outcome) != Outcome.MALFORMED, col(InboxRequest.movements).not_in(("", "[]")))
    )
    for source, delivery in session.exec(wanted):
        yield f"payments: {source} delivery {delivery} was answered but not booked"
