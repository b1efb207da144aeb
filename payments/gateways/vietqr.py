"""Bank transfer by VietQR: the string of a QR that every Vietnamese bank app reads, made here without any service.

Source: NAPAS, Technical Specifications on NAPAS QR Switching 1.5.2 (EMVCo merchant-presented QR). A QR is only a
transfer form filled in beforehand: the payer may change all of it, so only the bank's notification counts.
"""

from __future__ import annotations

import binascii
import re
import unicodedata
from dataclasses import dataclass
from typing import ClassVar, Literal

from payments.gateway import NextAction, Started, StartPayment
from payments.gateways.banks import bank_name

_NAPAS = "A000000727"
_LONGEST_TEXT = 25
_HIGHEST_VND = 10**13 - 1

Service = Literal["QRIBFTTA", "QRIBFTTC"]  # to an account, to a card


@dataclass(frozen=True)
class VietQr:
    """Transfers to one bank account."""

    bank_bin: str
    account_no: str
    account_name: str
    code: ClassVar[str] = "vietqr"

    def start(self, request: StartPayment) -> Started:
        """A QR with the sum and the attempt's code in it; needs no network."""
        text = encode(self.bank_bin, self.account_no, amount_vnd=request.amount_vnd, description=request.reference)
        action = NextAction(
            kind="qr",
            amount_vnd=request.amount_vnd,
            qr_text=text,
            content=request.reference,
            bank_bin=self.bank_bin,
            bank_name=bank_name(self.bank_bin),
            account_no=self.account_no,
            account_name=self.account_name,
            expires_at=request.expires_at,
        )
        return Started(action)


def encode(
    bank_bin: str,
    account: str,
    *,
    service: Service = "QRIBFTTA",
    amount_vnd: int | None = None,
    bill_number: str = "",
    reference: str = "",
    description: str = "",
) -> str:
    """The text of a VietQR: static without a sum, dynamic with one. Vietnamese is written without marks.

    Raises ValueError for what NAPAS does not allow: a BIN that is not 6 digits, an account that is not 1 to 19 letters
    or digits, a sum that is not 1 to 13 digits, a text longer than 25 characters.
    """
    _allow(re.fullmatch(r"[0-9]{6}", bank_bin), "a BIN has 6 digits")
    _allow(re.fullmatch(r"[0-9A-Za-z]{1,19}", account), "an account has 1 to 19 letters or digits")
    _allow(service in ("QRIBFTTA", "QRIBFTTC"), "service is QRIBFTTA or QRIBFTTC")
    _allow(amount_vnd is None or 0 < amount_vnd <= _HIGHEST_VND, "a sum is more than 0 and at most 13 digits")
    receiver = _field("00", bank_bin) + _field("01", account)
    told = [("01", bill_number), ("05", reference), ("08", description)]
    more = "".join(_field(tag, _plain(text)) for tag, text in told if text)
    body = (
        _field("00", "01")
        + _field("01", "11" if amount_vnd is None else "12")
        + _field("38", _field("00", _NAPAS) + _field("01", receiver) + _field("02", service))
        + _field("53", "704")
        + (_field("54", str(amount_vnd)) if amount_vnd else "")
        + _field("58", "VN")
        + (_field("62", more) if more else "")
        + "6304"
    )
    return body + crc16(body)


def crc16(text: str) -> str:
    """CRC-16/CCITT-FALSE (0x1021, initial 0xFFFF) as four capital hexadecimal digits."""
    return f"{binascii.crc_hqx(text.encode(), 0xFFFF):04X}"


def fold_content(text: str) -> str:
    """`text` without marks, case kept, so that every bank prints it: "Thanh toán" -> "Thanh toan"."""
    marked = unicodedata.normalize("NFD", text.translate(str.maketrans("đĐ", "dD")))
    return "".join(part for part in marked if unicodedata.category(part) != "Mn")


@dataclass(frozen=True)
class Decoded:
    """What a QR says, each value as printed. Empty where the QR has none."""

    init_method: str
    bank_bin: str
    account: str
    service: str
    amount: str
    currency: str
    country: str
    description: str
    reference: str
    bill_number: str
    store: str
    terminal: str
    guid: str
    merchant_id: str
    merchant_name: str
    crc: str


def decode(qr: str) -> Decoded | None:
    """Read a VietQR or a VNPAY-QR; None when its CRC or its shape is wrong. Banks print the CRC in either case."""
    if len(qr) < 8 or crc16(qr[:-4]) != qr[-4:].upper():
        return None
    top = _fields(qr)
    if top is None or list(top)[-1] != "63":
        return None
    account_tag = "38" if "38" in top else "26"
    merchant = _fields(top.get(account_tag, "")) or {}
    receiver = (_fields(merchant.get("01", "")) or {}) if account_tag == "38" else {}
    more = _fields(top.get("62", "")) or {}
    return Decoded(
        init_method=top.get("01", ""),
        bank_bin=receiver.get("00", ""),
        account=receiver.get("01", ""),
        service=merchant.get("02", "") if account_tag == "38" else "",
        amount=top.get("54", ""),
        currency=top.get("53", ""),
        country=top.get("58", ""),
        description=more.get("08", ""),
        reference=more.get("05", ""),
        bill_number=more.get("01", ""),
        store=more.get("03", ""),
        terminal=more.get("07", ""),
        guid=merchant.get("00", ""),
        merchant_id=merchant.get("01", "") if account_tag == "26" else "",
        merchant_name=top.get("59", ""),
        crc=top["63"],
    )


def _allow(holds: object, rule: str) -> None:
    if not holds:
        raise ValueError(rule)


def _plain(text: str) -> str:
    folded = fold_content(text)
    _allow(folded.isascii() and folded.isprintable(), "a text has letters, digits and signs of ASCII only")
    _allow(len(folded) <= _LONGEST_TEXT, f"a text has at most {_LONGEST_TEXT} characters")
    return folded


def _field(tag: str, value: str) -> str:
    _allow(len(value) <= 99, "a field has at most 99 characters")
    return f"{tag}{len(value):02d}{value}"


def _fields(text: str) -> dict[str, str] | None:
    fields: dict[str, str] = {}
    while text:
        head = re.match(r"([0-9]{2})([0-9]{2})", text)
        if head is None or len(text) < 4 + int(head[2]):
            return None
        fields[head[1]] = text[4 : 4 + int(head[2])]
        text = text[4 + int(head[2]) :]
    return fields
