"""The till: which ways to pay are open, made from the settings. A new gateway is one line here."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from payments.gateway import PaymentGateway, StatementSource
from payments.gateways.cash_on_delivery import CashOnDelivery
from payments.gateways.momo import MoMo
from payments.gateways.payos import PayOs
from payments.gateways.shopeepay import ShopeePay
from payments.gateways.stripe import Stripe
from payments.gateways.vietqr import VietQr
from payments.gateways.viettel import Viettel
from payments.gateways.vnpay import VnPay
from payments.gateways.zalopay import ZaloPay
from payments.statements.casso import Casso
from payments.statements.sepay import SePay

if TYPE_CHECKING:
    from shop.settings import Settings


BY_CONTRACT = ("shopeepay", "viettel")  # nobody outside a contract has their documents: off unless they are read
STRIPE_API_URL, PAYOS_API_URL = "https://api.stripe.com", "https://api-merchant.payos.vn"  # each has only this one


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
    till.sources.update((source.code, source) for source in _tellers(settings))
    told = till.sources or settings.upload_statements
    if told and settings.vietqr_bank_bin and settings.vietqr_account_no:
        till.gateways["vietqr"] = VietQr(
            settings.vietqr_bank_bin, settings.vietqr_account_no, settings.vietqr_account_name
        )
    till.gateways.update(_with_own_pages(settings))
    return till


def _tellers(settings: Settings) -> Iterator[StatementSource]:
    """Who tells of our bank account: the settings let one do so (Settings.line_sources)."""
    it, account_no = settings, settings.vietqr_account_no
    if it.sepay_webhook_secret or it.sepay_api_key or it.sepay_api_token:
        address = it.sepay_api_url or SePay.api_url
        yield SePay(it.sepay_webhook_secret, it.sepay_api_key, it.sepay_api_token, account_no, address)
    if it.casso_checksum_key or it.casso_secure_token or it.casso_api_key:
        address = it.casso_api_url or Casso.api_url
        yield Casso(it.casso_checksum_key, it.casso_secure_token, it.casso_api_key, account_no, address)


def _with_own_pages(settings: Settings) -> Iterator[tuple[str, PaymentGateway]]:
    """A gateway whose address is not given is not offered: where real money goes is never a default."""
    it = settings
    if it.momo_partner_code and it.momo_access_key and it.momo_secret_key and it.momo_api_url:
        yield "momo", MoMo(it.momo_partner_code, it.momo_access_key, it.momo_secret_key, it.momo_api_url)
    if it.zalopay_app_id and it.zalopay_key1 and it.zalopay_key2 and it.zalopay_api_url:
        yield "zalopay", ZaloPay(it.zalopay_app_id, it.zalopay_key1, it.zalopay_key2, it.zalopay_api_url)
    if it.vnpay_tmn_code and it.vnpay_hash_secret and it.vnpay_pay_url and it.vnpay_api_url:
        yield "vnpay", VnPay(it.vnpay_tmn_code, it.vnpay_hash_secret, it.vnpay_pay_url, it.vnpay_api_url)
    if it.stripe_secret_key and it.stripe_webhook_secret:
        yield "stripe", Stripe(it.stripe_secret_key, it.stripe_webhook_secret, it.stripe_api_url or STRIPE_API_URL)
    if it.payos_client_id and it.payos_api_key and it.payos_checksum_key:
        api_url = it.payos_api_url or PAYOS_API_URL
        yield "payos", PayOs(it.payos_client_id, it.payos_api_key, it.payos_checksum_key, api_url)
    if it.shopeepay_enabled:
        store = (it.shopeepay_merchant_ext_id, it.shopeepay_store_ext_id, it.shopeepay_api_url)
        yield "shopeepay", ShopeePay(it.shopeepay_client_id, it.shopeepay_secret, *store)
    if it.viettel_enabled:
        names = (it.viettel_merchant_code, it.viettel_access_code, it.viettel_hash_key)
        yield "viettel", Viettel(*names, it.viettel_pay_url)
