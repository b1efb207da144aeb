"""Who may come in at which door, what the others are answered, and the form that an intruder sends."""

from __future__ import annotations

SECRETS = ("Hoa Kín Tiếng", "0987 000 111", "987000111", "99 Hẻm Kín", "Món Nháp Kín", "Lời Nhắn Kín", "998877665")

# Who may come in. A guest is sent to sign in, whoever is not meant reads 403, whoever asks for another's thing 404.
COOP = "the co-op whose thing it is"
BUYER = "whoever bought it, or has its secret link"
PERSON = "the person whose thing it is"
OFFICE = "officers and the operator"
SECRET = "whoever knows the secret in the address"
PUBLIC = "everybody"
CHOICE = "staff, among their own co-ops"
STAFFED = "whoever works for a co-op; what it shows is nobody's"

STATUS = {
    COOP: {"guest": {303}, "shopper": {403}, "manager": {403, 404}},
    BUYER: {"guest": {401, 404}, "shopper": {401, 404}, "manager": {401, 404}},
    PERSON: {"guest": {303}, "shopper": {404}, "manager": {404}},
    OFFICE: {"guest": {303}, "shopper": {403}, "manager": {403}},
    SECRET: {who: {401, 403, 404} for who in ("guest", "shopper", "manager")},
    CHOICE: {"guest": {303}, "shopper": {303, 403}, "manager": {303}},
    STAFFED: {"guest": {303}, "shopper": {403}, "manager": {200, 303, 404}},
}

FORM = {
    "price_vnd": "1000",
    "live_price_vnd": "1000",
    "on_hand": "1",
    "wanted": "1",
    "most_per_buyer": "1",
    "quantity": "1",
    "carrier_key": "own",
    "note": "x",
    "weeks": "1",
    "role": "packer",
    "places": "1",
    "prompt": "x",
    "server": "rtmp://a.rtmp.youtube.com/live2",
    "key": "abcd-efgh-ijkl",
    "goods_fit": "true",
    "name": "Kẻ Lạ",
    "phone": "0911111111",
    "line": "1 Đường Lạ",
    "ward_code": "23095",
    "password": "mat-khau-cua-ke-la",
    "state": "suspended",
    "groups": "order",
    "reference": "FT1",
    "reason": "x",
    "sure": "1",
    "words": "FT1",
    "kind": "voucher",
    "account_name": "Kẻ Lạ",
}
STEPS = ("xac-nhan", "dong-goi", "da-giao", "su-co", "khach-khong-nhan", "huy")
_BUYS = {"sign_in", "cart", "cart_line", "checkout", "page_change", "job_run"}
_SPEAKS = {"live_report", "live_chat", "live_comment", "live_speaker"}
UNTOUCHED_BY_VISITS = _BUYS | _SPEAKS
