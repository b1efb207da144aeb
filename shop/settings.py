"""What the operator decides. Built once and passed to `create_app`; nobody reads the environment elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import AliasChoices, Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

DEMO_SECRET = "demo-secret-not-for-production"  # noqa: S105  refused in production


def _plain(name: str) -> Any:
    """A setting without the CHOHTX_ prefix, as CONTRACT names the gateways' settings."""
    return Field(default="", validation_alias=AliasChoices(name))


_SECRET_LEAST = 32


class Settings(BaseSettings):
    """All settings. Unset means the demo's default; a wrong value stops the start with one clear line."""

    model_config = SettingsConfigDict(
        env_prefix="CHOHTX_", env_file=".env", env_file_encoding="utf-8", extra="ignore", populate_by_name=True
    )

    env: Literal["demo", "production"] = "demo"
    data_dir: Path = Path("data")
    database_url: str = ""
    media_url: str = ""
    public_url: str = ""
    secret_key: str = DEMO_SECRET
    bus_url: str = ""
    port: int = Field(default=8000, ge=1, le=65535, validation_alias=AliasChoices("PORT", "port"))
    worker: Literal["thread", "none"] = "thread"
    log_format: Literal["text", "json"] | None = None
    """Unset: JSON lines in production, text for people in the demo."""

    operator_name: str = "Chợ HTX (bản dùng thử)"
    operator_registration: str = "dữ liệu minh họa"
    operator_address: str = "dữ liệu minh họa"
    operator_phone: str = "0900 000 000"
    operator_email: str = "lienhe@chohtx.example"

    checkout_hold_minutes: int = Field(default=15, ge=1)
    checkout_hold_max_minutes: int = Field(default=45, ge=1)
    transfer_hold_minutes: int = Field(default=120, ge=1)
    live_hold_minutes: int = Field(default=30, ge=1)
    live_most_sessions: int = Field(default=30, ge=1)
    """As many sessions may send pictures to one machine at once."""
    rtmp_port: int = Field(default=0, ge=0, le=65535)
    """Where OBS and other encoders come in; 0: nowhere."""
    simulcast_hosts: str = ""
    """More servers, with commas, to which sellers may send their picture; YouTube, Facebook and TikTok are known."""
    mtx_secret: str = ""
    """What MediaMTX shows when it asks or tells (docs/how-to/run-at-scale.md); empty: there is no MediaMTX."""
    live_most_gb: int = Field(default=6, ge=1)
    """What the recording of one session may take of the disk; eight good hours are about three."""
    live_grace_minutes: int = Field(default=5, ge=1)
    """So long a session on air waits for its picture to come back."""
    live_longest_hours: int = Field(default=8, ge=1)
    live_pictures_years: int = Field(default=1, ge=1)
    live_records_years: int = Field(default=3, ge=1)
    """What was filmed, and what was said and claimed, is kept at least so long (law on e-commerce, Art. 22 to 24)."""
    parcel_photos_days: int = Field(default=180, ge=30)
    """So long photos of a hand-over or of spoilt goods are kept, and as long as a claim is open."""
    most_open_unpaid: int = Field(default=3, ge=1)
    two_person_above_vnd: int = Field(default=5_000_000, ge=0)
    payout_least_vnd: int = Field(default=50_000, ge=1)
    cod_most_vnd: int = Field(default=5_000_000, ge=0)
    cod_most_new_phone_vnd: int = Field(default=2_000_000, ge=0)
    """Cash at the door: the most for one order, and for a phone that has not received an order yet."""
    payment_tolerance_vnd: int = Field(default=0, ge=0)
    stripe_hold_first: bool = False
    momo_hold_first: bool = False
    """Money paid there is only held until the first co-op packs; then it is taken, or let go if the order is off."""
    upload_statements: bool = False
    """Uploaded statements are the source of the bank account's lines; then no other may be."""
    shopeepay_enabled: bool = False
    viettel_enabled: bool = False

    text_url: str = ""
    text_token: str = ""

    smtp_host: str = ""
    smtp_port: int = 587
    smtp_user: str = ""
    smtp_password: str = ""
    mail_from: str = ""

    vietqr_bank_bin: str = _plain("VIETQR_BANK_BIN")
    vietqr_account_no: str = _plain("VIETQR_ACCOUNT_NO")
    vietqr_account_name: str = _plain("VIETQR_ACCOUNT_NAME")
    sepay_webhook_secret: str = _plain("SEPAY_WEBHOOK_SECRET")
    sepay_api_key: str = _plain("SEPAY_API_KEY")
    sepay_api_token: str = _plain("SEPAY_API_TOKEN")
    sepay_api_url: str = _plain("SEPAY_API_URL")
    casso_checksum_key: str = _plain("CASSO_CHECKSUM_KEY")
    casso_secure_token: str = _plain("CASSO_SECURE_TOKEN")
    casso_api_key: str = _plain("CASSO_API_KEY")
    casso_api_url: str = _plain("CASSO_API_URL")
    momo_partner_code: str = _plain("MOMO_PARTNER_CODE")
    momo_access_key: str = _plain("MOMO_ACCESS_KEY")
    momo_secret_key: str = _plain("MOMO_SECRET_KEY")
    momo_api_url: str = _plain("MOMO_API_URL")
    vnpay_tmn_code: str = _plain("VNPAY_TMN_CODE")
    vnpay_hash_secret: str = _plain("VNPAY_HASH_SECRET")
    vnpay_pay_url: str = _plain("VNPAY_PAY_URL")
    vnpay_api_url: str = _plain("VNPAY_API_URL")
    zalopay_app_id: str = _plain("ZALOPAY_APP_ID")
    zalopay_key1: str = _plain("ZALOPAY_KEY1")
    zalopay_key2: str = _plain("ZALOPAY_KEY2")
    zalopay_api_url: str = _plain("ZALOPAY_API_URL")
    payos_client_id: str = _plain("PAYOS_CLIENT_ID")
    payos_api_key: str = _plain("PAYOS_API_KEY")
    payos_checksum_key: str = _plain("PAYOS_CHECKSUM_KEY")
    payos_api_url: str = _plain("PAYOS_API_URL")
    stripe_secret_key: str = _plain("STRIPE_SECRET_KEY")
    stripe_webhook_secret: str = _plain("STRIPE_WEBHOOK_SECRET")
    stripe_api_url: str = _plain("STRIPE_API_URL")
    shopeepay_client_id: str = _plain("SHOPEEPAY_CLIENT_ID")
    shopeepay_secret: str = _plain("SHOPEEPAY_SECRET")
    shopeepay_merchant_ext_id: str = _plain("SHOPEEPAY_MERCHANT_EXT_ID")
    shopeepay_store_ext_id: str = _plain("SHOPEEPAY_STORE_EXT_ID")
    shopeepay_api_url: str = _plain("SHOPEEPAY_API_URL")
    viettel_merchant_code: str = _plain("VIETTEL_MERCHANT_CODE")
    viettel_access_code: str = _plain("VIETTEL_ACCESS_CODE")
    viettel_hash_key: str = _plain("VIETTEL_HASH_KEY")
    viettel_pay_url: str = _plain("VIETTEL_PAY_URL")

    @field_validator("database_url")
    @classmethod
    def _is_database(cls, address: str) -> str:
        parts = _split(address)
        is_file = parts.scheme == "sqlite" and not parts.netloc and parts.path.strip("/") not in {"", ":memory:"}
        is_server = parts.scheme in {"postgresql", "postgres"} and parts.path.strip("/")
        if address and not (is_file or is_server):
            raise ValueError("must be postgresql://user:password@host/name or sqlite:///path/of/the/file")
        return address

    @field_validator("bus_url")
    @classmethod
    def _is_bus(cls, address: str) -> str:
        parts = _split(address)
        if address and not (parts.scheme in {"redis", "rediss"} and parts.hostname):
            raise ValueError("must be redis://host:port/number (rediss:// with TLS), or empty for one process")
        return address

    @field_validator("public_url", "media_url")
    @classmethod
    def _is_site(cls, address: str) -> str:
        parts = _split(address)
        more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
        if address and (parts.scheme not in {"http", "https"} or not parts.hostname or more):
            raise ValueError("must be https://host or http://host:port, with nothing after it")
        return address

    @model_validator(mode="after")
    def _refuse_a_deaf_media_server(self) -> Self:
        if self.media_url and not (self.bus_url and self.database_url.startswith("postgres")):
            needed = "CHOHTX_DATABASE_URL (PostgreSQL) and CHOHTX_BUS_URL (Valkey)"
            raise ValueError(f"CHOHTX_MEDIA_URL names a process of its own (chohtx media), which needs {needed}")
        return self

    @field_validator("mtx_secret")
    @classmethod
    def _is_no_guess(cls, secret: str) -> str:
        if secret and not (len(secret) >= _SECRET_LEAST and secret.isascii() and secret.isalnum()):
            raise ValueError("must be at least 32 letters and digits, since it stands in an address, or empty")
        return secret

    @model_validator(mode="after")
    def _fill_log_format(self) -> Self:
        self.log_format = self.log_format or ("text" if self.demo else "json")
        return self

    @model_validator(mode="after")
    def _refuse_second_source(self) -> Self:
        if len(self.line_sources) > 1:
            named = " and ".join(self.line_sources)
            raise ValueError(f"one bank account has one source, or money counts twice: unset all but one of {named}")
        return self

    @model_validator(mode="after")
    def _refuse_flags_without_names(self) -> Self:
        for name in ("shopeepay", "viettel"):
            given = [one for one in type(self).model_fields if one.startswith(f"{name}_") and one != f"{name}_enabled"]
            missing = [one.upper() for one in given if not getattr(self, one)]
            if getattr(self, f"{name}_enabled") and missing:
                raise ValueError(f"CHOHTX_{name.upper()}_ENABLED needs the contract's {', '.join(missing)}")
        return self

    @model_validator(mode="after")
    def _fill_demo(self) -> Self:
        if self.demo:
            self.vietqr_bank_bin = self.vietqr_bank_bin or "970436"
            self.vietqr_account_no = self.vietqr_account_no or "0900000000"
            self.vietqr_account_name = self.vietqr_account_name or "CHO HTX MINH HOA"
            if not self.line_sources:
                self.sepay_webhook_secret = "demo-sepay-secret"  # noqa: S105  of the demo alone
            for name, value in _played(f"{self.base_url}/gia-lap").items():
                setattr(self, name, getattr(self, name) or value)
        return self

    @model_validator(mode="after")
    def _refuse_unsafe_production(self) -> Self:
        if self.demo:
            return self
        missing = [
            name for name in _LEGAL if getattr(self, name).strip() in {"", type(self).model_fields[name].default}
        ]
        if self.secret_key == DEMO_SECRET or len(self.secret_key) < _SECRET_LEAST:
            raise ValueError("CHOHTX_SECRET_KEY must be an own secret of at least 32 characters in production")
        if not self.public_url.startswith("https://"):
            raise ValueError("CHOHTX_PUBLIC_URL must start with https:// in production")
        if missing:
            names = ", ".join(f"CHOHTX_{name.upper()}" for name in missing)
            raise ValueError(f"the law wants the operator's details on every page: set {names}")
        return self

    @property
    def hold_first(self) -> frozenset[str]:
        """Gateways whose money is held first and taken later."""
        return frozenset(name for name in ("stripe", "momo") if getattr(self, f"{name}_hold_first"))

    @property
    def line_sources(self) -> list[str]:
        """Who tells of the lines of our bank account, as the settings name them; more than one is refused."""
        sepay = self.sepay_webhook_secret or self.sepay_api_key or self.sepay_api_token
        casso = self.casso_checksum_key or self.casso_secure_token or self.casso_api_key
        given = {"SEPAY_…": sepay, "CASSO_…": casso, "CHOHTX_UPLOAD_STATEMENTS": self.upload_statements}
        return [name for name, value in given.items() if value]

    @property
    def demo(self) -> bool:
        return self.env == "demo"

    @property
    def pictures_here(self) -> bool:
        """Whether this process takes cameras itself: one process does; several leave it to `chohtx media`."""
        return not self.bus_url

    @property
    def media_base(self) -> str:
        """What stands before `/hinh/…`: nothing, or the media server's address."""
        return self.media_url.rstrip("/")

    @property
    def allowed_simulcast_hosts(self) -> list[str]:
        return [host.strip() for host in self.simulcast_hosts.split(",") if host.strip()]

    @property
    def media_dir(self) -> Path:
        return self.data_dir / "media"

    @property
    def private_dir(self) -> Path:
        """Photos of parcels: never served as files (shop.pages.parcel_photos)."""
        return self.data_dir / "private"

    @property
    def database(self) -> str:
        """The address of the database; by default an SQLite file in the data folder."""
        return self.database_url or f"sqlite:///{self.data_dir / 'chohtx.sqlite'}"

    @property
    def base_url(self) -> str:
        return self.public_url.rstrip("/") or f"http://127.0.0.1:{self.port}"


