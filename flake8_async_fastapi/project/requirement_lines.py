"""The lines of a requirements file.

Source: https://pip.pypa.io/en/stable/reference/requirements-file-format/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from packaging.requirements import InvalidRequirement
from packaging.requirements import Requirement as _Requirement
from packaging.utils import canonicalize_name

from flake8_async_fastapi.project.requirements import UNKNOWN, Requirement

_COMMENT: Final = re.compile(r"(^|\s)#.*")
_OPTIONS: Final = re.compile(r"\s--?[a-z].*")
_OWN: Final = re.compile(r"(-e|--editable)[\s=]+(\.|\.\[.*\])$|\.(\[.*\])?$")
_FROM_ELSEWHERE: Final = re.compile(r"(-e|--editable)\b")
_EGG: Final = re.compile(r"[#&]egg=([\w.-]+)")


def read_lines(text: str) -> Iterator[Requirement]:
    """The requirement on each line; UNKNOWN for a line that is not understood.

    Lines that include other files are left to the caller.
    """
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = _COMMENT.sub("", line).strip()
        if not line or _OWN.match(line):  # the project itself says what it needs
            continue
        egg = _EGG.search(line)
        if egg is not None:
            yield Requirement(canonicalize_name(egg[1]), spec=None)
        elif _FROM_ELSEWHERE.match(line):
            yield UNKNOWN
        elif not line.startswith("-"):
            yield parse_requirement(_OPTIONS.sub("", line))


def parse_requirement(text: str) -> Requirement:
    """A requirement in the notation of a package; UNKNOWN for paths, URLs and invalid text."""
    try:
        found = _Requirement(text)
    except InvalidRequirement:
        return UNKNOWN
    extras = frozenset(map(canonicalize_name, found.extras))
    return Requirement(canonicalize_name(found.name), extras, None if found.url else str(found.specifier))
