"""Text as it is compared, whatever keyboard it was typed on (X10)."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

_TO_SIMPLIFIED = OpenCC("t2s")
_ACCENTS = re.compile("[\u0300-\u036f]")
_MOST_REMEMBERED = 20_000


def plain(text: str) -> str:
    """Text without width, case, accents, script variant (traditional as simplified Chinese) and invisible characters."""
    if text.isascii():  # all the rest changes nothing about it
        return text.lower()
    even = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())
    bare = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", even)))
    return bare.translate(_SIMPLIFIED)


@lru_cache(maxsize=10_000)
def term(text: str) -> str:
    """A name of an industry, a region and the like, plain; these are few and compared often."""
    return plain(text)


def words(text: str) -> list[str]:
    """Letters, digits and the marks that belong to them; whatever stands between them parts words."""
    return "".join(char if unicodedata.category(char)[0] in "LNM" else " " for char in text).split()


class _Simplified(dict[int, str]):
    """What each character becomes, found out when it is first met: one at a time, so that what surrounds it makes no
    difference.
    """

    def __missing__(self, code: int) -> str:
        char = chr(code)
        simplified = "" if unicodedata.category(char) == "Cf" else _TO_SIMPLIFIED.convert(char)
        if len(self) < _MOST_REMEMBERED:
            self[code] = simplified
        return simplified


_SIMPLIFIED = _Simplified()
