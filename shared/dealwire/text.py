"""Text as it is compared, whatever keyboard it was typed on (X10)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

_TO_SIMPLIFIED = OpenCC("t2s")
_ACCENTS = re.compile("[\u0300-\u036f]")


def plain(text: str) -> str:
    """Text without width, case, accents, script variant (traditional as simplified Chinese) and invisible characters."""
    even = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", even)))
    return "".join(_simplified(char) for char in bare if unicodedata.category(char) != "Cf")


@lru_cache(maxsize=10_000)
def term(text: str) -> str:
    """A name of an industry, a region and the like, plain; these are few and compared often."""
    return plain(text)


def words(text: str) -> list[str]:
    """Letters, digits and the marks that belong to them; whatever stands between them parts words."""
    return "".join(char if unicodedata.category(char)[0] in "LNM" else " " for char in text).split()


@lru_cache(maxsize=20_000)
def _simplified(char: str) -> str:
    """One character at a time, so that what surrounds it makes no difference."""
    return char if char.isascii() else _TO_SIMPLIFIED.convert(char)
