"""Arguments on which it depends whether a call of `blocking.py` blocks, and calls that are always brief.

An argument is given by its position and its keyword.

Source: the libraries' documentation.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

ONLY_IF_GIVEN: Final[Mapping[str, tuple[int, str]]] = {
    "ldap3.Connection": (3, "auto_bind"),
    "psutil.cpu_percent": (0, "interval"),
    "psutil.cpu_times_percent": (0, "interval"),
    "psutil.Process.cpu_percent": (0, "interval"),
}
"""Calls that block only with an argument."""

UNLESS_BRIEF: Final[Mapping[str, tuple[int, str]]] = {
    "time.sleep": (0, "seconds"),
    "psutil.cpu_percent": (0, "interval"),
    "psutil.cpu_times_percent": (0, "interval"),
    "psutil.Process.cpu_percent": (0, "interval"),
    "concurrent.futures.Future.result": (0, "timeout"),
    "concurrent.futures.Future.exception": (0, "timeout"),
    "threading.Thread.join": (0, "timeout"),
    "threading.Event.wait": (0, "timeout"),
    "queue.Queue.get": (1, "timeout"),
}
"""Calls that wait for at most the time in an argument."""

BRIEF: Final = 0.005
"""Seconds that a loop may stop without anybody noticing: other callbacks take as long."""

UNLESS_FALSE: Final[Mapping[str, tuple[int, str]]] = {
    "ldap3.Connection": (3, "auto_bind"),
    "queue.Queue.get": (0, "block"),
    "multiprocessing.Queue.get": (0, "block"),
    "concurrent.futures.Executor.shutdown": (0, "wait"),
}
"""Calls that do not block if an argument is False."""

ONLY_IF_BYTES: Final[Mapping[str, tuple[int, str]]] = {"io.BufferedWriter.write": (0, "b")}
"""Calls that take a moment with a text: bytes may be many, as those of an upload or of a response."""

ONLY_OF_TYPE: Final[Mapping[str, tuple[int, str, frozenset[str]]]] = {
    "json.load": (0, "fp", frozenset({"tempfile.SpooledTemporaryFile"})),
    **{
        f"sqlalchemy.MetaData.{name}": (
            0, "bind", frozenset({"sqlalchemy.engine.Engine", "sqlalchemy.engine.Connection"})
        )
        for name in ("create_all", "drop_all", "reflect")
    },
    "jinja2.Environment": (99, "loader", frozenset({"jinja2.FileSystemLoader", "jinja2.PackageLoader"})),
}
"""Calls that block only with an argument of one of some types."""

BRIEF_CALLS: Final[frozenset[str]] = frozenset({
    "PIL.Image.open",  # reads the header
    "io.fdopen",
    "os.fdopen",
    "os.listdir",
    "os.scandir",
    "pandas.DataFrame.groupby",  # works when its groups are asked for
    "pathlib.Path.iterdir",
    "pathlib.Path.write_text",  # stays in memory at first
    "socket.socket.send",  # into a buffer of the kernel
    "socket.socket.sendto",
    "sqlite3.connect",
    "tempfile.NamedTemporaryFile",
    "tempfile.SpooledTemporaryFile",
    "tempfile.SpooledTemporaryFile.seek",
    "tempfile.TemporaryDirectory",
    "tempfile.TemporaryFile",
    "tempfile.mkdtemp",
    "tempfile.mkstemp",
    "zipfile.ZipFile.read",  # one member
})
"""Calls that take a moment, however large what they belong to is; in a loop they add up."""

BRIEF_TO_WRITE: Final[Mapping[str, tuple[int, str]]] = {
    "builtins.open": (1, "mode"),
    "codecs.open": (1, "mode"),
    "io.open": (1, "mode"),
    "pathlib.Path.open": (0, "mode"),
}
"""Calls that open a file, with the argument that says how: what is written stays in memory at first."""

BRIEF_PATTERNS: Final[Mapping[str, tuple[int, str]]] = {
    "glob.glob": (0, "pathname"),
    "glob.iglob": (0, "pathname"),
    "pathlib.Path.glob": (0, "pattern"),
}
"""Calls that list one folder, unless their pattern walks through many, by ``**`` or a pattern for folders."""

SHORT_FILES: Final[frozenset[str]] = frozenset({
    ".cfg", ".conf", ".crt", ".css", ".graphql", ".htm", ".html", ".ini", ".j2", ".jinja", ".jinja2", ".js",
    ".json", ".key", ".lua", ".md", ".mustache", ".pem", ".prompt", ".sql", ".svg", ".toml", ".yaml", ".yml",
})  # fmt: skip
"""How the names of templates, settings and the like end, which are short; a ``.txt`` may be a book."""

WRITING_METHODS: Final[frozenset[str]] = frozenset({
    "dump", "to_csv", "to_json", "touch", "write", "write_bytes", "write_text", "writelines",
    "writerow", "writerows",
})  # fmt: skip
"""Methods and functions by which code may write a file."""

BRIEF_IF_CONSTANT: Final[frozenset[str]] = frozenset(
    f"{module}.{name}" for module in ("bz2", "gzip", "lzma", "zlib") for name in ("compress", "decompress")
)
"""Calls that take as long as their input is large, which is a moment for one that the code spells out."""
