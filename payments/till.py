"""The till: which ways to pay are open, made from the settings. A new gateway is one line here."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from payments.gateway import PaymentGateway, StatementSource
from payments.gateways.cash_on_delivery import CashOnDelivery
from payments.gateways.vietqr import VietQr
from payments.statements.sepay import SePay

if TYPE_CHECKING:
    from shop.settings import Settings


@dataclass(frozen=True)
class Till:
    """Gateways by payment method, bank notifications by source, and the bank accounts that are ours."""

    gateways: dict[str, PaymentGateway] = field(default_factory=dict)
    sources: dict[str, StatementSource] = field(default_factory=dict)
    our_accounts: frozenset[str] = frozenset()


def till_from(settings: Settings) -> Till:
    """Open what has its settings; cash is always welcome.

    VietQR needs a bank account and somebody who tells of the money on it: else orders would close though paid.
    """
    till = Till({"cod": CashOnDelivery()}, {}, frozenset({settings.vietqr_account_no} - {""}))
    if settings.sepay_webhook_secret or settings.sepay_api_key:
        till.sources["sepay"] = SePay(settings.sepay_webhook_secret, settings.sepay_api_key)
    if till.sources and settings.vietqr_bank_bin and settings.vietqr_account_no:
        till.gateways["vietqr"] = VietQr(
            settings.vietqr_bank_bin, settings.vietqr_account_no, settings.vietqr_account_name
        )
    return till
