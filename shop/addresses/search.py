"""Finding a ward by what people type: the new name or the old one, with or without accents, district and province.

The typed words are cut into phrases of up to six words; a phrase that is the name of a place explains the words it
covers. A ward is as good an answer as the number of words that it, its district and its province explain.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from sys import intern

from shop.addresses.book import Book, OldWard, book, old_wards, without_kind
from shop.core.text import fold, sort_key, tone_normalised

MOST_CHARACTERS = 200
MOST_WORDS = 24
LONGEST_NAME = 6
ENOUGH = 0.75  # of the words that the best answer explains

_NUMBERED = re.compile(r"\b([pqf])[. ]*(\d{1,2})\b")
_LEADING_ZERO = re.compile(r"\b0+(?=\d)")
_SHORTENED = re.compile(r"\b(tphcm|hcm|tp|tx|tt|[pqhxt](?=\.))\b")
_OLD_HUE = re.compile(r"\bth[ừu]a thi[êe]n[ -]+(?=hu[ếe]\b)")  # the province's name until 2024
_IN_FULL = {
    **{"p": "phường", "f": "phường", "q": "quận", "h": "huyện", "x": "xã", "t": "tỉnh"},
    **{"tp": "thành phố", "tx": "thị xã", "tt": "thị trấn", "hcm": "hồ chí minh", "tphcm": "hồ chí minh"},
}

Context = tuple[str, str, OldWard]  # folded district, folded province, an old ward of it


@dataclass(frozen=True, slots=True)
class Entry:
    """One name under which wards of today are found."""

    name: str  # folded, without its kind
    kind: str  # folded
    accented: str
    new_codes: tuple[str, ...]
    province: str  # of today, folded
    contexts: tuple[Context, ...]
    old: OldWard | None


@dataclass(frozen=True, slots=True)
class Hit:
    """A ward of today, and the old names by which it was found ("" when it was found by the new ones)."""

    ward_code: str
    found_by: str
    old: OldWard | None


@dataclass(frozen=True, slots=True)
class Index:
    entries: tuple[Entry, ...]
    by_name: Mapping[str, tuple[int, ...]]
    by_context: Mapping[str, tuple[int, ...]]
    names: tuple[str, ...]
    contexts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed: its phrases, each with the words it covers (bits) and as it was written."""

    phrases: Mapping[str, list[int]]
    completed: frozenset[str]
    written: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Fit:
    """How well an entry answers: words explained, then points that order equals."""

    words: int
    points: float
    entry: int
    context: Context | None
    by_district: bool


def find(text: str, limit: int) -> list[Hit]:
    """Return at most `limit` wards, best first; the choices of one split old ward are never cut apart."""
    index = _index()
    typed = _typed(text, index)
    fits = [fit for number in _candidates(typed, index) if (fit := _fit(typed, index.entries[number], number)).words]
    enough = ENOUGH * max((fit.words for fit in fits), default=0)
    fits = sorted((fit for fit in fits if fit.words >= enough), key=lambda fit: (-fit.words, -fit.points, fit.entry))
    return list(_hits(fits, index, limit))


def _hits(fits: Iterable[Fit], index: Index, limit: int) -> Iterator[Hit]:
    seen: set[str] = set()
    for fit in fits:
        if len(seen) >= limit:
            return
        entry = index.entries[fit.entry]
        for code in entry.new_codes:
            if code not in seen:
                seen.add(code)
                yield Hit(code, _found_by(fit, entry), entry.old)


def _found_by(fit: Fit, entry: Entry) -> str:
    if entry.old:
        return entry.old.full_name
    if not fit.context or (fit.context[1] == entry.province and not fit.by_district):
        return ""
    old = fit.context[2]
    return f"{old.district}, {old.province}" if fit.by_district else old.province


def _candidates(typed: Typed, index: Index) -> set[int]:
    found: set[int] = set()
    for phrase in typed.phrases:
        found.update(index.by_name.get(phrase, ()))
        found.update(index.by_context.get(phrase, ()))
    return found


def _fit(typed: Typed, entry: Entry, number: int) -> Fit:
    """Read the typed words with the entry's own name and without it, and keep the better reading."""
    readings = [_read(typed, entry, number, 0)]
    if entry.name in typed.phrases:
        readings.append(_read(typed, entry, number, typed.phrases[entry.name][0]))
    return max(readings, key=lambda fit: (fit.words, fit.points))


def _read(typed: Typed, entry: Entry, number: int, name: int) -> Fit:
    points = _points(typed, entry) if name else 0.0
    fits = []
    for context, district, province in _typed_contexts(typed, entry):
        by_district = _free(typed, district, name)
        by_province = _free(typed, province, name | by_district)
        used = name | by_district | by_province
        used |= _free(typed, entry.province, used)
        named = context if by_district or by_province else None
        more = 0.5 if entry.old and named else 0.0
        fits.append(Fit(used.bit_count(), points + more, number, named, bool(by_district)))
    return max(fits, key=lambda fit: (fit.words, fit.points))


def _typed_contexts(typed: Typed, entry: Entry) -> Iterator[tuple[Context | None, str, str]]:
    """Yield the old districts that were typed, each with its province, then an old province that was typed alone."""
    for context in entry.contexts:
        if context[0] in typed.phrases:
            yield context, context[0], context[1]
    by_province = next((context for context in entry.contexts if context[1] in typed.phrases), None)
    yield by_province, "", by_province[1] if by_province else ""


