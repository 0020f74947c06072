"""What holds of every message: it prints anywhere, is short, and its places are true."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from flake8_async_fastapi.rules.model import Finding

LONGEST = 200
_INNER = r"(?:[^()]|\((?:[^()]|\([^()]*\))*\))*"
_CHAIN = re.compile(
    rf" \({_INNER}(?: -> | at ){_INNER}\)"  # the calls that lead to a line
    r"|\.options\(.*?\)\)"  # a loader option
    r"|^may fail, unless [^:]*: "
)
"""What may be long."""
_PLACE = re.compile(r"(?<![\w/])([\w/.-]+\.(?:py|html|txt|jinja2?|j2)):(\d+)")


def faults_of(finding: Finding, files: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with a message; `files` are the texts of the project by path.

    A place is `path:line`: some editors take one with a column for the place of the finding.  It is among the
    other places of the finding, whose paths are shown relative to the working directory.
    """
    message = finding.message
    if not message.isascii():
        yield "some locales cannot print it"
    if len(_CHAIN.sub("", message)) > LONGEST:
        yield "it is long"
    if re.search(r":\d+:\d", message) or re.search(r"\blines? \d", message):
        yield "a place is not path:line"
    if re.search(r" at :\d", message):
        yield "a place has no path"
    if (finding.level == "likely") is not message.startswith("may fail, unless "):
        yield "it does not say its level"
    others = {(other.path, other.line) for other in finding.others}
    for path, line in places_in(message):
        if (path, line) not in others:
            yield f"{path}:{line} is not among its other places"
        if path in files and not 1 <= line <= len(files[path].splitlines()):
            yield f"there is no line {path}:{line}"


def places_in(message: str) -> list[tuple[str, int]]:
    """The paths and lines that a message names."""
    return [(path, int(line)) for path, line in _PLACE.findall(message)]
