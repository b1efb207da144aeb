"""Pages a second, warm and made anew, against a bare application that answers the same bytes."""

from __future__ import annotations

import http.client
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from statistics import median
from urllib.parse import urlencode

from sqlmodel import col, select

from shop.catalog.models import Category, Product, Variant
from shop.core.db import Database
from tests.bench.stand import Line, filled, market, ports, rate, running

LEAST_WARM, LEAST_CART, ROUNDS = 0.7, 250.0, 5
FRESH = """local n = 0
request = function() n = n + 1; return wrk.format("GET", wrk.path .. "?n=" .. n) end
"""


def bench_pages() -> list[Line]:
    """Home, category, product and cart. Ours and the bare one take turns, so that a busy moment strikes both."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as servers:
        home = Path(folder)
        paths, variant_id = _paths(filled(home))
        port, *bare_ports = ports(1 + len(paths))
        command, settings = market(home, port)
        servers.enter_context(running(command, settings, port))
        lines: list[Line] = []
        for (name, path), bare_port in zip(paths.items(), bare_ports, strict=True):
            body = _packed(port, path)
            with _bare(home, bare_port, body):
                pairs = [(rate(port, path, seconds=2), rate(bare_port, "/", seconds=2)) for _ in range(ROUNDS)]
            ours, bare = (median(rates) for rates in zip(*pairs, strict=True))
            share = median(one / other for one, other in pairs)
            words = f"pages: {name} {ours:,.0f}/s warm, {share:.2f} of {bare:,.0f}/s bare (limit {LEAST_WARM}); "
            anew = rate(port, path, script=_script(home))
            lines.append(Line(words + f"made anew {anew:,.0f}/s; {len(body):,} bytes", share >= LEAST_WARM))
        cookies = [f"Cookie: {_cart(port, variant_id)}"]
        cart = median(rate(port, "/gio-hang", seconds=2, headers=cookies) for _ in range(ROUNDS))
        lines.append(Line(f"pages: cart {cart:,.0f}/s (limit {LEAST_CART:,.0f})", cart >= LEAST_CART))
        return lines


def _paths(url: str) -> tuple[dict[str, str], int]:
    db = Database(url)
    with db.read() as session:
        shelf = session.exec(select(Category.slug).order_by(col(Category.id))).first()
        product = session.exec(select(Product).where(Product.state == "on_sale").limit(1)).one()
        variant_id = session.exec(select(Variant.id).where(Variant.product_id == product.id).limit(1)).one()
    db.close()
    return {"home": "/", "category": f"/danh-muc/{shelf}", "product": f"/san-pham/{product.slug}"}, variant_id


def _packed(port: int, path: str) -> bytes:
    line = http.client.HTTPConnection("127.0.0.1", port)
    line.request("GET", path, headers={"Accept-Encoding": "gzip"})
    return line.getresponse().read()


def _script(home: Path) -> Path:
    """Each request asks with another query, so none is in the cache."""
    script = home / "anew.lua"
    script.write_text(FRESH)
    return script


def _cart(port: int, variant_id: int) -> str:
    """The cookies of a browser with two boxes in its cart."""
    line = http.client.HTTPConnection("127.0.0.1", port)
    form = urlencode({"variant_id": variant_id, "quantity": 2})
    said = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
    line.request("POST", "/gio-hang", form, said)
    answer = line.getresponse()
    answer.read()
    cookies = [value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie"]
    return "; ".join(cookie for cookie in cookies if not cookie.startswith("cho_bao"))


@contextmanager
def _bare(home: Path, port: int, body: bytes) -> Iterator[None]:
    file = home / "body.gz"
    file.write_bytes(body)
    with running([sys.executable, "-m", "tests.bench.plain", str(file), str(port)], {}, port, "/"):
        yield
