"""The words by which a product is found: what goes into the index and how a question is read.

A word is a run of letters or of digits, so "5kg" is "5 kg" and "LĐ1" is "ld 1", in the index and in the question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from shop.core.text import fold, tone_normalised

MOST_WORDS = 12
MOST_CHARACTERS = 120
_WORD = re.compile(r"\d+|[^\W\d_]+")

# What people say instead, folded: the North's word for the South's, and what foreigners call the fruit.
_SAME_PHRASE = {
    "dragon fruit": "thanh long",
    "dragonfruit": "thanh long",
    "pitahaya": "thanh long",
    "pitaya": "thanh long",
    "tl": "thanh long",
    "rice paper": "banh trang",
    "fish sauce": "nuoc mam",
    "dau phong": "dau phung",
}
_SAME_WORD = {
    "ky": ("kg",),
    "ki": ("kg",),
    "kilo": ("kg",),
    "qua": ("trai",),
    "trai": ("qua",),
    "lac": ("phung",),
    "vung": ("me",),
    "lon": ("heo",),
    "ngo": ("bap",),
    "dua": ("khom", "thom"),
    "hop": ("thung",),
}


def folded_words(text: str) -> list[str]:
    """The words of a text without marks, in their order."""
    return _WORD.findall(fold(text))


def exact_words(text: str) -> list[str]:
    """The words of a text as written, in lower case, with "Hòa" and "Hoà" spelled alike."""
    return _WORD.findall(tone_normalised(text.lower()))


def mark(what: str, number: int) -> str:
    """A word that nobody can type, by which the index alone narrows a question to a co-op or a shelf: "#coop5"."""
    return f"#{what}{number}"


def index_of(name: str, others: Iterable[str], coop_id: int, category_id: int) -> dict[str, str]:
    """The three `search_*` columns of a product: from its name, and from all else it may be found by."""
    in_name = folded_words(name)
    everything = dict.fromkeys([*in_name, *(word for other in others for word in folded_words(other))])
    marks = (mark("coop", coop_id), mark("category", category_id))
    return {
        "search_name": " ".join(in_name),
        "search_exact": " ".join(exact_words(name)),
        "search_folded": " ".join([*everything, *marks]),
    }


@dataclass(frozen=True)
class Question:
    """What somebody looks for. Each of `groups` must be found, by any word of it; the last may go on (`open_end`).

    `exact` are the words as typed when accents were typed, else empty.
    """

    groups: tuple[tuple[str, ...], ...]
    exact: tuple[str, ...]
    open_end: bool

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(group[0] for group in self.groups)

    def for_sqlite(self, column: str, marks: Iterable[str] = ()) -> str:
        """The question in FTS5's language, asked of one column, among products that carry the marks."""
        asked = f"{{{column}}} : ({' AND '.join(self._each(column, ' OR ', '*', chr(34)))})"
        return " AND ".join([asked, *(f'{{search_folded}} : "{mark}"' for mark in marks)])

    def for_postgresql(self, column: str) -> str:
        """The question as a tsquery."""
        return " & ".join(self._each(column, " | ", ":*", "'"))

    def _each(self, column: str, either: str, goes_on: str, quote: str) -> list[str]:
        groups = tuple((word,) for word in self.exact) if column == "search_exact" else self.groups
        last = len(groups) - 1
        asked = []
        for at, group in enumerate(groups):
            end = goes_on if self.open_end and at == last else ""
            asked.append("(" + either.join(f"{quote}{word}{quote}{end}" for word in group) + ")")
        return asked


def read_question(typed: str) -> Question | None:
    """What was typed into the search box, as a question; None when it holds no word.

    The last word may be unfinished (a lone letter only behind others) unless a space follows. Too much is cut off.
    """
    typed = typed[:MOST_CHARACTERS]
    plain = folded_words(_said_our_way(typed))[:MOST_WORDS]
    if not plain:
        return None
    exact = exact_words(typed)[:MOST_WORDS]
    with_marks = exact != folded_words(typed)[:MOST_WORDS]
    groups = tuple((word, *_SAME_WORD.get(word, ())) for word in plain)
    open_end = (len(plain[-1]) > 1 or len(plain) > 1) and not typed[-1].isspace()
    return Question(groups, tuple(exact) if with_marks else (), open_end)


def _said_our_way(typed: str) -> str:
    text = f" {' '.join(folded_words(typed))} "
    for said, ours in _SAME_PHRASE.items():
        text = text.replace(f" {said} ", f" {ours} ")
    return text + typed[len(typed.rstrip()) :]
