"""What a comment asks for: "A1 x2", "cho chị 3 A1 với A2", "bỏ A1", "A1 còn không". A pure function, no database.

Only the codes of the session count: free text never becomes an order by accident. A number that is a phone, a price
or too large is never taken, nor cut down, as a quantity: then the host looks at the comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

from livestream.chat.words import asks, marked, plain
from shop.core.phones import read_phone

LONGEST = 500
MOST_DIGITS = 5
COUNTED = "thung|hop|tui|bo|bich|bao|chai|lo|hu|qua|trai|cai|phan|suat|set|combo|goi|gio|cay|con|cu|mieng|ro"
NUMBERS = {"mot": 1, "hai": 2, "ba": 3, "bon": 4, "nam": 5, "sau": 6, "bay": 7, "tam": 8, "chin": 9, "muoi": 10}
PIECES = 0


class Kind(StrEnum):
    """What the comment as a whole is."""

    ORDER = "order"
    CANCEL = "cancel"
    CHANGE = "change"
    QUESTION = "question"
    UNCLEAR = "unclear"
    NOTHING = "nothing"


@dataclass(frozen=True)
class Wanted:
    """So many selling steps of the item with this code; 0 gives it back."""

    code: str
    quantity: int


@dataclass(frozen=True)
class Reading:
    """`exact` sets the quantity ("đổi thành 3"), `more` adds to it ("thêm"); else the larger one counts."""

    kind: Kind
    items: tuple[Wanted, ...] = ()
    phone: str | None = None
    more: bool = False

    @property
    def exact(self) -> bool:
        return self.kind == Kind.CHANGE


def read_comment(text: str, codes: Mapping[str, int]) -> Reading:
    """Read one comment. `codes`: the codes of the session, each with the grams of one step sold by weight, else 0."""
    typed = marked(text[:LONGEST])
    tokens = list(_tokens(typed, codes))
    phone = next((token.word for token in tokens if token.kind == "phone"), None)
    named = {token.word for token in tokens if token.kind == "code"}
    if not named:
        return Reading(Kind.QUESTION if asks(typed) else Kind.NOTHING, phone=phone)
    if asks(typed):
        return Reading(Kind.QUESTION, tuple(Wanted(code, 0) for code in sorted(named)), phone)
    try:
        found = _Sentence(codes, tokens).items()
    except _UnclearError:
        return Reading(Kind.UNCLEAR, tuple(Wanted(code, 0) for code in sorted(named)), phone)
    words = {token.word for token in tokens if token.kind == "word"}
    items = tuple(Wanted(code, quantity) for code, quantity in found.items())
    return Reading(_kind(items, words), items, phone, "them" in words)


def _kind(items: tuple[Wanted, ...], words: set[str]) -> Kind:
    if all(item.quantity == 0 for item in items):
        return Kind.CANCEL
    changes = any(item.quantity == 0 for item in items) or words & {"doi", "sua", "giam", "chinh"}
    return Kind.CHANGE if changes else Kind.ORDER


class _UnclearError(Exception):
    """A person has to look."""


@dataclass(frozen=True)
class _Token:
    """kind: phone, price, code, number, word, sep, x, mark. `grams` for a weight, `unit` for a counted thing."""

    kind: str
    word: str
    amount: int = 0
    grams: int = 0
    unit: str = ""
    typed: str = ""


_PHONE = r"(?P<phone>(?<![\w+])(?:\+?84|0084|0)(?:[ .\-]?[0-9]){9}(?![0-9]))"
_PRICE = (
    r"(?P<price>[0-9]{1,3}(?:[.,][0-9]{3})+(?![0-9])(?:\s*(?:vnd|dong|d)\b)?"
    r"|[0-9]+(?:[.,][0-9]+)?\s*(?:k|d|dong|vnd|nghin|ngan|tr|trieu|canh)(?![a-z0-9]))"
)
_SPELLED = "|".join(NUMBERS)
_WEIGHT = (
    r"(?P<weight>(?:(?P<kilos>[0-9]{1,6})(?:[.,](?P<part>[0-9]{1,2}))?|(?P<spelled>(?:" + _SPELLED + r"|nua)))"
    r"\s*(?P<weighed>kg|kgs|kilo|ky|ki|can|gram|gr|g)(?![a-z0-9])(?P<half>\s+ruoi\b)?)"
)
_COUNT = r"(?P<count>(?P<many>[0-9]+|\b(?:" + _SPELLED + r"))\s*(?P<unit>" + COUNTED + r")(?![a-z0-9]))"
_REST = r"(?P<x>x(?=\s*[0-9]))|(?P<number>[0-9]+)|(?P<word>[a-z]+[a-z0-9]*)|(?P<sep>[,;\n/+&|])|(?P<mark>[-])"


@lru_cache(maxsize=500)
def _pattern(codes: tuple[str, ...]) -> re.Pattern[str]:
    spelled = "|".join(re.escape(code) for code in sorted(codes, key=len, reverse=True)) or r"(?!)"
    # "2xA1" and "A1x2" stand close; "2A1", "A11" and "vitamin B12" are other words.
    code = r"(?:(?<![a-z0-9])|(?<=[0-9]x)|(?<=[0-9] x))#?(?P<code>" + spelled + r")(?![a-wyz0-9]|x(?!\s*[0-9]))"
    before = r"(?P<xcode>(?<=[0-9])\s*x\s*(?=#?(?:" + spelled + r")(?![a-z0-9])))"
    glued = r"(?P<glued>[0-9]+[a-wyz][a-z0-9]*)"
    return re.compile("|".join((_PHONE, code, before, _WEIGHT, _COUNT, _PRICE, glued, _REST)))


_APART = re.compile(r"(?:^|(?<=[,;+\n])|\b(?:chot|ma|mua|dat))\s*([a-z]{1,3})[ \-_.]([0-9]{1,3})(?![a-z0-9])")


def _together(text: str, codes: Mapping[str, str]) -> str:
    """ "a 1" at the head of a phrase becomes "a1" if that is a code; "cho a 1 thùng" ("anh") does not."""

    def join(match: re.Match[str]) -> str:
        whole = match[1] + match[2]
        unit = re.match(rf"\s*(?:{COUNTED}|kg|ky|ki|can)\b", text[match.end() :])
        return match[0] if whole not in codes or unit else match[0].replace(match[0].strip()[-len(whole) - 1 :], whole)

    return _APART.sub(join, text)


def _tokens(typed: str, codes: Mapping[str, int]) -> Iterator[_Token]:
    known = {plain(code): code for code in codes}
    folded = _together(plain(typed), known)
    for match in _pattern(tuple(sorted(known))).finditer(folded):
        yield _token(match, known, typed)


def _token(match: re.Match[str], known: Mapping[str, str], typed: str) -> _Token:
    kind = match.lastgroup if match.lastgroup in _WHOLE else next(name for name in _WHOLE if match[name] is not None)
    word = match[kind]
    if kind == "phone":
        phone = read_phone(word)
        return _Token("phone", phone) if phone else _Token("price", word)
    if kind == "code":
        return _Token("code", known[word])
    if kind == "weight":
        return _Token("number", word, amount=1, grams=_grams(match))
    if kind == "count":
        many = match["many"]
        return _Token("number", word, amount=_whole(many), unit=match["unit"])
    if kind == "number":
        return _Token("number", word, amount=_whole(word))
    kind = {"xcode": "x", "glued": "word"}.get(kind, kind)
    if kind == "word" and word in ("va", "voi", "cung"):
        kind = "sep"
    return _Token(kind, word, typed=typed[match.start() : match.end()])


_WHOLE = ("phone", "code", "xcode", "weight", "count", "price", "glued", "x", "number", "word", "sep", "mark")


def _whole(digits: str) -> int:
    """-1 for what is no quantity: it is never cut down to one."""
    return NUMBERS.get(digits) or (int(digits) if len(digits) <= MOST_DIGITS else -1)


def _grams(match: re.Match[str]) -> int:
    spelled = match["spelled"]
    tenths = int((match["part"] or "0").ljust(2, "0"))
    hundredths = int(match["kilos"] or 0) * 100 + tenths if not spelled else NUMBERS.get(spelled, 0) * 100 or 50
    hundredths += 50 if match["half"] else 0
    return hundredths * 10 if match["weighed"] not in ("g", "gr", "gram") else hundredths // 100


_ORDERS = {"lay", "chot", "mua", "dat", "cho", "them", "doi", "sang", "thanh", "qua"}
_VERBS = {"lay", "mua", "chot", "dat", "can", "nua", "giu"}
_FILLERS = frozenset(
    "sl so luong lay them doi sua thanh con xuong len giam tang nha nhe a shop chi em anh cho minh mua chot dat "  # noqa: SIM905  reads as words
    "giup nua la ad oi co chu bac ban".split()
)
_NOT = {"khong", "ko", "k", "kh", "hok", "hong", "hem", "dung", "thoi", "chua", "khoi"}


@dataclass
class _Sentence:
    """One pass over the tokens; a phrase ends at a comma, at "và", at "với"."""

    codes: Mapping[str, int]
    tokens: list[_Token]
    found: dict[str, int] = field(default_factory=dict)
    bare: str = ""
    """The code just read, if it had no amount."""

    def items(self) -> dict[str, int]:
        """Steps by code. Raises _UnclearError."""
        gives_back = False
        for phrase in self._phrases():
            gives_back = self._read(phrase, gives_back)
        return self.found

    def _phrases(self) -> Iterator[list[_Token]]:
        phrase: list[_Token] = []
        for token in self.tokens:
            if token.kind == "sep":
                yield phrase
                phrase = []
            else:
                phrase.append(token)
        yield phrase

    def _read(self, phrase: list[_Token], gives_back: bool) -> bool:
        """Take one phrase in; "bỏ A1, A2" gives back both. Returns whether the next one gives back, too."""
        at = [place for place, token in enumerate(phrase) if token.kind == "code"]
        if not at:
            self._loose_number(phrase)
            return gives_back
        if len(at) > 1 and any(token.kind == "mark" for token in phrase[at[0] : at[1]]):
            raise _UnclearError  # "A1-A3"
        first = self._before(phrase, at[0])
        for number, place in enumerate(at):
            following = at[number + 1] if number + 1 < len(at) else len(phrase)
            begin = at[number - 1] + 1 if number else 0
            gives_back = _turns(phrase[begin : place + 1], gives_back, first_word=begin)
            gives_back = gives_back or _refused_after(phrase[place + 1 : following])
            amount = self._before(phrase, place) if first else self._after(phrase[place + 1 : following])
            swapped = number == 0 and _swaps(phrase, at)
            self._take(phrase[place].word, None if swapped else amount, gives_back or swapped, phrase)
        return gives_back and not any(token.word in _ORDERS for token in phrase[at[-1] :] if token.kind == "word")

    def _before(self, phrase: list[_Token], place: int) -> _Token | None:
        """The amount just before a code: "2 A1", "2kg A1", "2xA1"."""
        earlier = [token for token in phrase[max(0, place - 2) : place] if token.kind != "x"]
        return earlier[-1] if earlier and earlier[-1].kind == "number" else None

    def _after(self, rest: list[_Token]) -> _Token | None:
        """The amount that follows a code, before the next one; a price there is for the host to judge."""
        told = [token for token in rest if token.kind not in ("x", "mark")]
        numbers = [token for token in told if token.kind in ("number", "price")]
        if not numbers:
            return None
        place = told.index(numbers[0])
        beside = all(token.word in _FILLERS for token in told[:place])
        ends = [token.kind for token in told[:place]].count("phone") and place == len(told) - 1
        second = told[place + 1].kind if place + 1 < len(told) else ""
        if numbers[0].kind == "price" or second in ("number", "price"):
            raise _UnclearError
        if beside or ends or (len(numbers) == 1 and (numbers[0].unit or numbers[0].grams)):
            return numbers[0]
        raise _UnclearError  # "A1 giao 15 Lê Lợi"

    def _take(self, code: str, amount: _Token | None, gives_back: bool, phrase: list[_Token]) -> None:
        if amount is None and any(token.kind == "price" for token in phrase):
            raise _UnclearError
        if gives_back:
            if any(token.word == "bo" and plain(token.typed) == token.typed for token in phrase) and amount:
                raise _UnclearError  # "bo A1 2 kg" typed without marks: bỏ or bơ?
            self.found.setdefault(code, 0)
            return
        steps = _steps(amount, self.codes[code]) if amount else 1
        self.bare = "" if amount else code
        self.found[code] = max(self.found.get(code, 0), steps)

    def _loose_number(self, phrase: list[_Token]) -> None:
        """ "A1, 2" and "A1 + 1": the number belongs to the code before it."""
        amounts = [token for token in phrase if token.kind in ("number", "price")]
        alone = len(amounts) == 1 and not any(token.kind == "word" for token in phrase)
        if self.bare and alone and amounts[0].kind == "number":
            self.found[self.bare] = _steps(amounts[0], self.codes[self.bare])
        self.bare = ""


def _turns(before: list[_Token], gives_back: bool, first_word: int) -> bool:
    """Whether the words before a code give it back: "bỏ A1", "không lấy A1"; "lấy", "đổi sang" order again."""
    words = [token for token in before if token.kind == "word"]
    state = gives_back
    for place, token in enumerate(words):
        following = words[place + 1].word if place + 1 < len(words) else ""
        last = place == len(words) - 1
        if _cancels(token, following, last) or (token.word in _NOT and (following in _VERBS or last)):
            state = True
        elif token.word in _ORDERS and not (place and words[place - 1].word in _NOT):
            state = False
    return state


def _swaps(phrase: list[_Token], at: list[int]) -> bool:
    """ "đổi A1 sang A2": the first goes back."""
    if len(at) < 2 or not any(token.word == "doi" for token in phrase[: at[1]]):
        return False
    return any(token.word in ("sang", "thanh", "qua", "lay") for token in phrase[at[0] + 1 : at[1]])


def _cancels(token: _Token, following: str, last: bool) -> bool:
    if token.word == "huy":
        return token.typed != token.word or following not in ("lay", "chot", "mua", "dat")
    if token.word == "bo":
        return token.typed in ("bo", "bỏ") and (last or following in ("don", "giup", "ho", "em", "chi", "ma"))
    return token.word in ("xoa", "rut", "tra") and last


def _refused_after(after: list[_Token]) -> bool:
    """ "A1 hủy nhé", "A1 không lấy nữa", "A1 thôi không lấy"."""
    words = [token for token in after if token.kind == "word"]
    for place, token in enumerate(words):
        following = words[place + 1].word if place + 1 < len(words) else ""
        if token.word == "huy" or (token.word == "bo" and token.typed in ("bo", "bỏ")):
            return not any(t.kind == "number" for t in after)
        if token.word in _NOT and following in _VERBS:
            return True
    return False


def _steps(amount: _Token, step_g: int) -> int:
    """The amount in selling steps. Raises _UnclearError for a unit that the item is not sold in."""
    if amount.grams:
        if not step_g or amount.grams % step_g:
            raise _UnclearError
        return amount.grams // step_g
    if amount.amount < 1 or (amount.unit and step_g and amount.unit not in ("phan", "suat", "goi", "tui", "bich")):
        raise _UnclearError
    return amount.amount
