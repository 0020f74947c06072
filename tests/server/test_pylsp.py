"""The plugin under python-lsp-server, which runs flake8 on the text of the buffer."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("pylsp", reason="python-lsp-server is not installed")

from pylsp_jsonrpc.streams import JsonRpcStreamReader, JsonRpcStreamWriter

PATIENCE = 60
"""Seconds; the machine may be busy."""
OTHERS = ("pycodestyle", "pyflakes", "mccabe", "pylint", "pydocstyle", "autopep8", "yapf")
GOOD = """import asyncio


async def main() -> None:
    await asyncio.sleep(1)
"""


class Client:
    """Says what an editor says, and keeps what it is told."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin is not None and process.stdout is not None
        self._writer = JsonRpcStreamWriter(process.stdin)
        self._told: queue.Queue[dict[str, Any]] = queue.Queue()
        reader = JsonRpcStreamReader(process.stdout)
        threading.Thread(target=reader.listen, args=(self._told.put,), daemon=True).start()
        self._number = 0

    def notify(self, method: str, **params: Any) -> None:
        self._writer.write({"jsonrpc": "2.0", "method": method, "params": params})

    def ask(self, method: str, **params: Any) -> Any:
        self._number += 1
        number = self._number
        self._writer.write({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        return self._wait(lambda message: message.get("id") == number)["result"]

    def codes(self, expected: list[str]) -> None:
        """Wait until the last that is said of the findings is this."""
        self._wait(lambda message: codes_in(message) == expected)

    def _wait(self, is_it: Any) -> dict[str, Any]:
        while True:
            message = self._told.get(timeout=PATIENCE)
            if is_it(message):
                return message


def codes_in(message: dict[str, Any]) -> list[str] | None:
    if message.get("method") != "textDocument/publishDiagnostics":
        return None
    return [str(one["code"]) for one in message["params"]["diagnostics"]]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    environment = {**os.environ, "FLAKE8_ASYNC_FASTAPI_CACHE_DIR": "off"}
    command = [sys.executable, "-m", "pylsp"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, cwd=tmp_path, env=environment) as process:
        try:
            yield Client(process)
            process.wait(PATIENCE)
        finally:
            process.kill()


@pytest.mark.slow
def test_findings_come_and_go_while_typing(tmp_path: Path, client: Client) -> None:
    (tmp_path / "setup.cfg").write_text("[flake8]\nselect = AFA\n", encoding="utf-8")
    (tmp_path / "main.py").write_text(GOOD, encoding="utf-8")
    flake8 = tmp_path / "flake8"  # that of this Python; an editor finds the one on its PATH
    flake8.write_text(f"#!{sys.executable}\nfrom flake8.main.cli import main\n\nraise SystemExit(main())\n")
    flake8.chmod(0o755)
    plugins = {
        "flake8": {"enabled": True, "executable": str(flake8)},
        **{name: {"enabled": False} for name in OTHERS},
    }
    uri = (tmp_path / "main.py").as_uri()

    client.ask("initialize", processId=None, rootUri=tmp_path.as_uri(), capabilities={})
    client.notify("initialized")
    settings = {"pylsp": {"configurationSources": ["flake8"], "plugins": plugins}}
    client.notify("workspace/didChangeConfiguration", settings=settings)
    document = {"uri": uri, "languageId": "python", "version": 1, "text": GOOD}
    client.notify("textDocument/didOpen", textDocument=document)
    client.codes([])
    for version, text in enumerate((GOOD.replace("    await ", "    "), GOOD), start=2):
        client.notify(
            "textDocument/didChange",
            textDocument={"uri": uri, "version": version},
            contentChanges=[{"text": text}],
        )
        client.codes(["AFA105"] if text != GOOD else [])
    client.ask("shutdown")
    client.notify("exit")
