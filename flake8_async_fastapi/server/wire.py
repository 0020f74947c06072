"""The requests and notifications of the protocol, each with the server's reaction."""

from __future__ import annotations

import ast
import contextlib
import logging
import os
import sys
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.uris import to_fs_path

from flake8_async_fastapi.check.report import rule_of
from flake8_async_fastapi.faults import LOG
from flake8_async_fastapi.pages import find_page
from flake8_async_fastapi.server import messages
from flake8_async_fastapi.server.hints import find_hints
from flake8_async_fastapi.server.hovers import Hover, find_hover
from flake8_async_fastapi.server.mending import edits_for
from flake8_async_fastapi.server.service import Server
from flake8_async_fastapi.store.sources import TEMPLATE_SUFFIXES

_STACK: Final = 128 * 1024 * 1024
"""Bytes: deep code needs a deep stack, and threads after the first have a small one."""
_SETTINGS: Final = (".flake8", "setup.cfg", "tox.ini", "pyproject.toml")
_SUFFIXES: Final = (
    "py",
    *(suffix[1:] for suffix in TEMPLATE_SUFFIXES),
    "txt",
    "in",
    "toml",
    "cfg",
    "ini",
    "lock",
)
_WATCHED: Final = (f"**/*.{{{','.join(_SUFFIXES)}}}", "**/.flake8")


def serve(arguments: Sequence[str], *, shows_hints: bool) -> None:
    """Serve one editor on standard input and output; ``arguments`` are flake8's."""
    LOG.addHandler(logging.StreamHandler(sys.stderr))
    with contextlib.suppress(ValueError):
        threading.stack_size(_STACK)
    server = make_server(arguments, shows_hints=shows_hints)
    with os.fdopen(os.dup(sys.stdout.fileno()), "wb") as stream, contextlib.redirect_stdout(sys.stderr):
        server.start_io(sys.stdin.buffer, stream)  # which closes the stream, and nothing else writes to it


def make_server(arguments: Sequence[str], *, shows_hints: bool = False) -> Server:
    """A server that answers all that it knows of."""
    server = Server(arguments, shows_hints=shows_hints)
    for name, answer, *options in _FEATURES:
        server.feature(name, *options)(answer)
    server.command(messages.EXPLAIN)(_explain)
    return server


# --- the session ---------------------------------------------------------------------------


def _initialize(server: Server, params: types.InitializeParams) -> None:
    folders = [folder.uri for folder in params.workspace_folders or ()]
    uris = folders or ([params.root_uri] if params.root_uri else [])
    server.roots = [Path(path) for uri in uris if (path := to_fs_path(uri))]
    options = params.initialization_options
    if isinstance(options, dict) and isinstance(options.get("inlayHints"), bool):
        server.shows_hints = options["inlayHints"]


async def _initialized(server: Server, params: types.InitializedParams) -> None:
    workspace = server.client_capabilities.workspace
    watching = workspace.did_change_watched_files if workspace is not None else None
    if watching is not None and watching.dynamic_registration:
        watchers = [types.FileSystemWatcher(pattern) for pattern in _WATCHED]
        wanted = types.Registration(
            "watched-files",
            types.WORKSPACE_DID_CHANGE_WATCHED_FILES,
            types.DidChangeWatchedFilesRegistrationOptions(watchers),
        )
        with contextlib.suppress(JsonRpcException):  # a client that does not do what it said
            await server.client_register_capability_async(types.RegistrationParams([wanted]))
            server.watches_files = True
    for root in server.roots:  # it takes time, so before it is asked for
        await server.work(lambda root=root: server.folder_of(str(root / "x.py")))  # type: ignore[misc]


def _folders_changed(server: Server, params: types.DidChangeWorkspaceFoldersParams) -> None:
    gone = {to_fs_path(folder.uri) for folder in params.event.removed}
    came = [Path(path) for folder in params.event.added if (path := to_fs_path(folder.uri))]
    server.roots = [root for root in server.roots if str(root) not in gone] + came
    server.schedule(configuration=True)


# --- documents -----------------------------------------------------------------------------


def _opened(server: Server, params: types.DidOpenTextDocumentParams) -> None:
    server.schedule(0)


def _changed(server: Server, params: types.DidChangeTextDocumentParams) -> None:
    server.schedule()


