"""f-strings with nested quotes, new lines or backslashes in braces (PEP 701), in the older syntax."""

from __future__ import annotations

import re
from typing import Final

_OPENING: Final = re.compile(r"""(?<![A-Za-z0-9_])(?P<prefix>[A-Za-z]{0,2})(?P<quote>'{3}|"{3}|'|")|\#""")
_CLOSING: Final = {"(": ")", "[": "]", "{": "}"}


def in_older_fstrings(text: str) -> str:
    """The text, with triple quotes around each f-string that an older Python cannot read.

    All lines keep their place. A text that cannot be converted does not change.
    """
    parts: list[str] = []
    place = done = 0
    while (found := _OPENING.search(text, place)) is not None:
        end = _end_of(text, found)
        if _is_newer(text, found, end):
            parts += [text[done : found.start()], _with_three_quotes(text, found, end)]
            done = end
        place = end
    return "".join([*parts, text[done:]])


def _is_newer(text: str, found: re.Match[str], end: int) -> bool:
    """Whether an older Python would end an f-string earlier, or refuse it."""
    quote = found["quote"]
    if quote is None or "f" not in found["prefix"].lower():
        return False
    inside = re.sub(r"\\.", "", text[found.end() : end - len(quote)])
    return len(quote) == 1 and (quote in inside or "\n" in inside) or _has_escapes(text, found.end(), end)


def _has_escapes(text: str, place: int, end: int) -> bool:
    """Whether there is a backslash within braces."""
    while place < end:
        if text[place] == "\\" or text.startswith("{{", place):
            place += 2
        elif text[place] == "{":
            after = _end_of_braces(text, place)
            if "\\" in text[place:after]:
                return True
            place = after
        else:
            place += 1
    return False


def _with_three_quotes(text: str, found: re.Match[str], end: int) -> str:
    size = len(found["quote"])
    inside = text[found.end() : end - size]
    if _has_escapes(text, found.end(), end):
        inside = re.sub(r"\\.", "  ", inside)
    for quote in (found["quote"][0], *"\"'"):
        if quote * 3 not in inside and not inside.endswith(quote):
            return f"{found['prefix']}{quote * 3}{inside}{quote * 3}"
    return text[found.start() : end]


def _end_of(text: str, found: re.Match[str]) -> int:
    """The end of a comment or a string."""
    quote = found["quote"]
    if quote is None:
        end = text.find("\n", found.end())
        return end if end >= 0 else len(text)
    place, has_braces = found.end(), "f" in found["prefix"].lower()
    while place < len(text):
        if text.startswith(quote, place):
            return place + len(quote)
        if text[place] == "\\":
            place += 2
        elif has_braces and text[place] == "{":
            place = place + 2 if text.startswith("{{", place) else _end_of_braces(text, place)
        else:
            place += 1
    return len(text)


def _end_of_braces(text: str, place: int) -> int:
    """The end of the expression in braces that starts at a place; text after a colon is no string."""
    pending = [_CLOSING[text[place]]]
    place += 1
    in_format = False
    while place < len(text) and pending:
        char = text[place]
        opening = None if in_format and len(pending) == 1 else _OPENING.match(text, place)
        if opening is not None:
            place = _end_of(text, opening)
            continue
        if char == pending[-1]:
            pending.pop()
        elif char in _CLOSING:
            pending.append(_CLOSING[char])
        elif char == ":" and len(pending) == 1:
            in_format = True
        place += 1
    return place
