"""What leads and notes are found by: the words of what was typed, in one form (X10)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from dealwire.catalogue.common import Contact
from dealwire.text import plain

_HAN = "㐀-䶿一-鿿豈-﫿𠀀-𳑏"
_RUN = re.compile(rf"([{_HAN}]+)|([^\W_{_HAN}]+)")  # of Chinese characters, or a word
_MOST_TERMS = 60
_MOST_LETTERS = 200
_LONGEST_TERM = 40
_MOST_ASKED = 12


def terms(*texts: str | None) -> tuple[str, ...]:
    """The terms of some texts, the first texts first, without doubles and no more than an index bears.

    Chinese is written without spaces: two characters next to each other are a term, and the last one of its own.
    """
    found: dict[str, None] = {}
    for text in texts:
        for chinese, word in _RUN.findall(plain(text[:_MOST_LETTERS])) if text else ():
            if word:
                found[word[:_LONGEST_TERM]] = None
            for place in range(len(chinese)):
                found[chinese[place : place + 2]] = None
    return tuple(found)[:_MOST_TERMS]


def reached_by(contact: Contact) -> Iterator[str]:
    """How somebody may be looked for by number, with and without the country, and by address."""
    if contact.phone:
        yield contact.phone
        yield contact.phone[3:]
    if contact.email:
        yield contact.email


def asked(query: str) -> tuple[str, ...]:
    """What somebody looks for: every one of these is the beginning of a term of what is found."""
    wanted: dict[str, None] = {}
    for chinese, word in _RUN.findall(plain(query)):
        if len(chinese) > 1:
            wanted |= dict.fromkeys(chinese[place : place + 2] for place in range(len(chinese) - 1))
        else:
            wanted[(chinese or word)[:_LONGEST_TERM]] = None
    return tuple(wanted)[:_MOST_ASKED]