def _points(typed: Typed, entry: Entry) -> float:
    whole = 0.0 if entry.name in typed.completed else 8.0
    kind = 2.0 if f"{entry.kind} {entry.name}" in typed.phrases else 0.0
    return 1.0 + whole + kind + _accents(typed, entry) + (0.0 if entry.old else 0.3)


def _accents(typed: Typed, entry: Entry) -> float:
    """The same accents are best, none typed says nothing, other accents mean another place ("bơ" is not "bò")."""
    written = typed.written.get(entry.name, entry.name)
    if written == entry.accented:
        return 4.0
    return 0.0 if written == entry.name else -10.0


def _free(typed: Typed, phrase: str, used: int) -> int:
    """Return the words that this phrase covers, the last such place first, if no other name has taken them."""
    return next((words for words in reversed(typed.phrases.get(phrase, ())) if not words & used), 0)


def _typed(text: str, index: Index) -> Typed:
    words = _words(text[:MOST_CHARACTERS])[:MOST_WORDS]
    phrases: defaultdict[str, list[int]] = defaultdict(list)
    written: dict[str, str] = {}
    for start in range(len(words)):
        for end in range(start + 1, min(start + LONGEST_NAME, len(words)) + 1):
            phrase = " ".join(folded for folded, _ in words[start:end])
            phrases[phrase].append((1 << end) - (1 << start))
            written.setdefault(phrase, " ".join(word for _, word in words[start:end]))
    completed = _completions([folded for folded, _ in words], index)
    for name, covered in completed.items():
        if name not in phrases:
            phrases[name].append(covered)
    return Typed(dict(phrases), frozenset(completed.keys() - written.keys()), written)


def _completions(words: list[str], index: Index) -> dict[str, int]:
    """Return the names that begin with the last words, as many of them as begin any, with the words they cover."""
    for start in range(max(0, len(words) - LONGEST_NAME), len(words)):
        beginning = " ".join(words[start:])
        names = [*_beginning(beginning, index.names, 150), *_beginning(beginning, index.contexts, 10)]
        if names:
            return dict.fromkeys(names, (1 << len(words)) - (1 << start))
    return {}


def _beginning(beginning: str, names: tuple[str, ...], most: int) -> list[str]:
    first = bisect_left(names, beginning)
    return [name for name in names[first : first + most] if name.startswith(beginning)]


def _words(text: str) -> list[tuple[str, str]]:
    """Cut a text into words, each folded and as written, with short forms in full ("P.5" is "phường 5")."""
    plain = re.sub(r"['’`]", "", tone_normalised(text).lower())
    plain = _NUMBERED.sub(lambda match: f"{_IN_FULL[match[1]]} {match[2]}", plain)
    plain = _SHORTENED.sub(lambda match: _IN_FULL[match[1]], plain)
    plain = _OLD_HUE.sub("", _LEADING_ZERO.sub("", plain))
    pairs = ((_fold_word(word), word) for word in re.findall(r"\w+", plain))
    return [(folded, word) for folded, word in pairs if folded]


_fold_word = lru_cache(maxsize=10_000)(fold)


@lru_cache(maxsize=1)
def _index() -> Index:
    entries = sorted(_entries(book()), key=lambda entry: (bool(entry.old), sort_key(entry.accented)))
    by_name, by_context = defaultdict(list), defaultdict(set)
    for number, entry in enumerate(entries):
        by_name[entry.name].append(number)
        if not entry.old:
            for phrase in (entry.province, *(part for context in entry.contexts for part in context[:2])):
                by_context[phrase].add(number)
    return Index(
        tuple(entries),
        {name: tuple(numbers) for name, numbers in by_name.items()},
        {phrase: tuple(numbers) for phrase, numbers in by_context.items()},
        tuple(sorted(by_name)),
        tuple(sorted(by_context)),
    )


def _entries(places: Book) -> Iterator[Entry]:
    own = {code: _name(province.name)[0] for code, province in places.provinces.items()}
    names = {code: _name(ward.name)[0] for code, ward in places.wards.items()}
    place = lru_cache(maxsize=None)(lambda name: _name(name)[0])
    contexts: defaultdict[str, dict[tuple[str, str], OldWard]] = defaultdict(dict)
    for old in old_wards():
        district, province = place(old.district), place(old.province)
        today = own[places.wards[old.new_codes[0]].province_code]
        folded, kind, written = _name(old.name)
        namesake_first = sorted(old.new_codes, key=lambda code: folded != names[code])
        yield Entry(folded, kind, written, tuple(namesake_first), today, ((district, province, old),), old)
        for code in old.new_codes:
            contexts[code].setdefault((district, province), old)
    for ward in places.wards.values():
        around = tuple((*key, old) for key, old in contexts[ward.code].items())
        yield Entry(*_name(ward.name), (ward.code,), own[ward.province_code], around, None)


def _name(name: str) -> tuple[str, str, str]:
    """Return a place's own name folded, its kind folded, and its own name as written, each kept once in memory."""
    words = _words(name)
    kind = len(name.removesuffix(without_kind(name)).split())
    folded, written = (" ".join(part) for part in zip(*words[kind:], strict=True))
    return intern(folded), intern(" ".join(word for word, _ in words[:kind])), intern(written)
