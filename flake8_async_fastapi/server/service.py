"""The server of one editor: its open documents, and the schedule of work on them.

All work on projects is done in one thread, so that the loop can hear of further edits meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final, TypeVar

from lsprotocol import types
from pygls.lsp.server import LanguageServer
from pygls.uris import to_fs_path

from flake8_async_fastapi import __version__
from flake8_async_fastapi.check.report import Shown
from flake8_async_fastapi.check.run import CheckError
from flake8_async_fastapi.faults import survive
from flake8_async_fastapi.server import messages
from flake8_async_fastapi.server.folders import Folder, open_folder

T = TypeVar("T")
_DELAY: Final = 0.15
"""Seconds without an edit after which the buffers are checked."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """The text of an open document at one time."""

    uri: str
    filename: str
    text: str
    version: int | None


@dataclass(frozen=True, slots=True)
class Found:
    """The findings in a buffer, whose other places are relative to a folder."""

    buffer: Buffer
    shown: list[Shown]
    folder: Path


class Server(LanguageServer):
    """The server of one editor; ``arguments`` are flake8's."""

    def __init__(self, arguments: Sequence[str], *, shows_hints: bool) -> None:
        super().__init__("flake8-async-fastapi", __version__)
        self.arguments = arguments
        self.shows_hints = shows_hints
        self.roots: list[Path] = []
        self.watches_files = False
        self._folders: dict[Path, Folder | None] = {}
        """Those that were asked for; None for one whose configuration is of no use."""
        self._published: dict[str, Found] = {}
        self._worker = ThreadPoolExecutor(1)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._check: asyncio.Task[None] | None = None
        self._changes = 0
        self._disk_changed = self._configuration_changed = False

    # --- what is open ---------------------------------------------------------------------

    def buffers(self) -> list[Buffer]:
        """The open documents that are files."""
        found = (self.buffer(uri) for uri in self.workspace.text_documents)
        return [buffer for buffer in found if buffer is not None]

    def buffer(self, uri: str) -> Buffer | None:
        """An open document; None for one that is no file, or is not open."""
        document = self.workspace.text_documents.get(uri)
        path = to_fs_path(uri) if uri.startswith("file:") else None
        if document is None or path is None:
            return None
        return Buffer(uri, path, document.source, document.version)

    def text(self, uri: str) -> messages.Text:
        """The lines of an open document."""
        document = self.workspace.get_text_document(uri)
        return messages.Text(document.lines, document.position_codec)

    # --- in the loop ----------------------------------------------------------------------

    async def work(self, work: Callable[[], T]) -> T:
        """Do some work on the projects. Later requests wait."""
        self._loop = asyncio.get_running_loop()
        return await self._loop.run_in_executor(self._worker, work)

    def schedule(self, delay: float = _DELAY, *, disk: bool = False, configuration: bool = False) -> None:
        """Check some open documents after a delay, together with those already scheduled.

        ``disk`` and ``configuration`` say that files changed, or the settings.
        """
        self._changes += 1
        self._disk_changed |= disk
        self._configuration_changed |= configuration
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(delay, self._begin)

    def _begin(self) -> None:
        self._check = asyncio.get_running_loop().create_task(self._publish())

    async def _publish(self) -> None:
        buffers, changes = self.buffers(), self._changes
        for found in await self.work(lambda: self._find_all(buffers, changes)):
            buffer = found.buffer
            document = self.workspace.text_documents.get(buffer.uri)
            if document is None or document.version != buffer.version:
                continue  # a later check answers for the text of now
            if self._published.get(buffer.uri) != found:
                self._published[buffer.uri] = found
                text = self.text(buffer.uri)
                said = [messages.diagnostic(one, text, found.folder) for one in found.shown]
                self.text_document_publish_diagnostics(
                    types.PublishDiagnosticsParams(buffer.uri, said, version=buffer.version)
                )

    def found(self, uri: str) -> Found | None:
        """The latest findings in a document; None if nothing was published for it."""
        return self._published.get(uri)

    def clear(self, uri: str) -> None:
        """A document is closed, and nothing is shown of it any more."""
        self._published.pop(uri, None)
        self.text_document_publish_diagnostics(types.PublishDiagnosticsParams(uri, []))

    # --- in the thread --------------------------------------------------------------------

    def folder_with(self, buffer: Buffer) -> Folder | None:
        """The folder of a buffer, which then knows its text; None if its configuration is of no use."""
        folder = self.folder_of(buffer.filename)
        if folder is not None and folder.buffers.get(buffer.filename) != buffer.text:
            folder.set_text(buffer.filename, buffer.text)
        return folder

    def folder_of(self, filename: str) -> Folder | None:
        """The innermost folder of the editor that a file lies in, or the one that it lies in directly."""
        above = [root for root in self.roots if root in Path(filename).parents]
        path = max(above, key=lambda root: len(root.parts), default=Path(filename).parent)
        if path not in self._folders:
            try:
                self._folders[path] = open_folder(path, self.arguments)
            except (CheckError, OSError) as error:
                self._folders[path] = None
                self._warn(f"flake8-async-fastapi does not check {path}: {error}")
            gc.collect()
            gc.freeze()  # what lives as long as the server is not looked through again and again
        return self._folders[path]

    def _warn(self, text: str) -> None:
        shown = types.ShowMessageParams(types.MessageType.Warning, text)
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self.window_show_message, shown)

    def _find_all(self, buffers: Sequence[Buffer], changes: int) -> list[Found]:
        """The findings of all buffers that parse; of the first ones, if something changes meanwhile."""
        self._read_changed()
        for buffer in buffers:  # all of them, before the first is checked
            survive(buffer.filename, "read", partial(self.folder_with, buffer))
        found = []
        for buffer in buffers:
            if self._changes != changes:
                break
            one = survive(buffer.filename, "checked", partial(self._find, buffer))
            if one is not None:
                found.append(one)
        return found

    def _find(self, buffer: Buffer) -> Found | None:
        """The findings in a buffer; None if it does not parse."""
        folder = self.folder_with(buffer)
        shown = folder.find(buffer.filename) if folder is not None else None
        return None if folder is None or shown is None else Found(buffer, shown, folder.projects.cwd)

    def _read_changed(self) -> None:
        """Apply changes on disk."""
        disk, configuration = self._disk_changed, self._configuration_changed
        self._disk_changed = self._configuration_changed = False
        if configuration:
            self._folders.clear()
        elif disk:
            for folder in filter(None, self._folders.values()):
                survive(str(folder.path), "read", folder.read_disk)

    def close(self, filename: str) -> None:
        """Forget the text of a buffer that is closed."""
        folder = self.folder_of(filename)
        if folder is not None:
            folder.close(filename)
