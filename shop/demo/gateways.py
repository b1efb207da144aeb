"""The gateways of the demo, played by ourselves under /gia-lap, so that every way to pay works without a network."""

from __future__ import annotations

from fastapi import FastAPI

from payments.simulators import momo, payos, stripe, vnpay, zalopay
from shop.settings import Settings


def mount(app: FastAPI, settings: Settings) -> None:
    """Each simulator knows its shop's secrets and where to tell it what happened."""
    it, tell_at = settings, f"{settings.base_url}/payments"
    plays = {
        "momo": momo.pages(it.momo_partner_code, it.momo_access_key, it.momo_secret_key),
        "zalopay": zalopay.pages(it.zalopay_app_id, it.zalopay_key1, it.zalopay_key2),
        "vnpay": vnpay.pages(it.vnpay_tmn_code, it.vnpay_hash_secret, f"{tell_at}/vnpay/ipn"),
        "stripe": stripe.pages(
            it.stripe_secret_key,
            it.stripe_webhook_secret,
            f"{tell_at}/stripe/ipn",
            public_url=f"{settings.base_url}/gia-lap/stripe",
        ),
        "payos": payos.pages(
            it.payos_client_id,
            it.payos_api_key,
            it.payos_checksum_key,
            f"{tell_at}/payos/ipn",
            public_url=f"{settings.base_url}/gia-lap/payos",
        ),
    }
    for name, played in plays.items():
        app.mount(f"/gia-lap/{name}", played)
