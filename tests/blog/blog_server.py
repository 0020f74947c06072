"""Starts a variant of the blog under uvicorn, in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from blog_marks import BLOG


@dataclass
class Served:
    url: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextmanager
def serve(variant: str, folder: Path) -> Iterator[Served]:
    """Copy nothing, write only to the folder, and stop the server at the end."""
    port = free_port()
    environment = {
        **os.environ,
        "BLOG_PASSWORD_ROUNDS": "4",
        "PYTHONPATH": str(BLOG / variant),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    log = folder / "server.log"
    command = [sys.executable, "-m", "uvicorn", "app.main:app", "--port", str(port), "--log-level", "warning"]
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        try:
            _wait_until_it_answers(process, port, log)
            yield Served(f"http://127.0.0.1:{port}")
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_it_answers(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            httpx.get(f"http://127.0.0.1:{port}/", timeout=5, trust_env=False)
            return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"the blog did not start:\n{log.read_text()}")
