"""Reviews and questions. What a product page says of both is read from their rows, never kept beside them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func
from sqlmodel import Session, col, select

from shop.catalog.models import Product
from shop.core.audit import audit
from shop.core.db import insert_once
from shop.core.deps import Person
from shop.core.errors import NotFound, Refusal
from shop.core.pagecache import bump
from shop.core.pictures import Photo, photos
from shop.orders.models import Order, OrderLine, Parcel
from shop.reviews.models import Question, Review, Shown

ON_PAGE = 10
PAGE = 30
MOST_WAITING = 5
"""Questions of one person about one co-op that nobody has answered yet."""


class NotDeliveredYet(Refusal):
    """A review is for who has the goods in hand."""


class ReviewedAlready(Refusal):
    """One review for each thing that was bought."""


class NoSuchReview(NotFound):
    """There is no such review or question, or it is another co-op's."""


class EnoughQuestions(Refusal):
    """Some questions of this person wait for an answer already. Facts: most."""


@dataclass(frozen=True)
class Shows:
    """A review with what a page needs beside it."""

    review: Review
    product: Product
    photo: Photo | None


@dataclass(frozen=True)
class Said:
    """What a product page says: the mean in tenths of a star and the count of all shown, the newest, the answers."""

    count: int
    mean: float | None
    reviews: Sequence[Shows]
    questions: Sequence[Question]


@dataclass(frozen=True)
class Draft:
    """What somebody writes about what they bought."""

    stars: int
    words: str
    photo_id: int | None = None


def short_name(name: str) -> str:
    """ "Nguyễn Thị Hoa" -> "Nguyễn T. H.": enough to be somebody, too little to be found."""
    first, *rest = name.split() or [""]
    return " ".join([first, *(f"{word[0]}." for word in rest)])


def can_review(session: Session, order_id: int) -> dict[int, Review | None]:
    """The lines of an order that are delivered, each with its review if it has one."""
    wanted = (
        select(OrderLine.id, Review)
        .join(Parcel, col(Parcel.id) == OrderLine.parcel_id)
        .join(Review, col(Review.line_id) == OrderLine.id, isouter=True)
        .where(OrderLine.order_id == order_id, Parcel.state == "delivered")
    )
    return dict(session.exec(wanted).all())


def write(session: Session, order: Order, line_id: int, draft: Draft, now: datetime) -> None:
    """The buyer of a delivered line says what it was like. Raises NoSuchReview, NotDeliveredYet, ReviewedAlready."""
    line = session.get(OrderLine, line_id)
    if line is None or line.order_id != order.id:
        raise NoSuchReview
    parcel = session.get_one(Parcel, line.parcel_id)
    if parcel.state != "delivered":
        raise NotDeliveredYet
    row = {
        "line_id": line.id,
        "product_id": line.product_id,
        "coop_id": parcel.coop_id,
        "name": short_name(order.name),
        "stars": draft.stars,
        "words": draft.words,
        "photo_id": draft.photo_id,
        "state": Shown.SHOWN,
        "written_at": now,
        "reply": "",
        "reported_why": "",
        "hidden_why": "",
    }
    if not insert_once(session, Review, row, ["line_id"]):
        raise ReviewedAlready
    bump(session, f"product:{line.product_id}")


def said_of(session: Session, product_id: int) -> Said:
    """What the page of a product shows."""
    mine = (Review.product_id == product_id, Review.state == Shown.SHOWN)
    count, total = session.exec(select(func.count(), func.coalesce(func.sum(Review.stars), 0)).where(*mine)).one()
    newest = session.exec(select(Review).where(*mine).order_by(col(Review.id).desc()).limit(ON_PAGE)).all()
    answered = (
        Question.product_id == product_id,
        Question.state == Shown.SHOWN,
        col(Question.answered_at).is_not(None),
    )
    asked = session.exec(select(Question).where(*answered).order_by(col(Question.id).desc()).limit(ON_PAGE)).all()
    return Said(count, round(int(total) / count, 1) if count else None, _with_photos(session, newest), asked)


def _with_photos(session: Session, reviews: Sequence[Review]) -> list[Shows]:
    pictures = photos(session, [review.photo_id for review in reviews])
    wanted = select(Product).where(col(Product.id).in_({review.product_id for review in reviews}))
    goods = {product.id: product for product in session.exec(wanted)} if reviews else {}
    return [Shows(review, goods[review.product_id], pictures.get(review.photo_id or 0)) for review in reviews]


