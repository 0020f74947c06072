"""The findings that a team has agreed to leave for now.

An entry names a finding by its file, its code and the text of its line, so that it still meets the finding
where code above it changes.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from pathlib import PurePath
from typing import Final

import msgspec

from flake8_async_fastapi.check.report import Report, Shown

_VERSION: Final = 1


class Entry(msgspec.Struct, frozen=True):
    """Findings of one code on lines with one text, of which ``count`` are known."""

    path: str
    code: str
    line: str
    count: int = 1

    @property
    def key(self) -> tuple[str, str, str]:
        """The key by which an entry matches a finding."""
        return self.path, self.code, self.line


class _File(msgspec.Struct):
    version: int
    findings: list[Entry]


def encode_baseline(findings: Iterable[Shown], folder: str) -> bytes:
    """Write down findings; paths are relative to the folder of the baseline."""
    counts = Counter(_key(finding, folder) for finding in findings)
    entries = [Entry(*key, count) for key, count in sorted(counts.items())]
    return msgspec.json.format(msgspec.json.encode(_File(_VERSION, entries)), indent=2) + b"\n"


def decode_baseline(data: bytes) -> list[Entry]:
    """The entries of a baseline.

    Raises ValueError for a text that is none.
    """
    try:
        found = msgspec.json.decode(data, type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ValueError(f"is no baseline: {error}") from error
    if found.version != _VERSION:
        raise ValueError(f"is a baseline of version {found.version}, and this tool reads version {_VERSION}")
    return found.findings


def without_known(report: Report, entries: Iterable[Entry], folder: str) -> Report:
    """A report without the findings that a baseline names, and with the entries that no finding meets.

    A run of some files or codes says nothing about the entries of the others.
    """
    left = Counter[tuple[str, str, str]]()
    for entry in entries:
        left[entry.key] += entry.count
    new = []
    for finding in report.findings:
        key = _key(finding, folder)
        if left[key] > 0:
            left[key] -= 1
        else:
            new.append(finding)
    stale = tuple(
        sorted(
            (path, code, text)
            for (path, code, text), count in left.items()
            if count > 0 and report.covers(os.path.join(folder, path), code)
        )
    )
    return replace(report, findings=tuple(new), known=len(report.findings) - len(new), stale=stale)


def _key(finding: Shown, folder: str) -> tuple[str, str, str]:
    own = finding.tells_of or finding
    path = os.path.relpath(own.path, folder or ".")
    return PurePath(path).as_posix(), own.code, own.text.strip()
