"""Which piece of which recording is wanted next, and how fast pieces may come. Pure: no clock, no file.

A recording is an epoch; its pieces are numbered from 0. A phone that is not sure whether a piece arrived sends it
again, so asking twice changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Verdict = Literal["have", "take", "open", "gap"]


@dataclass
class Sequence:
    """Where a session's recording stands. `epoch` is the last one that began, `is_open` whether it still goes on."""

    epoch: int = -1
    next: int = 0
    is_open: bool = False

    def verdict(self, epoch: int, seq: int) -> Verdict:
        """`have`: it came before; `take`: it is next; `open`: a new recording begins; `gap`: something is missing."""
        if epoch > self.epoch:
            return "open" if seq == 0 else "gap"
        if epoch < self.epoch:
            return "have"  # what is left of a recording that another one followed is thrown away in peace
        if seq < self.next:
            return "have"
        return "take" if seq == self.next and self.is_open else "gap"

    def open(self, epoch: int) -> None:
        """A new recording begins; nothing of it is here."""
        self.epoch, self.next, self.is_open = epoch, 0, True

    def took(self) -> None:
        """The piece that was next is here."""
        self.next += 1

    def close(self) -> None:
        """The recording is over: only a new one may follow."""
        self.is_open = False


@dataclass
class Allowance:
    """So many a second on average and so many at once; the rest has to wait. Time is given, in seconds."""

    per_s: float
    at_once: float
    left: float = -1.0
    at_s: float = 0.0

    def spend(self, much: float, now_s: float) -> float:
        """0 when there is enough, and it is spent; else the seconds after which to try again."""
        if self.left < 0:
            self.left, self.at_s = self.at_once, now_s
        self.left = min(self.at_once, self.left + (now_s - self.at_s) * self.per_s)
        self.at_s = now_s
        if self.left < much:
            return (much - self.left) / self.per_s
        self.left -= much
        return 0.0
