"""Verdicts in the cache: the findings of a file, and the questions they depend on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import msgspec

from flake8_async_fastapi.project.reads import Question
from flake8_async_fastapi.rules.model import Finding

Read: TypeAlias = tuple[Question, str]
"""A question to the project, and the fingerprint of its answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings of a file in one ``state`` of its project.

    ``callers`` are the files that may call its functions with objects that these read.
    """

    state: str
    _reads: msgspec.Raw
    findings: list[Finding]
    callers: tuple[str, ...] = ()

    def reads(self) -> list[Read]:
        """The questions that led to the findings; none if they cannot be listed completely.

        There are many, and without a change nobody needs them, so they are decoded only here.
        """
        try:
            return _READS.decode(self._reads)
        except (msgspec.DecodeError, RecursionError):
            return []


_Entry: TypeAlias = tuple[str, msgspec.Raw, list[Finding], tuple[str, ...]]
_ENCODER: Final = msgspec.msgpack.Encoder()
_READS: Final = msgspec.msgpack.Decoder(list[Read])
_ENTRY: Final = msgspec.msgpack.Decoder(_Entry)


def make_verdict(
    state: str, reads: Sequence[Read], findings: list[Finding], callers: tuple[str, ...]
) -> Verdict:
    """Join findings and the questions that led to them."""
    return Verdict(state, msgspec.Raw(_ENCODER.encode(reads)), findings, callers)


def named_files(asked: Sequence[Question], findings: Sequence[Finding]) -> list[Question]:
    """Questions about the whole code of other files whose lines the findings name.

    Other answers stay the same if code only moves to another line.
    """
    paths = dict.fromkeys(str(question[1]) for question in asked if question[0] in _ABOUT_CODE)
    told = {other.path for finding in findings for other in finding.others}
    named = (
        path for path in paths if path in told or any(f"{path}:" in finding.message for finding in findings)
    )
    return [("placed code", path) for path in named]


_ABOUT_CODE: Final = ("binding", "setters", "code", "view")
"""Questions to a file whose answers may be the same after code has moved to another line."""


def encode_verdict(verdict: Verdict) -> bytes:
    """A verdict as bytes, for the cache."""
    return _ENCODER.encode((verdict.state, verdict._reads, verdict.findings, verdict.callers))


def decode_verdict(data: bytes | None, path: str) -> Verdict | None:
    """The verdict on the file at a path, or None. The cache is not trusted: its content may come from
    anywhere.
    """
    if data is None:
        return None
    try:
        state, reads, found, callers = _ENTRY.decode(data)
    except (msgspec.DecodeError, RecursionError):
        return None
    plausible = all(
        finding.path == path and finding.line >= 0 and finding.col >= 0 and finding.code.isalnum()
        for finding in found
    )
    return Verdict(state, reads, found, callers) if plausible else None
