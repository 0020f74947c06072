"""Findings, hovers, hints and actions as the protocol writes them.

Source: https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from lsprotocol import types
from pygls.workspace import PositionCodec

from flake8_async_fastapi.check.report import Shown, rule_of
from flake8_async_fastapi.engine.places import Position
from flake8_async_fastapi.pages import find_page
from flake8_async_fastapi.server.hovers import Hover
from flake8_async_fastapi.server.suppressions import suppress

if TYPE_CHECKING:
    from flake8_async_fastapi.fixes.edits import Edit

SOURCE: Final = "flake8-async-fastapi"
EXPLAIN: Final = "flake8-async-fastapi.explain"
_TAGS: Final = {
    "deprecated-on-event": types.DiagnosticTag.Deprecated,
    "ignored-event-handler": types.DiagnosticTag.Unnecessary,
    "async-test-never-runs": types.DiagnosticTag.Unnecessary,
}
"""Of rules that find old ways, and code that never runs."""


class Text:
    """The lines of a text, whose places the client counts in its own units."""

    def __init__(self, lines: Sequence[str], codec: PositionCodec) -> None:
        self.lines = lines
        self._codec = codec

    def place(self, line: int, col: int) -> types.Position:
        """A place for the client, given by its line from 1 and its character from 0."""
        return self._codec.position_to_client_units(self.lines, types.Position(max(0, line - 1), max(0, col)))

    def place_of_byte(self, place: Position) -> types.Position:
        """A place for the client, given by its line from 1 and its byte from 0."""
        data = self.line(place.line).encode("utf-8", "surrogatepass")[: place.col]
        return self.place(place.line, len(data.decode("utf-8", "ignore")))

    def place_of_offset(self, offset: int) -> types.Position:
        """A place for the client, given by how many characters stand before it."""
        for number, line in enumerate(self.lines, start=1):
            if offset < len(line):
                return self.place(number, offset)
            offset -= len(line)
        return self.place(len(self.lines) + 1, 0) if offset == 0 else self.place(len(self.lines), offset)

    def byte_at(self, position: types.Position) -> Position:
        """A place of the client, by its line from 1 and its byte from 0."""
        found = self._codec.position_from_client_units(self.lines, position)
        before = self.line(found.line + 1)[: found.character]
        return Position(found.line + 1, len(before.encode("utf-8", "surrogatepass")))

    def line(self, number: int) -> str:
        """A line without its end; empty for one that is not there."""
        return self.lines[number - 1].rstrip("\r\n") if 0 < number <= len(self.lines) else ""


def diagnostic(finding: Shown, text: Text, folder: Path) -> types.Diagnostic:
    """A finding in a text; paths of other places are relative to a folder."""
    rule = rule_of(finding.code)
    tag = _TAGS.get(rule.name) if rule is not None else None
    page = find_page(finding.code)
    return types.Diagnostic(
        range=types.Range(
            text.place(finding.line, finding.col), text.place(finding.end.line, finding.end.col)
        ),
        message=finding.message,
        severity=_severity(finding),
        code=finding.code,
        code_description=types.CodeDescription(page.as_uri()) if page is not None else None,
        source=SOURCE,
        tags=[tag] if tag is not None else None,
        related_information=[
            types.DiagnosticRelatedInformation(
                types.Location(
                    Path(os.path.join(folder, other.path)).as_uri(),
                    types.Range(types.Position(other.line - 1, 0), types.Position(other.line, 0)),
                ),
                other.text,
            )
            for other in finding.others
        ],
    )


def _severity(finding: Shown) -> types.DiagnosticSeverity:
    """A bug is an error, a likely bug a warning, and advice less than that."""
    if finding.is_advice:
        kinds = types.DiagnosticSeverity.Information, types.DiagnosticSeverity.Hint
    else:
        kinds = types.DiagnosticSeverity.Error, types.DiagnosticSeverity.Warning
    return kinds[finding.level != "certain"]


def hover(found: Hover, text: Text) -> types.Hover:
    """The description of a piece of code as the protocol wants it."""
    place = types.Range(text.place_of_byte(found.begin), text.place_of_byte(found.end))
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, found.text), place)


def inlay_hints(found: Mapping[int, str], text: Text, within: types.Range) -> list[types.InlayHint]:
    """Texts by line, each at the end of its line; those in a range."""
    return [
        types.InlayHint(text.place(line, len(text.line(line))), label, padding_left=True)
        for line, label in sorted(found.items())
        if within.start.line < line <= within.end.line + 1
    ]


def mending_action(
    shown: Shown, about: types.Diagnostic, edits: Sequence[tuple[str, str, Edit]], codec: PositionCodec
) -> types.CodeAction:
    """An action that makes some edits, each with the path and the text of its file."""
    changes: dict[str, list[types.TextEdit]] = {}
    for filename, written, edit in edits:
        text = Text(written.splitlines(keepends=True), codec)
        place = types.Range(text.place_of_offset(edit.start), text.place_of_offset(edit.end))
        changes.setdefault(Path(filename).as_uri(), []).append(types.TextEdit(place, edit.text))
    is_safe = shown.fix is None or shown.fix.is_safe
    return types.CodeAction(
        f"Fix {shown.code}" if is_safe else f"Fix {shown.code} (may change more than the bug)",
        kind=types.CodeActionKind.QuickFix,
        diagnostics=[about],
        is_preferred=is_safe,
        edit=types.WorkspaceEdit(changes=changes),
    )


def code_actions(uri: str, text: Text, found: Iterable[types.Diagnostic]) -> Iterator[types.CodeAction]:
    """Actions for some diagnostics of a text: explain or suppress each."""
    for one in found:
        rule = rule_of(str(one.code))
        if one.source != SOURCE or rule is None:
            continue
        yield types.CodeAction(
            f"Explain {rule.code} ({rule.name})",
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[one],
            command=types.Command(f"Explain {rule.code}", EXPLAIN, arguments=[rule.code]),
        )
        insertion = suppress("".join(text.lines), one.range.start.line + 1, rule.code)
        if insertion is not None:
            place = text.place(insertion.line, insertion.col)
            edit = types.TextEdit(types.Range(place, place), insertion.text)
            yield types.CodeAction(
                f"Suppress {rule.code} on this line",
                kind=types.CodeActionKind.QuickFix,
                diagnostics=[one],
                edit=types.WorkspaceEdit(changes={uri: [edit]}),
            )
