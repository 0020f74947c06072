"""The command ``server`` where it cannot begin."""

from __future__ import annotations

import sys

import pytest

from flake8_async_fastapi import cli


def test_without_pygls_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name.startswith(("pygls", "flake8_async_fastapi.server."))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pygls", None)
    assert cli.main(["server", "--stdio"]) == 2
    assert "pip install 'flake8-async-fastapi[server]'" in capsys.readouterr().err
