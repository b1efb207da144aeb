"""What the alliance's office sees of its co-ops at a glance."""

from __future__ import annotations

from dataclasses import dataclass

from sqlmodel import Session, col, func, select

from shop.catalog.models import Product, ProductState
from shop.certificates.models import Certificate, CertificateState
from shop.coops.models import Coop
from shop.coops.service import place


@dataclass(frozen=True)
class CoopRow:
    """A co-op with how much it sells and how many of its papers wait."""

    coop: Coop
    place: str
    on_sale: int
    papers_waiting: int


@dataclass(frozen=True)
class PaperRow:
    """A paper with whose it is; `product` is "" when it speaks for the whole co-op."""

    paper: Certificate
    coop: str
    product: str


def all_coops(session: Session, state: str = "", most: int = 500) -> list[CoopRow]:
    """Co-ops in `state` (any when ""), in the order in which they joined."""
    wanted = select(Coop).order_by(col(Coop.id)).limit(most)
    coops = session.exec(wanted.where(Coop.state == state) if state else wanted).all()
    on_sale = select(Product.coop_id, func.count()).where(Product.state == ProductState.ON_SALE)
    papers = select(Certificate.coop_id, func.count()).where(Certificate.state == CertificateState.SUBMITTED)
    sells = dict(session.exec(on_sale.group_by(col(Product.coop_id))).all())
    waits = dict(session.exec(papers.group_by(col(Certificate.coop_id))).all())
    return [CoopRow(coop, place(coop), sells.get(coop.id, 0), waits.get(coop.id, 0)) for coop in coops]


def count_by_state(session: Session) -> dict[str, int]:
    """How many co-ops are in each state."""
    return dict(session.exec(select(Coop.state, func.count()).group_by(col(Coop.state))).all())


def papers(session: Session, state: str, most: int = 200) -> list[PaperRow]:
    """Papers in `state`, those that end first at the top."""
    wanted = (
        select(Certificate, Coop.name, Product.name)
        .join(Coop, col(Coop.id) == Certificate.coop_id)
        .outerjoin(Product, col(Product.id) == Certificate.product_id)
        .where(Certificate.state == state)
        .order_by(col(Certificate.expires_on), col(Certificate.id))
        .limit(most)
    )
    return [PaperRow(paper, coop, product or "") for paper, coop, product in session.exec(wanted)]


def count_papers_waiting(session: Session) -> int:
    """How many papers wait to be looked at."""
    wanted = select(func.count()).select_from(Certificate)
    return session.exec(wanted.where(Certificate.state == CertificateState.SUBMITTED)).one()
