"""What becomes of each row of a sheet, measured against what the co-op sells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sqlmodel import Session, col, or_, select

from shop.catalog.models import Category, Product, Variant, VariantKind
from shop.core.text import fold
from shop.sheets.headings import Column
from shop.sheets.models import Fate, SheetRow
from shop.sheets.rows import NotARow, Wanted, kilos_text, wanted
from shop.stock.models import Pool

Change = dict[str, list[int | str | None]]


@dataclass(frozen=True)
class OnShelf:
    """A variant as it stands."""

    id: int
    product_id: int
    product: str
    name: str
    kind: str
    step_g: int
    price_vnd: int
    on_hand: int
    held: int


@dataclass
class Shelf:
    """Everything the co-op has, found by number and by folded names; rows that were read join it."""

    variants: dict[int, OnShelf]
    products: dict[str, int]
    categories: Mapping[str, int]
    usual_category: int | None
    seen: dict[tuple[str, str], tuple[int, Wanted]] = field(default_factory=dict)
    fresh: dict[str, int] = field(default_factory=dict)
    """The categories of products that are new in this sheet."""

    def __post_init__(self) -> None:
        self.by_name = {(fold(it.product), fold(it.name)): it for it in self.variants.values()}
        self.of_product: dict[str, list[OnShelf]] = {}
        for it in self.variants.values():
            self.of_product.setdefault(fold(it.product), []).append(it)

    def exactly(self, row: Wanted) -> OnShelf | None:
        """The variant of this very name."""
        return self.by_name.get((fold(row.product), fold(row.variant)))

    def find(self, row: Wanted) -> OnShelf | None:
        """The variant a row means: by its number, its names, or its product's name where that has one variant only."""
        if row.code is not None:
            found = self.variants.get(row.code)
            if found is None:
                raise NotARow("code", f"#{row.code}")
            if fold(row.product) != fold(found.product) or (row.named and fold(row.variant) != fold(found.name)):
                raise NotARow("code_name", f"{found.product}, {found.name}")  # one column was sorted, or moved
            return found
        mine = self.of_product.get(fold(row.product), [])
        return self.exactly(row) or (mine[0] if len(mine) == 1 and not row.named else None)


@dataclass(frozen=True)
class Judged:
    """A row and its fate. `target` is the variant it changes; None when it is new or nothing happens."""

    number: int
    cells: Mapping[Column, str]
    fate: Fate
    reason: str = ""
    about: str = ""
    change: Change = field(default_factory=dict)
    target: OnShelf | None = None
    row: Wanted | None = None
    category_id: int | None = None


_GOODS = (
    select(Variant, Product.name, Pool)
    .join(Product, col(Product.id) == Variant.product_id)
    .join(Pool, (col(Pool.variant_id) == Variant.id) & (col(Pool.owner) == ""))
    .order_by(col(Pool.id))
)


def load(session: Session, coop_id: int) -> Shelf:
    """The co-op's goods now."""
    variants = _on_shelf(session.exec(_GOODS.where(Product.coop_id == coop_id)))
    newest = select(Product.category_id).where(Product.coop_id == coop_id).order_by(col(Product.id).desc()).limit(1)
    categories: dict[str, int] = {}
    for category in session.exec(select(Category)):
        categories |= dict.fromkeys((fold(category.name), fold(category.name_en), category.slug), category.id)
    return Shelf(variants, products_since(session, coop_id, 0), categories, session.exec(newest).first())


def load_for(session: Session, coop_id: int, rows: Sequence[SheetRow], products: Mapping[str, int]) -> Shelf:
    """The goods these rows mean; neither their prices nor their counts change until the end of the transaction.

    `products` are all the co-op has, by folded name.
    """
    named = {products.get(fold(row.cells.get("product", ""))) for row in rows if row.variant_id is None} - {None}
    meant = or_(col(Variant.id).in_({row.variant_id for row in rows} - {None}), col(Product.id).in_(named))
    goods = _GOODS.where(Product.coop_id == coop_id, meant).with_for_update(of=(Variant, Pool))
    return Shelf(_on_shelf(session.exec(goods)), dict(products), {}, None)


def products_since(session: Session, coop_id: int, newest: int) -> dict[str, int]:
    """Folded name -> number, of the co-op's products with a number above `newest`."""
    names = select(Product.name, Product.id).where(Product.coop_id == coop_id, col(Product.id) > newest)
    return {fold(name): number for name, number in session.exec(names.order_by(col(Product.id)))}


def _on_shelf(found: Iterable[tuple[Variant, str, Pool]]) -> dict[int, OnShelf]:
    return {
        variant.id: OnShelf(
            variant.id, variant.product_id, product, variant.name, variant.kind, variant.step_g,
            variant.price_vnd, pool.on_hand, pool.held,
        )
        for variant, product, pool in found
    }  # fmt: skip


