"""What is owed, what arrived, what goes back, and the books. Facts, journals and entries are never changed."""

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, Text, UniqueConstraint, text
from sqlmodel import Field, SQLModel

from payments.triggers import guard_ledger
from shop.core.audit import keep_insert_only
from shop.core.db import UtcDateTime


class PaymentDue(SQLModel, table=True):
    """A sum that somebody owes for a subject ("order:17"). `label` is what people call it, `page_path` its page.

    Up to `tolerance_vnd` too little or too much is let go of; it stays what it was when the due was opened.
    The row is locked while money is applied to it, so two notifications never split the same rest.
    """

    __tablename__ = "payment_due"
    __table_args__ = (UniqueConstraint("subject"), CheckConstraint("amount_vnd >= 0", name="amount"))

    id: int = Field(default=None, primary_key=True)
    subject: str
    label: str = Field(index=True)
    page_path: str = ""
    method: str
    amount_vnd: int = Field(sa_type=BigInteger)
    tolerance_vnd: int = Field(default=0, sa_type=BigInteger)
    closes_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)


class PaymentAttempt(SQLModel, table=True):
    """One try to get (the rest of) a due by one gateway. `reference` is ours and never used twice.

    `provider_ref` is the gateway's name for it, `pay_url` its page for the buyer. The gateway is asked at
    `next_check_at` (None: never); `checks` counts how often it was. Since `given_up_at` nobody shall pay there.
    """

    __tablename__ = "payment_attempt"
    __table_args__ = (
        UniqueConstraint("reference"),
        CheckConstraint("amount_vnd > 0", name="amount"),
        Index(
            "ix_payment_attempt_to_ask",
            "next_check_at",
            sqlite_where=text("next_check_at IS NOT NULL"),
            postgresql_where=text("next_check_at IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    due_id: int = Field(foreign_key="payment_due.id", index=True)
    gateway: str
    reference: str
    amount_vnd: int = Field(sa_type=BigInteger)
    provider_ref: str = ""
    pay_url: str = Field(default="", sa_type=Text)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    next_check_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    checks: int = 0
    given_up_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PaymentFact(SQLModel, table=True):
    """Something that happened to money. `movement_id` is the same whichever way we learn of it, so it counts once.

    `account` is the ledger account the money came into (or went to); `applied_vnd` is the part of a captured sum
    that covered the due, the rest is the buyer's credit.
    """

    __tablename__ = "payment_fact"
    __table_args__ = (
        UniqueConstraint("gateway", "movement_id"),
        CheckConstraint("amount_vnd >= 0 AND applied_vnd >= 0 AND applied_vnd <= amount_vnd", name="amount"),
        Index("ix_payment_fact_due", "due_id"),
    )

    id: int = Field(default=None, primary_key=True)
    due_id: int | None = Field(default=None, foreign_key="payment_due.id")
    attempt_id: int | None = Field(default=None, foreign_key="payment_attempt.id")
    gateway: str
    movement_id: str
    kind: str
    amount_vnd: int = Field(sa_type=BigInteger)
    applied_vnd: int = Field(default=0, sa_type=BigInteger)
    account: str = ""
    occurred_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)
    via: str
    code: str = ""


class InboxRequest(SQLModel, table=True):
    """A notification as it came, without proofs and account numbers (`payments.scrubbing`).

    The body is forgotten after 31 days, the row stays.

    `movements` are the ids (a JSON list) under which its money stands among the facts.
    """

    __tablename__ = "inbox_request"
    __table_args__ = (UniqueConstraint("source", "delivery_id"),)

    id: int = Field(default=None, primary_key=True)
    source: str
    delivery_id: str
    headers: str = ""
    body: bytes = Field(default=b"", sa_type=LargeBinary)
    received_at: datetime = Field(sa_type=UtcDateTime, index=True)
    outcome: str
    movements: str = ""


class UnmatchedMoney(SQLModel, table=True):
    """Money of which a person must say whose it is. `account` is where the ledger keeps it until then.

    waiting -> (proposed, when it takes two people) -> matched | sent_back
    """

    __tablename__ = "unmatched_money"
    __table_args__ = (
        UniqueConstraint("fact_id"),
        CheckConstraint("amount_vnd > 0", name="amount"),
        CheckConstraint("state IN ('waiting', 'proposed', 'matched', 'sent_back')", name="state"),
        Index("ix_unmatched_money_state", "state", "id"),
    )

    id: int = Field(default=None, primary_key=True)
    fact_id: int = Field(foreign_key="payment_fact.id")
    due_id: int | None = Field(default=None, foreign_key="payment_due.id")
    amount_vnd: int = Field(sa_type=BigInteger)
    reason: str
    account: str
    content: str = ""
    bank_reference: str = ""
    state: str = "waiting"
    decision: str = ""
    target_due_id: int | None = Field(default=None, foreign_key="payment_due.id")
    proposed_by: int | None = None
    decided_by: int | None = None
    arrived_at: datetime = Field(sa_type=UtcDateTime)
    decided_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Refund(SQLModel, table=True):
    """Money we have to send back: requested -> sending -> sent. It waits in the ledger under 2120 until it is sent.

    `way` is "transfer" (a person sends it) or the gateway that took the money; that one gives back what came with the
    captured `fact_id`, knows the refund as `gateway_id`, and is asked at `next_check_at`. `tries` counts the ids it
    was given, `checks` how often it was called. Its no is kept as `refused`; an id that failed for good as `failed_id`.
    """

    __tablename__ = "refund"
    __table_args__ = (
        CheckConstraint("amount_vnd > 0", name="amount"),
        CheckConstraint("state IN ('requested', 'sending', 'sent')", name="state"),
        Index("ix_refund_state", "state", "id"),
        Index(
            "ix_refund_to_send",
            "next_check_at",
            sqlite_where=text("next_check_at IS NOT NULL"),
            postgresql_where=text("next_check_at IS NOT NULL"),
        ),
    )

    id: int = Field(default=None, primary_key=True)
    due_id: int | None = Field(default=None, foreign_key="payment_due.id", index=True)
    unmatched_id: int | None = Field(default=None, foreign_key="unmatched_money.id", unique=True)
    fact_id: int | None = Field(default=None, foreign_key="payment_fact.id", index=True)
    amount_vnd: int = Field(sa_type=BigInteger)
    reason: str
    state: str = "requested"
    way: str = "transfer"
    gateway_id: str = ""
    tries: int = 0
    refused: str = ""
    failed_id: str = ""
    reference: str = ""
    said_reference: str = ""
    """A person says that the silent gateway paid it, under this reference; above the limit another must agree."""
    said_by: int | None = None
    requested_at: datetime = Field(sa_type=UtcDateTime)
    requested_by: int | None = None
    sent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    sent_by: int | None = None
    next_check_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    checks: int = 0


class Entry(SQLModel, table=True):
    """One line of a journal: debit positive, credit negative. Pending lines have a balance of their own.

    Written before its journal (the key is deferred), so that the journal can refuse what does not balance.
    """

    __tablename__ = "entry"
    __table_args__ = (
        CheckConstraint("amount_vnd <> 0", name="amount"),
        Index("ix_entry_balance", "account", "pending", "id", "amount_vnd"),
    )

    id: int = Field(default=None, primary_key=True)
    journal_id: int = Field(
        sa_type=BigInteger,
        sa_column_args=[ForeignKey("journal.id", deferrable=True, initially="DEFERRED")],
        index=True,
    )
    account: str
    amount_vnd: int = Field(sa_type=BigInteger)
    pending: bool = False


class Journal(SQLModel, table=True):
    """One event in the books. `settles_id` names the pending journal that this one posts or voids, once."""

    __tablename__ = "journal"
    __table_args__ = (UniqueConstraint("source_event"), UniqueConstraint("settles_id"))

    id: int = Field(sa_type=BigInteger, primary_key=True)
    source_event: str
    kind: str
    subject: str = Field(default="", index=True)
    settles_id: int | None = Field(default=None, sa_type=BigInteger, foreign_key="journal.id")
    memo: str = ""
    effective_at: datetime = Field(sa_type=UtcDateTime)
    recorded_at: datetime = Field(sa_type=UtcDateTime)


keep_insert_only(PaymentFact)
keep_insert_only(Entry)
keep_insert_only(Journal)
guard_ledger(Entry, Journal)
