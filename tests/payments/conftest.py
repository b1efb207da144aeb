"""What the tests of several wallets ask for."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.payments.wallets import Parrot, talking


@pytest.fixture(scope="module")
def parrot() -> Iterator[Parrot]:
    """Somebody who says the same to every question."""
    with talking() as parrot:
        yield parrot
