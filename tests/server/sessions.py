"""A session of an editor with the server, over its standard input and output."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from lsprotocol import types
from pytest_lsp import LanguageClient, client_capabilities, make_test_lsp_client

PATIENCE = 20.0
"""Seconds; the machine may be busy."""


class Session:
    """An editor that has a folder open; ``texts`` are those of its buffers, saved or not."""

    def __init__(self, client: LanguageClient, root: Path) -> None:
        self.client = client
        self.root = root
        self.texts: dict[str, str] = {}
        self._versions: dict[str, int] = {}

    def uri(self, path: str) -> str:
        return (self.root / path).as_uri()

    def open(self, path: str, text: str | None = None) -> None:
        self.texts[path] = (self.root / path).read_text(encoding="utf-8") if text is None else text
        self._versions[path] = 1
        item = types.TextDocumentItem(self.uri(path), "python", 1, self.texts[path])
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def replace(self, path: str, old: str, new: str) -> None:
        """Type a text in place of another one, as editors tell it: only what changes."""
        before = self.texts[path]
        at = before.index(old)
        begin, end = _position(before, at), _position(before, at + len(old))
        change = types.TextDocumentContentChangePartial(types.Range(begin, end), new)
        self.texts[path] = before[:at] + new + before[at + len(old) :]
        self._versions[path] += 1
        document = types.VersionedTextDocumentIdentifier(self._versions[path], self.uri(path))
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))

    def close(self, path: str) -> None:
        document = types.TextDocumentIdentifier(self.uri(path))
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(document))

    def diagnostics(self, path: str) -> list[types.Diagnostic] | None:
        """What is shown of a file now; None where nothing was said yet."""
        found = self.client.diagnostics.get(self.uri(path))
        return None if found is None else list(found)

    async def codes(self, path: str, expected: list[str]) -> list[types.Diagnostic]:
        """Wait until a file has these findings."""
        end = asyncio.get_running_loop().time() + PATIENCE
        while True:
            found = self.diagnostics(path)
            codes = None if found is None else [str(one.code) for one in found]
            if codes == expected or asyncio.get_running_loop().time() > end:
                assert codes == expected
                return found or []
            await asyncio.sleep(0.05)

    async def hover(self, path: str, code: str) -> str:
        """What is shown over the first letter of some code; empty for nothing."""
        where = _position(self.texts[path], self.texts[path].index(code))
        document = types.TextDocumentIdentifier(self.uri(path))
        found = await self.client.text_document_hover_async(types.HoverParams(document, where))
        return "" if found is None else found.contents.value  # type: ignore[union-attr]


def _position(text: str, at: int) -> types.Position:
    """A place as the protocol counts: in UTF-16."""
    line = text.rfind("\n", 0, at) + 1
    return types.Position(text.count("\n", 0, at), len(text[line:at].encode("utf-16-le")) // 2)


def run_session(
    root: Path,
    play: Callable[[Session], Awaitable[None]],
    *arguments: str,
    options: Mapping[str, Any] | None = None,
) -> None:
    """Start the server with some arguments, open a folder, do what ``play`` does, and end the session."""

    async def run() -> None:
        client = make_test_lsp_client()
        client.feature(types.CLIENT_REGISTER_CAPABILITY)(lambda params: None)
        environment = {**os.environ, "FLAKE8_ASYNC_FASTAPI_CACHE_DIR": "off"}
        command = [sys.executable, "-m", "flake8_async_fastapi.cli", "server", *arguments]
        await client.start_io(*command, cwd=root.parent, env=environment)
        folder = types.WorkspaceFolder(root.as_uri(), root.name)
        capabilities = client_capabilities("visual-studio-code")
        await client.initialize_session(
            types.InitializeParams(
                capabilities=capabilities, workspace_folders=[folder], initialization_options=options
            )
        )
        try:
            await play(Session(client, root))
            await asyncio.wait_for(client.shutdown_session(), PATIENCE)
        except BaseException:
            if client._server is not None:
                client._server.kill()  # it waits for the end of a session that does not come
            raise
        finally:
            await client.stop()

    asyncio.run(run())
