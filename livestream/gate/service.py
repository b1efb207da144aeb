"""Who may go on air, and with what: host known, rules accepted, papers at hand, advertising confirmed.

Source: law on e-commerce 122/2025/QH15, Art. 22 to 24.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import update
from sqlmodel import Session, col, select

from livestream.gate import risks
from livestream.gate.models import HostState, LiveConfirmed, LiveHost, LiveRulesAccepted
from livestream.gate.risks import Risk
from livestream.models import CHANGEABLE, LiveItem, LiveSession
from livestream.schedule import NotScheduled, item_by_id, items_of, session_of
from shop.catalog import service as catalog
from shop.catalog.models import Product
from shop.certificates import service as certificates
from shop.certificates.models import Certificate
from shop.core.audit import audit
from shop.core.dated import Dated, in_force
from shop.core.db import insert_once, run
from shop.core.deps import Person
from shop.core.errors import NotAllowed, NotFound, Refusal
from shop.core.pagecache import bump

Role = Literal["seller", "host"]
Gap = Literal["host-unknown", "host-waits", "host-refused", "rules", "items", "papers", "seller", "host", "practice"]
PAPERS = ("vneid", "cccd", "passport")
RULES = (Dated(1, "2026-11-21", "The market's own rules of selling live, as they stand on /quy-che-livestream."),)


class GateClosed(Refusal):
    """Something is missing before this session may go on air. Facts: gaps (what), codes (items without papers)."""


class NoSuchHost(NotFound):
    """Nobody with that number has asked to be known as a host."""


class OwnIdentity(NotAllowed):
    """Nobody confirms who they are themselves."""


@dataclass(frozen=True)
class Paper:
    """What proves one item: the market's certificates, or what the seller wrote down."""

    item_id: int
    code: str
    name: str
    certificates: Sequence[Certificate]
    words: str
    told: Sequence[Risk] = ()
    """What is said of it that asks for a paper of its own."""

    @property
    def missing(self) -> list[Risk]:
        """What is said of it and not proved."""
        return risks.unproved(self.told, self.certificates, self.words)

    @property
    def is_ready(self) -> bool:
        return bool(self.certificates or self.words) and not any(risk in risks.NUMBERED for risk in self.missing)


@dataclass(frozen=True)
class Gate:
    """Everything that is asked before the first picture, and what of it is there."""

    host: LiveHost | None
    rules_at: datetime | None
    papers: Sequence[Paper]
    seller: LiveConfirmed | None
    host_says: LiveConfirmed | None
    is_practice: bool

    @property
    def gaps(self) -> list[Gap]:
        """What is missing, in the order in which to do it."""
        known: dict[str, Gap] = {"asked": "host-waits", "refused": "host-refused", "withdrawn": "host-refused"}
        host: Gap | None = "host-unknown" if self.host is None else known.get(self.host.state)
        asked: list[tuple[Gap, bool]] = [
            ("practice", not self.is_practice),
            ("rules", self.rules_at is not None),
            ("items", bool(self.papers)),
            ("papers", all(paper.is_ready for paper in self.papers)),
            ("seller", self.seller is not None),
            ("host", self.host_says is not None),
        ]
        return ([host] if host else []) + [gap for gap, there in asked if not there]


def rules_version(now: datetime) -> str:
    """The version of the rules of selling live that holds now."""
    return str(in_force(RULES, now).value)


def look(session: Session, live: LiveSession, now: datetime) -> Gate:
    """What of all that is asked is there."""
    accepted = session.get(LiveRulesAccepted, (live.host_id, rules_version(now)))
    items = items_of(session, live.id)
    said = select(LiveConfirmed).where(LiveConfirmed.session_id == live.id, LiveConfirmed.run == _run(live, items))
    by_role = {row.role: row for row in session.exec(said)}
    return Gate(
        host=session.get(LiveHost, live.host_id),
        rules_at=accepted.at if accepted else None,
        papers=_papers(session, live, items, now),
        seller=by_role.get("seller"),
        host_says=by_role.get("host"),
        is_practice=live.is_practice,
    )


def require_ready(session: Session, live: LiveSession, now: datetime) -> None:
    """Raises GateClosed, saying what is missing."""
    gate = look(session, live, now)
    if gaps := gate.gaps:
        raise GateClosed(gaps=gaps, codes=[paper.code for paper in gate.papers if not paper.is_ready])


