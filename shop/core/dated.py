"""Rules of law and rates with the time they hold and where they are written: configuration, not code."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shop.core.i18n import local


@dataclass(frozen=True)
class Dated:
    """A number in force from the day `valid_from` ("2026-07-01", as a calendar in Vietnam shows it) until another."""

    value: int
    valid_from: str
    source: str


def in_force(rules: Sequence[Dated], now: datetime) -> Dated:
    """The rule that holds now: the latest that has begun; before all of them, the first."""
    today = local(now).date().isoformat()
    begun = [rule for rule in rules if rule.valid_from <= today]
    return max(begun, key=lambda rule: rule.valid_from) if begun else min(rules, key=lambda rule: rule.valid_from)


REFERENCE_PRICE_DAYS = (
    Dated(
        30,
        "2026-07-01",
        "Law on e-commerce 122/2025/QH15, Art. 6.1.d: the old price beside an offer was truly asked. The law names no "
        "number of days; 30 is the market's own until a decree does.",
    ),
)
"""So many days back the lowest ordinary price is looked for, above which no offer may stand."""

WEIGHT_TOLERANCE_PERCENT = (
    Dated(
        5,
        "2026-07-01",
        "The market's own rule, shown on the product and before the order is placed (Law on consumer protection "
        "19/2023/QH15, Art. 21: the goods and their price are told before the contract).",
    ),
)
"""So much more than ordered loose goods may weigh at the buyer's expense."""

PAY_LETTERS_A_DAY = (
    Dated(
        600,
        "2026-07-01",
        "The market's own rule, in the sense of Decree 91/2020/ND-CP against spam: a seller types in phone numbers "
        "that nobody has proved, and the market writes to them.",
    ),
)
"""So many links to what they hold one seller's sessions send to phones in a day; whoever is left gets it by hand."""

PAY_LETTERS_TO_ONE = (
    Dated(6, "2026-07-01", "The market's own rule, as PAY_LETTERS_A_DAY: nobody is to be pestered through us."),
)
"""So many of them go to one phone."""

REMINDERS_TO_ONE = (
    Dated(
        5,
        "2026-07-01",
        "The market's own rule, in the sense of Decree 91/2020/ND-CP: a phone rings for what its person asked to be "
        "told of, not for every session of ten co-ops. Mail and browsers have no such limit.",
    ),
)
"""So many texts about live sessions and goods that are back go to one phone within 24 hours."""

TEXTS_FROM_HOUR, TEXTS_UNTIL_HOUR = (
    (Dated(7, "2026-07-01", "The market's own rule: the hours of Decree 91/2020/ND-CP for texts that advertise."),),
    (Dated(22, "2026-07-01", "As TEXTS_FROM_HOUR."),),
)
"""Between these hours in Vietnam a phone is told what can wait."""
