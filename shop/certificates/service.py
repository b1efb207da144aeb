"""Only what the alliance has verified and what is still good is ever shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sqlalchemy import ColumnElement, and_, or_
from sqlmodel import Session, col, select

from shop.certificates.models import Certificate, CertificateState, Kind
from shop.core.audit import audit
from shop.core.deps import Person
from shop.core.errors import NotAllowed, NotFound, Refusal
from shop.core.i18n import HERE, local
from shop.core.pagecache import bump

ORDER = [Kind.OCOP, Kind.ORGANIC, Kind.GLOBALGAP, Kind.VIETGAP, Kind.GEO]


class NoSuchCertificate(NotFound):
    """There is no such certificate, or it is another co-op's."""


class OwnCertificate(NotAllowed):
    """Nobody verifies the papers of their own co-op."""


class CertificateExpired(Refusal):
    """A paper that is no longer good cannot be verified. Facts: `expires_on`."""


@dataclass(frozen=True)
class Badge:
    """What a list shows of a certificate: `stars` for OCOP, else 0."""

    kind: str
    stars: int = 0


def today(now: datetime) -> date:
    """The day in Vietnam: a paper is good until 23:59:59 of its last day there."""
    return local(now).date()


def ends_at(certificate: Certificate) -> datetime:
    """The first moment at which the certificate is no longer good."""
    return datetime.combine(certificate.expires_on + timedelta(days=1), time(), HERE)


def good(now: datetime) -> ColumnElement[bool]:
    """SQL: verified and not expired."""
    return and_(col(Certificate.state) == CertificateState.VERIFIED, col(Certificate.expires_on) >= today(now))


def about(session: Session, products: Mapping[int, int], now: datetime) -> dict[int, list[Certificate]]:
    """Good certificates of each product, its own and its co-op's. `products` maps product id -> co-op id."""
    mine = col(Certificate.product_id).in_(list(products))
    of_all = and_(col(Certificate.product_id).is_(None), col(Certificate.coop_id).in_(set(products.values())))
    rows = list(session.exec(select(Certificate).where(good(now), or_(mine, of_all)))) if products else []
    rows.sort(key=lambda paper: (ORDER.index(Kind(paper.kind)), -paper.stars, paper.id))
    by_product: dict[int, list[Certificate]] = {}
    by_coop: dict[int, list[Certificate]] = {}
    for paper in rows:
        if paper.product_id is None:
            by_coop.setdefault(paper.coop_id, []).append(paper)
        else:
            by_product.setdefault(paper.product_id, []).append(paper)
    return {at: by_product.get(at, []) + by_coop.get(coop_id, []) for at, coop_id in products.items()}


def badges(papers: Iterable[Certificate]) -> tuple[Badge, ...]:
    """One badge a kind (the best of it), in a fixed order."""
    best: dict[str, Badge] = {}
    for paper in papers:
        if paper.kind not in best or best[paper.kind].stars < paper.stars:
            best[paper.kind] = Badge(paper.kind, paper.stars)
    return tuple(best[kind] for kind in ORDER if kind in best)


def first_end(papers: Iterable[Certificate]) -> datetime | None:
    """When the first of these stops being good: until then a page that shows them stays true."""
    return min((ends_at(paper) for paper in papers), default=None)


def of_coop(session: Session, coop_id: int, now: datetime) -> list[Certificate]:
    """Good certificates of a co-op and of its products, best kinds first."""
    rows = session.exec(select(Certificate).where(good(now), Certificate.coop_id == coop_id))
    return sorted(rows, key=lambda paper: (paper.product_id is not None, ORDER.index(Kind(paper.kind)), paper.id))


def submit(session: Session, certificate: Certificate) -> Certificate:
    """Hand in a paper; it is shown once the alliance has verified it."""
    certificate.state = CertificateState.SUBMITTED
    session.add(certificate)
    session.flush()
    return certificate


def decide(session: Session, certificate_id: int, state: CertificateState, person: Person, now: datetime) -> None:
    """Verify, reject or revoke a paper; its badge appears or disappears everywhere at once.

    Raises NoSuchCertificate, OwnCertificate (staff of that very co-op), CertificateExpired.
    """
    paper = session.get(Certificate, certificate_id)
    if paper is None:
        raise NoSuchCertificate
    if paper.coop_id in person.coop_ids("manager", "host"):
        raise OwnCertificate
    if state == CertificateState.VERIFIED and paper.expires_on < today(now):
        raise CertificateExpired(expires_on=paper.expires_on)
    before, paper.state = paper.state, state
    audit(session, person, "state", f"certificate:{paper.id}", before, state.value, now, paper.coop_id)
    bump(session, *tags_of(paper))


def tags_of(paper: Certificate) -> tuple[str, ...]:
    """The pages that show this paper."""
    own = (f"product:{paper.product_id}",) if paper.product_id else ()
    return (*own, f"coop:{paper.coop_id}", "lists")