def judge(rows: Iterable[tuple[int, Mapping[Column, str]]], shelf: Shelf) -> Iterator[Judged]:
    """The fate of each row in its turn: a row that names goods a second time knows the first."""
    for number, cells in rows:
        try:
            yield _judge(number, cells, shelf)
        except NotARow as no:
            yield Judged(number, cells, Fate.REFUSED, no.reason, no.about)


def judge_again(rows: Iterable[SheetRow], shelf: Shelf) -> Iterator[Judged]:
    """The fate of good rows as things stand now; each means what it meant when a person saw and confirmed it."""
    for row in rows:
        try:
            yield _judge_again(row, shelf)
        except NotARow as no:
            yield Judged(row.number, row.cells, Fate.REFUSED, no.reason, no.about)


def _judge_again(row: SheetRow, shelf: Shelf) -> Judged:
    said = wanted(row.cells)
    if row.variant_id is None:
        found = shelf.exactly(said)
        category_id = row.change.get("category", (None, None))[1]
        if found is None:
            return _new(row.number, row.cells, said, shelf, category_id)
    elif (found := shelf.variants.get(row.variant_id)) is None:
        raise NotARow("code", f"#{row.variant_id}")
    return _changed(row.number, row.cells, said, found)


def _judge(number: int, cells: Mapping[Column, str], shelf: Shelf) -> Judged:
    row = wanted(cells)
    target = shelf.find(row)
    key = (f"#{target.id}", "") if target else (fold(row.product), fold(row.variant))
    if key in shelf.seen:
        first, said = shelf.seen[key]
        if (said.price_vnd, said.count, said.count_g) == (row.price_vnd, row.count, row.count_g):
            return Judged(number, cells, Fate.SAME, "again", str(first))
        raise NotARow("twice", str(first))
    judged = _changed(number, cells, row, target) if target else _new(number, cells, row, shelf, _category(row, shelf))
    shelf.seen[key] = (number, row)
    return judged


def _changed(number: int, cells: Mapping[Column, str], row: Wanted, target: OnShelf) -> Judged:
    change: Change = {}
    price_vnd, count = _for_steps(row, target.kind, target.step_g)
    if price_vnd is not None and price_vnd != target.price_vnd:
        change["price"] = [target.price_vnd, price_vnd]
    if count is not None and count != target.on_hand:
        if count < target.held:
            raise NotARow("held", str(target.held))
        change["on_hand"] = [target.on_hand, count]
    fate = Fate.CHANGED if change else Fate.SAME
    return Judged(number, cells, fate, change=change, target=target, row=row)


def _category(row: Wanted, shelf: Shelf) -> int | None:
    """What a row says, else what an earlier one said of the same goods, else what the co-op brought last."""
    known = shelf.fresh.get(fold(row.product))
    return known or (shelf.categories.get(fold(row.category)) if row.category else shelf.usual_category)


def _new(number: int, cells: Mapping[Column, str], row: Wanted, shelf: Shelf, category_id: int | None) -> Judged:
    if row.price_vnd is None:
        raise NotARow("price_missing")
    if row.kind is None:
        raise NotARow("unit_missing")
    if row.step_g is None:
        raise NotARow("weight_missing")
    name = fold(row.product)
    if category_id is None and name not in shelf.products:
        raise NotARow("category", row.category[:40])
    price_vnd, count = _for_steps(row, row.kind, row.step_g)
    change: Change = {"price": [None, price_vnd], "on_hand": [None, count or 0], "step_g": [None, row.step_g]}
    if category_id is not None:
        shelf.fresh[name] = category_id
        change["category"] = [None, category_id]
    return Judged(number, cells, Fate.NEW, change=change, row=row, category_id=category_id)


def _for_steps(row: Wanted, kind: str, step_g: int) -> tuple[int | None, int | None]:
    """Price and count in selling steps. Loose goods are written for the kilo. Raises NotARow."""
    if kind != VariantKind.LOOSE:
        if row.kilos and row.has_unit:
            raise NotARow("unit")
        if row.count_g is not None and row.count is None:
            raise NotARow("on_hand", kilos_text(row.count_g))
        return row.price_vnd, row.count
    if row.has_unit and not row.kilos:
        raise NotARow("unit")
    if row.price_vnd is not None and row.price_vnd * step_g % 1000:
        raise NotARow("price", str(row.price_vnd))
    if row.count_g is not None and row.count_g % step_g:
        raise NotARow("on_hand", kilos_text(row.count_g))
    price_vnd = None if row.price_vnd is None else row.price_vnd * step_g // 1000
    return price_vnd, None if row.count_g is None else row.count_g // step_g