def _saved(server: Server, params: types.DidSaveTextDocumentParams) -> None:
    path = Path(params.text_document.uri)
    if not server.watches_files:
        server.schedule(disk=True, configuration=path.name in _SETTINGS)


async def _closed(server: Server, params: types.DidCloseTextDocumentParams) -> None:
    uri = params.text_document.uri
    path = to_fs_path(uri)
    server.clear(uri)
    if path is not None:
        await server.work(lambda: server.close(path))
        server.schedule()


def _files_changed(server: Server, params: types.DidChangeWatchedFilesParams) -> None:
    names = {Path(change.uri).name for change in params.changes}
    server.schedule(disk=True, configuration=not names.isdisjoint(_SETTINGS))


# --- questions -----------------------------------------------------------------------------


async def _hover(server: Server, params: types.HoverParams) -> types.Hover | None:
    buffer = server.buffer(params.text_document.uri)
    if buffer is None:
        return None
    text = server.text(buffer.uri)
    place = text.byte_at(params.position)

    def find() -> Hover | None:
        folder = server.folder_with(buffer)
        tree = _parsed(buffer.text)
        if folder is None or tree is None:
            return None
        return find_hover(tree, folder.projects.events(buffer.filename), place)

    found = await server.work(find)
    return None if found is None else messages.hover(found, text)


async def _inlay_hints(server: Server, params: types.InlayHintParams) -> list[types.InlayHint] | None:
    buffer = server.buffer(params.text_document.uri)
    if buffer is None or not server.shows_hints:
        return None
    text = server.text(buffer.uri)

    def find() -> dict[int, str]:
        folder = server.folder_with(buffer)
        if folder is None or _parsed(buffer.text) is None:
            return {}
        return find_hints(folder.projects.events(buffer.filename))

    return messages.inlay_hints(await server.work(find), text, params.range)


def _parsed(text: str) -> ast.Module | None:
    try:
        return ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


async def _code_actions(server: Server, params: types.CodeActionParams) -> list[types.CodeAction]:
    uri, about = params.text_document.uri, params.context.diagnostics
    fixes = await _fixes(server, uri, about)
    return [*fixes, *messages.code_actions(uri, server.text(uri), about)]


async def _fixes(server: Server, uri: str, about: Sequence[types.Diagnostic]) -> list[types.CodeAction]:
    """Fixes for some diagnostics of a text, unless it has changed since they were found."""
    found, buffer = server.found(uri), server.buffer(uri)
    if found is None or buffer is None or found.buffer.text != buffer.text:
        return []
    text, codec = server.text(uri), server.workspace.position_codec
    texts = {one.filename: one.text for one in server.buffers()}
    actions = []
    for one in about:
        for shown in found.shown:
            begins = text.place(shown.line, shown.col)
            if (shown.code, shown.message, begins) == (one.code, one.message, one.range.start):
                edits = await server.work(partial(edits_for, shown, found.folder, texts))
                if edits:
                    actions.append(messages.mending_action(shown, one, edits, codec))
    return actions


async def _explain(server: Server, code: str) -> None:
    page, rule = find_page(code), rule_of(code)
    window = server.client_capabilities.window
    if page is not None and window is not None and window.show_document is not None:
        await server.window_show_document_async(types.ShowDocumentParams(page.as_uri(), take_focus=True))
    elif rule is not None:
        text = f"{rule.code} ({rule.name}): {rule.summary}"
        server.window_show_message(types.ShowMessageParams(types.MessageType.Info, text))


_ACTIONS: Final = types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix])
_FEATURES: Final[Sequence[tuple[Any, ...]]] = (
    (types.INITIALIZE, _initialize),
    (types.INITIALIZED, _initialized),
    (types.WORKSPACE_DID_CHANGE_WORKSPACE_FOLDERS, _folders_changed),
    (types.WORKSPACE_DID_CHANGE_WATCHED_FILES, _files_changed),
    (types.TEXT_DOCUMENT_DID_OPEN, _opened),
    (types.TEXT_DOCUMENT_DID_CHANGE, _changed),
    (types.TEXT_DOCUMENT_DID_SAVE, _saved),
    (types.TEXT_DOCUMENT_DID_CLOSE, _closed),
    (types.TEXT_DOCUMENT_HOVER, _hover),
    (types.TEXT_DOCUMENT_INLAY_HINT, _inlay_hints),
    (types.TEXT_DOCUMENT_CODE_ACTION, _code_actions, _ACTIONS),
)
