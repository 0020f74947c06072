"""A line on the terminal that shows the progress of a long run, and disappears afterwards."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, TextIO

QUIET: Final = 1.0
"""Seconds of work before there is anything to see: short runs stay as they are."""
_PAUSE: Final = 0.1
"""Seconds between two texts: nobody reads faster."""
_WIDTH: Final = 80


@dataclass
class Progress:
    """The progress line on one terminal; without a ``stream`` there is none.

    The clock starts when the object is created. Several processes may write to one terminal: each removes
    its own line.
    """

    stream: TextIO | None
    clock: Callable[[], float] = time.monotonic
    _since: float = field(init=False)
    _shown: int = field(default=0, init=False)
    """Characters on the terminal."""

    def __post_init__(self) -> None:
        self._since = self.clock() + QUIET

    def is_due(self) -> bool:
        """Whether a text would be shown now. Composing one takes time, too."""
        return self.stream is not None and self.clock() >= self._since

    def tell(self, text: str) -> None:
        """Replace the line with a text, if enough time has passed."""
        if self.stream is None or not self.is_due():
            return
        text = text[: _columns(self.stream) - 1]  # a longer one would begin a second line, which stays
        self._write(self.stream, f"\r{text.ljust(self._shown)}")
        self._shown = max(len(text), self._shown)
        self._since = self.clock() + _PAUSE

    def clear(self) -> None:
        """Remove the line."""
        if self.stream is not None and self._shown:
            # Spaces, not a control sequence: there are terminals that would print it.
            self._write(self.stream, f"\r{' ' * self._shown}\r")
            self._shown = 0
            self._since = min(self._since, self.clock())

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except (OSError, ValueError):  # a terminal that was closed is no reason to fail
            self.stream = None


def terminal(stream: TextIO | None) -> TextIO | None:
    """The stream if it is a terminal that can rewrite a line; otherwise None."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        if stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb":
            return stream
    return None


def _columns(stream: TextIO) -> int:
    with contextlib.suppress(OSError, ValueError):
        return os.get_terminal_size(stream.fileno()).columns or _WIDTH
    return _WIDTH
