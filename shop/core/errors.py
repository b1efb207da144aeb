"""Refusals: a rule of the business says no. Named after the rule; the words stand in templates.

Refusal                 409  the state of things does not allow it
  NotSignedIn           401
  NotAllowed            403
  NotFound              404
  Invalid               422  the request itself makes no sense
  TooMany               429  try again after `retry_after_s`
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any, ClassVar


class Refusal(Exception):
    """A rule says no. `facts` are what the sentence for the person needs."""

    status: ClassVar[int] = 409

    def __init__(self, **facts: Any) -> None:
        super().__init__(f"{type(self).__name__} {facts}")
        self.facts = facts

    def __reduce__(self) -> tuple[Any, ...]:
        """Travels between processes with its facts: the back room refuses pictures too."""
        return partial(type(self), **self.facts), ()

    @property
    def kind(self) -> str:
        """The stable name of the rule in problem+json: `SoldOut` -> `sold-out`."""
        return re.sub(r"(?<!^)(?=[A-Z])", "-", type(self).__name__).lower()

    @property
    def room(self) -> str:
        """Where the rule lives, and so its sentence: `shop.cart.service` -> `cart`."""
        parts = type(self).__module__.split(".")
        return parts[1] if parts[0] == "shop" else parts[0]


class NotSignedIn(Refusal):
    """Only a person who has signed in may do this."""

    status = 401


class NotAllowed(Refusal):
    """This person may not do this."""

    status = 403


class NotFound(Refusal):
    """There is no such thing, or none that this visitor may see."""

    status = 404


class Invalid(Refusal):
    """The request makes no sense as it stands."""

    status = 422


class TooMany(Refusal):
    """Too often. Facts: `retry_after_s`, seconds until another try is welcome."""

    status = 429
