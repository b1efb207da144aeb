"""Short messages to phones, by SMS or Zalo: handed to the one address that the operator has set up.

Every seller of brand-name SMS and of Zalo notification messages has a form of its own, contract and template numbers
included, so the market speaks one plain form and the operator's contract decides what answers it
(docs/how-to/send-texts.md):

    POST <CHOHTX_TEXT_URL>
    Authorization: Bearer <CHOHTX_TEXT_TOKEN>
    Idempotency-Key: <the same for each try of one message>
    {"to": "+84912345678", "kind": "paid", "text": "…", "link": "https://…", "stop": "https://…", "lang": "vi"}

2xx: taken. 400, 404, 410, 422: this phone will never take it, no more tries. Anything else is tried again later.
"""

from __future__ import annotations

import httpx2

from shop.core.ids import secret_token
from shop.notify import choices
from shop.notify.service import MAY_WAIT, Outgoing, Undeliverable
from shop.settings import Settings

_NEVER = (400, 404, 410, 422)
_PATIENCE_S = 10.0


class Texts:
    """The operator's way of texting."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def send(self, message: Outgoing) -> None:
        """Of what many are told the title alone, which says it all: texts are paid by their length (70 letters with
        Vietnamese marks), and the rest stands behind the link. Raises Undeliverable, OSError.
        """
        stop = self._settings.base_url + choices.path_for(self._settings.secret_key, message.address)
        text = message.title if message.kind in MAY_WAIT else f"{message.title}. {message.body}"
        told = {"kind": message.kind, "link": message.link, "stop": stop, "lang": message.lang}
        self.post(message.address, text, key=message.key, **told)

    def post(self, phone: str, text: str, key: str = "", **told: str) -> None:
        """Hand one text over. Raises Undeliverable when the phone will never take it, OSError to be tried again."""
        headers = {"Idempotency-Key": key or secret_token(), "Authorization": f"Bearer {self._settings.text_token}"}
        body = {"to": phone, "text": text, **told}
        try:
            answer = httpx2.post(self._settings.text_url, json=body, headers=headers, timeout=_PATIENCE_S)
        except httpx2.HTTPError as lost:
            raise OSError(f"texts: {lost!r}") from lost
        if answer.status_code in _NEVER:
            raise Undeliverable(f"the text was refused: {answer.status_code}")
        if not answer.is_success:
            raise OSError(f"texts: answered {answer.status_code}")
