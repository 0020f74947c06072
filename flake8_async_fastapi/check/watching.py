"""Wait until a file of a project changes."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, TypeAlias

from flake8_async_fastapi.store.sources import project_files

_PAUSE: Final = 0.5
"""Seconds between two looks: nobody waits longer, and a look takes milliseconds."""

State: TypeAlias = dict[str, tuple[int, int]]


def wait_for_change(roots: Sequence[Path], before: State) -> tuple[list[str], State]:
    """Return the files below some roots that differ from a state, once there are any, and the new state."""
    while True:
        time.sleep(_PAUSE)
        now = look(roots)
        changed = sorted(path for path in before | now if before.get(path) != now.get(path))
        if changed:
            return changed, now


def look(roots: Sequence[Path]) -> State:
    """The state of the files below some roots."""
    found = {}
    for root in roots:
        for path in project_files(root):
            try:
                status = os.stat(root / path)
            except OSError:  # gone since the folder was listed
                continue
            found[str(root / path)] = status.st_mtime_ns, status.st_size
    return found
