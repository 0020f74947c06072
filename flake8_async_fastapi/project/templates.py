"""Which file the name of a template means.

The code that sets a project's template folders may not be understood, for example if it uses settings or a
computed path. So a template can be named by any tail of its path, and the one nearest to the Python file
that names it is meant.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field


class Templates(Struct, frozen=True):
    """The templates of a project, by the last part of their paths."""

    by_last: dict[str, tuple[str, ...]] = field(default_factory=dict)

    def find(self, name: str, importer: str, directory: str | None = None) -> str | None:
        """The file that a template's name means, or None.

        ``importer`` is the Python file that renders the template, even if the name is in an ``include`` of
        another template: names do not depend on the template they are written in. ``directory`` is the
        folder in which names begin, or the tail of its path, if known. The result is also None if several
        files match equally well.
        """
        parts = [part for part in name.split("/") if part not in ("", ".")]
        if not parts or ".." in parts:
            return None
        tail = "/" + "/".join(parts)
        found = []
        for path in self.by_last.get(parts[-1], ()):
            rooted = f"/{path}"
            if rooted.endswith(tail):
                base = rooted[: -len(tail)]
                if directory is None or _ends_in(base, directory):
                    found.append((path, base))
        return _nearest(found, f"/{importer}".rpartition("/")[0])


def index_templates(paths: Iterable[str]) -> Templates:
    """Index the templates of a project, given relative to its root."""
    by_last: dict[str, list[str]] = {}
    for path in sorted(paths):
        by_last.setdefault(path.rpartition("/")[2], []).append(path)
    return Templates({last: tuple(found) for last, found in by_last.items()})


def _ends_in(base: str, directory: str) -> bool:
    parts = [part for part in directory.replace("\\", "/").split("/") if part not in ("", ".")]
    return not parts or base.endswith("/" + "/".join(parts))


def _nearest(found: list[tuple[str, str]], folder: str) -> str | None:
    """The file whose base shares the longest path with the folder."""
    if not found:
        return None
    best = max(_in_common(base, folder) for _, base in found)
    near = [(path, base) for path, base in found if _in_common(base, folder) == best]
    # ``list.html`` beside ``posts/list.html``: the folder above both is where names begin
    near.sort(key=lambda each: len(each[1]))
    top = near[0][1]
    if all(base.startswith(top + "/") for _, base in near[1:]):
        return near[0][0]
    return None


def _in_common(base: str, folder: str) -> int:
    count = 0
    for one, other in zip(base.split("/"), folder.split("/"), strict=False):
        if one != other:
            break
        count += 1
    return count