def _played(simulators: str) -> dict[str, str]:
    """In the demo every gateway is played by a simulator of our own (shop/demo/gateways.py)."""
    return {
        "momo_partner_code": "MOMODEMO",
        "momo_access_key": "demo-momo-access",
        "momo_secret_key": "demo-momo-secret",
        "momo_api_url": f"{simulators}/momo",
        "vnpay_tmn_code": "DEMOTMN1",
        "vnpay_hash_secret": "demo-vnpay-secret",
        "vnpay_pay_url": f"{simulators}/vnpay/paymentv2/vpcpay.html",
        "vnpay_api_url": f"{simulators}/vnpay/merchant_webapi/api/transaction",
        "zalopay_app_id": "2026",
        "zalopay_key1": "demo-zalopay-key1",
        "zalopay_key2": "demo-zalopay-key2",
        "zalopay_api_url": f"{simulators}/zalopay",
        "payos_client_id": "demo-payos-client",
        "payos_api_key": "demo-payos-key",
        "payos_checksum_key": "demo-payos-checksum",
        "payos_api_url": f"{simulators}/payos",
        "stripe_secret_key": "sk_demo_not_a_secret",
        "stripe_webhook_secret": "whsec_demo_not_a_secret",
        "stripe_api_url": f"{simulators}/stripe",
    }


_LEGAL = ("operator_name", "operator_registration", "operator_address", "operator_phone", "operator_email")


def _split(address: str) -> SplitResult:
    """The parts of an address. Raises ValueError when it has none, as with a port that is no number."""
    if any(letter.isspace() for letter in address):
        raise ValueError("must be an address without spaces")
    parts = urlsplit(address)
    try:
        _ = parts.port
    except ValueError:
        raise ValueError("must be an address with a number as its port") from None
    return parts


class WrongSettings(Exception):
    """The environment or `.env` holds a value that cannot be; the message is one clear line."""


def load_settings(**changes: Any) -> Settings:
    """Settings from the environment and `.env`. Raises WrongSettings with one line naming what to change."""
    try:
        return Settings(**changes)
    except ValidationError as error:
        first = error.errors()[0]
        field = "_".join(str(part) for part in first["loc"])
        has_prefix = field in Settings.model_fields and not Settings.model_fields[field].validation_alias
        name = f"CHOHTX_{field.upper()}" if has_prefix else field.upper()
        reason = first["msg"].removeprefix("Value error, ")
        raise WrongSettings(f"{name}: {reason}" if name else reason) from error
