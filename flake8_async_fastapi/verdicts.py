"""Verdicts in the cache: the findings of a file, and what they were made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from flake8_async_fastapi.project.answers import Question
from flake8_async_fastapi.rules.model import Finding


@dataclass(frozen=True, slots=True)
class Verdict:
    """The findings of a file in one ``state`` of its project.

    ``reads`` are the questions to the project that led to them, each with the fingerprint of its
    answer; none where no list of questions is enough.
    """

    state: str
    reads: list[tuple[Question, str]]
    findings: list[Finding]


_Entry: TypeAlias = tuple[str, list[tuple[Question, str]], list[Finding]]


def encode_verdict(verdict: Verdict) -> bytes:
    """A verdict as bytes, for the cache."""
    return msgspec.msgpack.encode((verdict.state, verdict.reads, verdict.findings))


def decode_verdict(data: bytes | None, path: str) -> Verdict | None:
    """A verdict on the file at a path, or None: what the cache says may come from anywhere."""
    if data is None:
        return None
    try:
        state, reads, found = msgspec.msgpack.decode(data, type=_Entry)
    except (msgspec.DecodeError, RecursionError):
        return None
    plausible = all(
        finding.path == path and finding.line >= 0 and finding.col >= 0 and finding.code.isalnum()
        for finding in found
    )
    return Verdict(state, reads, found) if plausible else None