def _run(live: LiveSession, items: Sequence[LiveItem]) -> str:
    told = [live.title, live.summary, *sorted(f"{item.code}:{item.variant_id}" for item in items)]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()[:32]


def _papers(session: Session, live: LiveSession, items: Sequence[LiveItem], now: datetime) -> list[Paper]:
    variants = catalog.variants(session, [item.variant_id for item in items])
    products = {variant.product_id: live.coop_id for variant in variants.values()}
    good = certificates.about(session, products, now)
    summaries = dict(session.exec(select(Product.id, Product.summary).where(col(Product.id).in_(list(products)))).all())
    shown = [(item, view) for item in items if (view := variants.get(item.variant_id))]
    of_session = [risk for risk in risks.told_by(f"{live.title}. {live.summary}") if risk == "organic"]
    papers = []
    for item, view in shown:
        words = (view.product_name, view.product_name_en, view.name, summaries.get(view.product_id, ""), item.prompt)
        told = list(dict.fromkeys([*risks.told_by(". ".join(words)), *of_session]))
        papers.append(Paper(item.id, item.code, view.shown_name, good[view.product_id], item.papers, told))
    return papers


def ask(session: Session, person: Person, full_name: str, paper: str, paper_end: str, now: datetime) -> None:
    """A host says who they are; somebody of the alliance compares it with the paper. Asking again waits again."""
    facts = {"full_name": full_name, "paper": paper, "paper_end": paper_end[-4:], "asked_at": now}
    facts |= {"state": HostState.ASKED, "reason": ""}
    insert_once(session, LiveHost, {"person_id": person.id, **facts}, ["person_id"])
    again = update(LiveHost).where(col(LiveHost.person_id) == person.id, col(LiveHost.state) != HostState.VERIFIED)
    run(session, again.values(**facts))
    audit(session, person, "live host", f"person:{person.id}", None, HostState.ASKED, now)


def decide(session: Session, person_id: int, state: HostState, reason: str, officer: Person, now: datetime) -> None:
    """Somebody of the alliance has compared name and paper, or takes it back. Raises NoSuchHost, OwnIdentity."""
    host = session.get(LiveHost, person_id, with_for_update=True)
    if host is None:
        raise NoSuchHost
    if officer.id == person_id:
        raise OwnIdentity
    before, host.state = host.state, state
    host.decided_at, host.decided_by_id, host.reason = now, officer.id or None, reason
    audit(session, officer, "live host", f"person:{person_id}", before, state, now)


def accept_rules(session: Session, person: Person, now: datetime) -> None:
    """Accept the rules that hold now; once for each version."""
    key = {"person_id": person.id, "version": rules_version(now)}
    if insert_once(session, LiveRulesAccepted, {**key, "at": now}, list(key)):
        audit(session, person, "live rules", f"person:{person.id}", None, key["version"], now)


def note_papers(session: Session, live_id: int, item_id: int, words: str, person: Person, now: datetime) -> None:
    """The seller writes which paper proves an item that no certificate does. Raises NotScheduled, NoSuchItem."""
    live = session_of(session, live_id)
    item = item_by_id(session, live_id, item_id)
    if live.state not in CHANGEABLE:
        raise NotScheduled(title=live.title)
    before, item.papers = item.papers, words
    audit(session, person, "papers", f"live:{live_id}:{item.code}", before, words, now, live.coop_id)
    bump(session, f"session:{live_id}")


def confirm(session: Session, live_id: int, role: Role, person: Person, now: datetime) -> None:
    """Seller or host says that what will be told of these goods is true. Changing the run asks for it again.

    Raises NotAllowed when somebody else speaks for the host.
    """
    live = session_of(session, live_id)
    if role == "host" and person.id != live.host_id:
        raise NotAllowed
    key = {"session_id": live_id, "role": role, "run": _run(live, items_of(session, live_id))}
    if insert_once(session, LiveConfirmed, {**key, "person_id": person.id, "at": now}, list(key)):
        audit(session, person, "advertising", f"live:{live_id}", None, role, now, live.coop_id)
        bump(session, f"session:{live_id}")


def hosts(session: Session) -> list[LiveHost]:
    """Everybody who asked, those who wait first."""
    rows = session.exec(select(LiveHost).order_by(col(LiveHost.asked_at).desc()).limit(200))
    return sorted(rows, key=lambda host: host.state != HostState.ASKED)
