"""flake8 with and without the plugin, each run in a process of its own, and what that takes.

Plain flake8 is the same installation with the plugin hidden: flake8 takes the
first distribution of a name that it finds, and an empty one is put in front.
No code is patched, so it holds for worker processes too.  That the plugin is
absent there, and present in the other runs, is checked before measuring.

The other runs use the package beside this folder, whichever is installed: so a
checkout of an older commit measures that commit.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

NAME = "flake8-async-fastapi"
PACKAGE = Path(__file__).resolve().parents[1] / "flake8_async_fastapi"
VARIABLE = "FLAKE8_ASYNC_FASTAPI_CACHE_DIR"
HIDDEN = "0+hidden"


class BenchmarkError(Exception):
    """The figures would mean nothing.  The text is a message for the user."""


class TooLong(Exception):
    """A process was stopped at the time limit."""


@dataclass(frozen=True)
class Run:
    """What a process and those that it started took: CPU seconds, and bytes of the largest of them."""

    seconds: float
    memory: int
    output: str

    @property
    def findings(self) -> frozenset[str]:
        """The lines that flake8 printed of the plugin."""
        return frozenset(line for line in self.output.splitlines() if " AFA" in line)


@dataclass(frozen=True)
class Flake8:
    """flake8, run in a folder that belongs to no project; a run may take ``limit`` seconds."""

    folder: Path
    plain: Mapping[str, str]
    with_plugin: Mapping[str, str]
    limit: float
    about: str = ""
    """The versions of flake8, of its plugins and of Python, and where the plugin's package is."""

    def run(
        self, *arguments: str | Path, cache: Path | None = None, jobs: int = 1, text: str | None = None
    ) -> Run:
        """Run flake8, with the plugin if it is given a cache; ``text`` is its standard input.

        Raises BenchmarkError if flake8 fails, TooLong if it takes longer than the limit.
        """
        environ = self.plain if cache is None else {**self.with_plugin, VARIABLE: str(cache)}
        command = ["-m", "flake8", "--isolated", "--exit-zero", f"--jobs={jobs}", *map(str, arguments)]
        return self.run_python(command, environ, text)

    def run_python(self, command: Sequence[str], environ: Mapping[str, str], text: str | None = None) -> Run:
        """Run this Python.

        Raises BenchmarkError if it fails, TooLong if it takes longer than the limit.
        """
        streams = [self.folder / name for name in ("input", "output", "errors")]
        streams[0].write_text(text or "", encoding="utf-8")
        start = time.monotonic()
        with streams[0].open("rb") as given, streams[1].open("wb") as output, streams[2].open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, *command],
                env=environ,
                cwd=self.folder,  # not the project's: `-m` puts the current folder on the path
                stdin=given,
                stdout=output,
                stderr=errors,
                start_new_session=True,  # so that its workers can be stopped with it
            )
            seconds, memory = _wait(process, self.limit)
        if process.returncode == -signal.SIGKILL and time.monotonic() - start >= self.limit:
            raise TooLong
        if process.returncode:
            message = streams[2].read_text(encoding="utf-8", errors="replace")[-2000:]
            raise BenchmarkError(f"{' '.join(command)} ended with {process.returncode}:\n{message}")
        return Run(seconds, memory, streams[1].read_text(encoding="utf-8", errors="replace"))

    def version(self, *, cache: Path | None = None) -> str:
        """What flake8 tells of its own version and its plugins', of this one if it is given a cache."""
        return " ".join(self.run("--version", cache=cache).output.split())


def find_flake8(folder: Path, limit: float) -> Flake8:
    """Return flake8 as it is installed for this Python, once with the plugin hidden; files go to ``folder``.

    Raises BenchmarkError if the plugin is not installed, cannot be hidden, or is not the package here.
    """
    with_plugin = {**os.environ, "PYTHONPATH": str(PACKAGE.parent)}
    with_plugin["COLUMNS"] = "1000"  # or `--version` would break lines, in names too
    # Whoever installs a package has it compiled; here each run would compile it where that is not kept.
    with_plugin["PYTHONPYCACHEPREFIX"] = str(folder / "compiled")
    with_plugin.pop("PYTHONDONTWRITEBYTECODE", None)
    plain = {**with_plugin, "PYTHONPATH": str(_hide_plugin(folder))}
    flake8 = Flake8(folder, plain, with_plugin, limit)
    if f"{NAME}: {HIDDEN}" not in flake8.version():
        raise BenchmarkError(f"{NAME} is still there where it should be hidden")
    about = flake8.version(cache=folder / "unused")
    if f"{NAME}:" not in about or HIDDEN in about:
        raise BenchmarkError(f"flake8 does not see {NAME}: is it installed for {sys.executable}?")
    where = "import flake8_async_fastapi as plugin; print(*plugin.__path__)"
    used = Path(flake8.run_python(["-c", where], with_plugin).output.strip())
    if used != PACKAGE:
        raise BenchmarkError(f"flake8 uses the plugin in {used}, not the one in {PACKAGE}")
    return replace(flake8, about=f"{about}, plugin in {PACKAGE.parent}")


def _hide_plugin(folder: Path) -> Path:
    """Make a folder for PYTHONPATH that hides the plugin, and return it."""
    hidden = folder / "hidden"
    metadata = hidden / f"{NAME.replace('-', '_')}-{HIDDEN}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {NAME}\nVersion: {HIDDEN}\n")
    # flake8 looks at distributions with an entry point in one of its groups only;
    # this one is a report format that nobody asks for.
    (metadata / "entry_points.txt").write_text("[flake8.report]\nunused = builtins:object\n")
    return hidden


def _wait(process: subprocess.Popen[bytes], limit: float) -> tuple[float, int]:
    """Wait for a process, kill it and its workers at the limit; its CPU seconds, and its bytes."""
    timer = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
    timer.start()
    try:
        _, status, usage = os.wait4(process.pid, 0)
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    finally:
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)  # or its destructor would wait again
    scale = 1 if sys.platform == "darwin" else 1024
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss * scale