def of_coop(session: Session, coop_id: int, before: int | None = None) -> list[Shows]:
    """A co-op's reviews, newest first, also hidden ones: it sees why."""
    wanted = select(Review).where(Review.coop_id == coop_id)
    wanted = wanted.where(Review.id < before) if before else wanted
    return _with_photos(session, session.exec(wanted.order_by(col(Review.id).desc()).limit(PAGE)).all())


def questions_of(session: Session, coop_id: int) -> list[tuple[Question, Product]]:
    """A co-op's questions, those that wait first."""
    wanted = select(Question, Product).join(Product, col(Product.id) == Question.product_id)
    mine = wanted.where(Question.coop_id == coop_id, Question.state == Shown.SHOWN)
    waiting_first = (col(Question.answered_at).is_not(None), col(Question.id).desc())
    return list(session.exec(mine.order_by(*waiting_first).limit(PAGE)))


def waiting(session: Session, coop_id: int) -> int:
    """How many questions have no answer."""
    mine = (Question.coop_id == coop_id, Question.state == Shown.SHOWN, col(Question.answered_at).is_(None))
    return session.exec(select(func.count()).select_from(Question).where(*mine)).one()


def review(session: Session, review_id: int, coop_id: int | None = None) -> Review:
    """Of that co-op if one is named. Raises NoSuchReview."""
    found = session.get(Review, review_id, with_for_update=True)
    if found is None or coop_id not in (None, found.coop_id):
        raise NoSuchReview
    return found


def reply(session: Session, found: Review, words: str, person: Person, now: datetime) -> None:
    """The co-op answers under a review; a later answer takes the place of the first."""
    before, found.reply, found.replied_at = found.reply, words, now
    audit(session, person, "reply", f"review:{found.id}", before, words, now, found.coop_id)
    bump(session, f"product:{found.product_id}")


def report(session: Session, found: Review, why: str, person: Person, now: datetime) -> None:
    """The co-op asks the alliance to look at a review; until it decides the review stays."""
    found.reported_why, found.decided_at = why, None
    audit(session, person, "report", f"review:{found.id}", "", why, now, found.coop_id)


def to_decide(session: Session, before: int | None = None) -> list[Shows]:
    """For the alliance: reported reviews first, then the newest."""
    wanted = select(Review).where(Review.id < before) if before else select(Review)
    open_first = ((col(Review.reported_why) == "") | col(Review.decided_at).is_not(None), col(Review.id).desc())
    return _with_photos(session, session.exec(wanted.order_by(*open_first).limit(PAGE)).all())


def decide(session: Session, found: Review, hidden_why: str, person: Person, now: datetime) -> None:
    """The alliance hides a review, with its reason ("": shows it). The rating is that of what is shown."""
    before = [found.state, found.hidden_why]
    found.state, found.hidden_why = (Shown.HIDDEN if hidden_why else Shown.SHOWN), hidden_why
    found.decided_at = now
    audit(session, person, "review", f"review:{found.id}", before, [found.state, hidden_why], now, found.coop_id)
    bump(session, f"product:{found.product_id}")


def ask(session: Session, product: Product, words: str, person: Person, now: datetime) -> Question:
    """Ask about a product on sale. Raises EnoughQuestions."""
    mine = (Question.person_id == person.id, Question.coop_id == product.coop_id, col(Question.answered_at).is_(None))
    if session.exec(select(func.count()).select_from(Question).where(*mine)).one() >= MOST_WAITING:
        raise EnoughQuestions(most=MOST_WAITING)
    asked = Question(
        product_id=product.id,
        coop_id=product.coop_id,
        person_id=person.id,
        name=short_name(person.name),
        words=words,
        asked_at=now,
    )
    session.add(asked)
    session.flush()
    return asked


def question(session: Session, question_id: int, coop_id: int | None = None) -> Question:
    """Of that co-op if one is named. Raises NoSuchReview."""
    found = session.get(Question, question_id, with_for_update=True)
    if found is None or coop_id not in (None, found.coop_id):
        raise NoSuchReview
    return found


def answer(session: Session, found: Question, words: str, person: Person, now: datetime) -> None:
    """The co-op answers, and the page shows both."""
    before, found.answer, found.answered_at = found.answer, words, now
    audit(session, person, "answer", f"question:{found.id}", before, words, now, found.coop_id)
    bump(session, f"product:{found.product_id}")


def hide_question(session: Session, found: Question, why: str, person: Person, now: datetime) -> None:
    """The alliance or the co-op takes a question away, with its reason."""
    before, found.state, found.hidden_why = found.state, Shown.HIDDEN, why
    audit(session, person, "question", f"question:{found.id}", before, [found.state, why], now, found.coop_id)
    bump(session, f"product:{found.product_id}")
