"""Collects every text of templates and code into the English catalogue: `python -m shop.locales.collect`.

New texts get an empty English line to fill in, texts that are gone go.
"""

from __future__ import annotations

from pathlib import Path

from babel.messages import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from shop.core.i18n import CATALOGUE

ROOT = Path(__file__).parents[2]
TEMPLATES = "storefront_templates"
CODE = ("shop", "payments", "livestream", "admin")
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2)}
JINJA = {"trimmed": "true", "silent": "false", "extensions": "jinja2.ext.i18n,jinja2.ext.do"}


def texts() -> Catalog:
    """Every text that a person may read, without English."""
    found = Catalog()
    rooms: list[tuple[str, list[tuple[str, str]], dict[str, dict[str, str]]]]
    rooms = [(name, [("**.py", "python")], {}) for name in CODE]
    rooms.append((TEMPLATES, [("**.html", "jinja2"), ("**.txt", "jinja2")], {"**.html": JINJA, "**.txt": JINJA}))
    for name, methods, options in rooms:
        for _file, _line, message, _comments, context in extract_from_dir(
            ROOT / name, methods, options, keywords=KEYWORDS
        ):
            found.add(message, context=context)
    return found


def english() -> Catalog:
    """The catalogue as it stands."""
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="en")


def missing() -> list[str]:
    """Texts without an English line."""
    known = english()
    return [str(text.id) for text in texts() if text.id and not _translated(known, text.id)]


def _translated(known: Catalog, text_id: str | list[str] | tuple[str, ...]) -> bool:
    message = known.get(text_id)
    words = message.string if message else ""
    return all(words) if isinstance(words, tuple) else bool(words)


def main() -> None:
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    catalogue = english() if CATALOGUE.exists() else Catalog(locale="en")
    catalogue.update(texts(), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    with CATALOGUE.open("wb") as file:
        write_po(file, catalogue, no_location=True, sort_output=True, omit_header=False, width=0)


if __name__ == "__main__":
    main()
