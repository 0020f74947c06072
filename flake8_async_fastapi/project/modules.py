"""Which file an import means, for any layout of a project.

Nothing declares where the import path of a project starts: at the root, in ``src/``, or in one of several
services of a monorepo. So a file can be imported by any tail of its path that starts in a folder without
``__init__.py``. If several files match, the one nearest to the importing file wins. If none does, the
program may be started inside a package: then its modules do not write the name of the package.
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterable
from typing import Final

from msgspec import Struct

from flake8_async_fastapi.knowledge import is_blocking_root, is_known_root

_TEST_FILE: Final = re.compile(r"(^|/)(tests?/|conftest\.py$|test_[^/]*\.py$|[^/]*_test\.py$)")


class Modules(Struct, frozen=True):
    """The modules of a project, by the tails of their dotted paths."""

    paths: frozenset[str]
    packages: frozenset[str]
    """Folders that hold an ``__init__.py``; the root is the empty text."""
    by_last: dict[str, tuple[str, ...]]
    """The files by the last part of their dotted names."""
    folders: dict[str, tuple[str, ...]]
    """Folders without ``__init__.py`` that hold modules, by their last part."""
    package: str = ""
    """The name of the root's own folder, where that is a package; empty where it is none."""

    def find(self, dotted: str, importer: str) -> str | None:
        """The file that ``import dotted`` in the file ``importer`` loads, or None.

        The result is also None if two files match equally well, or if the name belongs to a library and no
        file is where it would shadow the library.
        """
        parts = dotted.split(".")
        tail = "/".join(parts)
        found = []
        for path in self.by_last.get(parts[-1], ()):
            module = module_folder(path)
            if module == tail or module.endswith("/" + tail):
                base = module[: -len(tail)].rstrip("/")
                if self._is_import_base(base) and self._may_shadow(parts[0], base):
                    found.append((path, base))
        if found:
            return _nearest(found, importer)
        inside = self._inside(dotted)
        return self.at(inside) if inside is not None else self._beside(dotted, importer)

    def is_folder(self, dotted: str, importer: str) -> bool:
        """Whether the name is a namespace package: a folder with modules, but without ``__init__.py``.

        A folder with the name of a library does not count: Python prefers a package that has an
        ``__init__.py``.
        """
        if _is_library(dotted.partition(".")[0]):
            return False
        inside = self._inside(dotted)
        if inside and self.is_folder(inside, importer):
            return True
        tail = dotted.replace(".", "/")
        last = dotted.rpartition(".")[2]
        return any(
            (folder == tail or folder.endswith("/" + tail))
            and self._is_import_base(folder[: -len(tail)].rstrip("/"))
            for folder in self.folders.get(last, ())
        )

    def relative(self, importer: str, level: int, module: str) -> str | None:
        """The dotted path from the root that a relative import means; None if it leads above the root."""
        parts = importer.split("/")[:-1]
        if level - 1 > len(parts):
            return None
        kept = parts[: len(parts) - (level - 1)]
        return ".".join([*kept, *filter(None, module.split("."))])

    def at(self, dotted: str) -> str | None:
        """The file with this dotted path from the root, or None."""
        stem = dotted.replace(".", "/")
        for path in (f"{stem}.py", f"{stem}/__init__.py" if stem else "__init__.py"):
            if path in self.paths:
                return path
        return None

    def _inside(self, dotted: str) -> str | None:
        """The path from the root for a name that begins with the root's own package; None for other names."""
        top, _, rest = dotted.partition(".")
        is_own = bool(top) and top == self.package and not _is_library(top)
        return rest if is_own else None

    def _beside(self, dotted: str, importer: str) -> str | None:
        """The file that a name means if the program starts in the outermost package around ``importer``."""
        base = _outermost_package(importer, self.packages)
        top = dotted.partition(".")[0]
        if not base or _is_library(top) or is_blocking_root(top):
            return None
        found = self.at(f"{base.replace('/', '.')}.{dotted}")
        return found if found != importer else None  # a module that imports its own name means a library

    def _is_import_base(self, base: str) -> bool:
        return base not in self.packages or base == ""

    def _may_shadow(self, top: str, base: str) -> bool:
        return not _is_library(top) or base in ("", "src")


@functools.cache
def _is_library(top: str) -> bool:
    return top in sys.stdlib_module_names or is_known_root(top)


def _outermost_package(path: str, packages: frozenset[str]) -> str:
    """The topmost package around a file; empty if none is. Folders below it need no ``__init__.py``."""
    folder = path.rpartition("/")[0]
    while folder and folder not in packages:
        folder = folder.rpartition("/")[0]
    outermost = ""
    while folder and folder in packages:
        outermost, folder = folder, folder.rpartition("/")[0]
    return "" if "" in packages else outermost


def module_folder(path: str) -> str:
    """``a/b.py`` and ``a/b/__init__.py`` as ``a/b``."""
    stem = path.removesuffix(".py").removesuffix(".pyi")
    return stem.removesuffix("/__init__") if stem != "__init__" else ""


def index_modules(paths: Iterable[str], package: str = "") -> Modules:
    """Index the files of a project, given relative to its root; ``package`` as in ``Modules``."""
    known = frozenset(paths)
    packages = frozenset(path.rpartition("/")[0] for path in known if path.endswith("__init__.py"))
    by_last: dict[str, list[str]] = {}
    folders: set[str] = set()
    for path in sorted(known):
        by_last.setdefault(module_folder(path).rpartition("/")[2], []).append(path)
        folder = path.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    by_folder: dict[str, list[str]] = {}
    for folder in sorted(folders - packages):
        by_folder.setdefault(folder.rpartition("/")[2], []).append(folder)
    return Modules(
        known,
        packages,
        {last: tuple(found) for last, found in by_last.items()},
        {last: tuple(found) for last, found in by_folder.items()},
        package,
    )


def _nearest(found: list[tuple[str, str]], importer: str) -> str | None:
    """The file whose base is the deepest folder above the importer; otherwise the only file."""
    above = [(path, base) for path, base in found if not base or importer.startswith(base + "/")]
    if above:
        deepest = max(len(base) for _, base in above)
        best = [path for path, base in above if len(base) == deepest]
    else:
        best = [path for path, _ in found]
    return best[0] if len(best) == 1 else None


def is_test(path: str) -> bool:
    """Whether a file is a test, by its folder and its name."""
    return _TEST_FILE.search(path) is not None
