"""How a one-time code reaches a phone: on the page in demo, by a message service if the operator has one."""

from __future__ import annotations

from typing import Protocol


class CodeSender(Protocol):
    """Brings a one-time code to a phone."""

    def send(self, phone: str, code: str) -> None:
        """Raises OSError when the code could not be handed over."""


class ShownOnPage:
    """Demo: the sign-in page itself shows the code, and says that this is a demo."""

    def send(self, phone: str, code: str) -> None:
        """Nothing to do: the page knows the code."""
