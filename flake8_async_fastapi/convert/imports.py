"""The imports of a file: new names, and names that are no longer used."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field

from flake8_async_fastapi.convert.names import Program
from flake8_async_fastapi.convert.texts import Edit, Source, first_line

_WIDTH = 100


@dataclass
class Imports:
    """Collects the names that a file needs, and those that it no longer needs."""

    program: Program
    source: Source
    new: dict[tuple[str, str], str] = field(default_factory=dict)
    """The local names of what is new, by module and name; a module itself has no name."""
    replaced: set[ast.AST] = field(default_factory=set)
    """The nodes of names that something else takes the place of."""

    def need(self, module: str, name: str) -> str:
        """The local name of a needed object, which is imported unless it already is."""
        known = self.new.get((module, name)) or self._existing(module, name)
        if known is None:
            known = self._free(name)
            self.new[module, name] = known
        return known

    def need_module(self, module: str) -> str:
        """The same for a module."""
        bound = self.program.bindings(self.source, self.source.tree).get(module, [])
        if not any(b.kind == "import" and b.module == module and not b.imported for b in bound):
            self.new[module, ""] = module
        return module

    def rename(self, node: ast.expr, module: str, name: str) -> Edit:
        """Replace a name in an import."""
        self.replaced.add(node)
        if isinstance(node, ast.Attribute):
            self.replaced.add(_root(node))
        return Edit(self.source.start(node), self.source.end(node), 5, self.need(module, name))

    def _existing(self, module: str, name: str) -> str | None:
        same = {module, *_SAME.get((module, name), ())}
        for local, bounds in self.program.bindings(self.source, self.source.tree).items():
            if len(bounds) == 1 and bounds[0].imported == name and bounds[0].module in same:
                return local
        return None

    def _free(self, name: str) -> str:
        taken = {node.id for node in ast.walk(self.source.tree) if isinstance(node, ast.Name)}
        taken |= set(self.program.bindings(self.source, self.source.tree)) | set(self.new.values())
        taken |= {node.arg for node in ast.walk(self.source.tree) if isinstance(node, ast.arg)}
        return f"sql_{name}" if name in taken else name

    # --- edits ----------------------------------------------------------------------------

    def edits(self) -> Iterator[Edit]:
        """The edits of the import statements."""
        unused = self._unused()
        pending = dict(self.new)
        statements = [
            node for node in ast.walk(self.source.tree) if isinstance(node, (ast.Import, ast.ImportFrom))
        ]
        for node in statements:
            yield from self._rewritten(node, unused, pending)
        lines: dict[str, list[str]] = {}
        for (module, name), local in sorted(pending.items()):
            lines.setdefault(module, []).extend([_alias(name, local)] if name else [])
        alone: list[str] = []
        for module, names in lines.items():
            text = _statement(module, sorted(names, key=_order), "") if names else f"import {module}"
            group = self._group(module)
            if group:
                yield self._added(module, text, group, is_from=bool(names))
            else:
                alone.append(text)
        if alone:
            yield self._new_group(sorted(alone, key=lambda line: (line.startswith("from"), line)))

    def _unused(self) -> set[str]:
        """The local names whose uses were all replaced."""
        used: dict[str, bool] = {}
        for node in ast.walk(self.source.tree):
            if isinstance(node, ast.Name):
                used[node.id] = used.get(node.id, False) or node not in self.replaced
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in self.replaced:
                for word in re.findall(r"\w+", node.value if len(node.value) < 200 else ""):
                    if word in used:
                        used[word] = True
        exported = self.program.bindings(self.source, self.source.tree).get("__all__")
        return set() if exported else {name for name, is_used in used.items() if not is_used}

    def _rewritten(
        self, node: ast.Import | ast.ImportFrom, unused: set[str], pending: dict[tuple[str, str], str]
    ) -> Iterator[Edit]:
        kept = [alias for alias in node.names if (alias.asname or alias.name.partition(".")[0]) not in unused]
        is_first = node in self._first_imports()
        added = []
        if isinstance(node, ast.ImportFrom) and not node.level and is_first:
            for key in [key for key in pending if key[0] == node.module and key[1]]:
                added.append(_alias(key[1], pending.pop(key)))
        if len(kept) == len(node.names) and not added:
            return
        names = [_alias(alias.name, alias.asname or alias.name) for alias in kept] + added
        start, end = self.source.start(node), self.source.end(node)
        if not names:
            if self._is_alone(node):
                yield Edit(start, end, 5, "pass")
                return
            first = self.source.line_start(node.lineno)
            yield Edit(first, self.source.line_start((node.end_lineno or node.lineno) + 1), 5, "")
            return
        if isinstance(node, ast.Import):
            yield Edit(start, end, 5, f"import {', '.join(names)}")
            return
        if self.source.text[start:end].count("#"):
            kept = node.names  # comments would be lost: one import too many does no harm
            if added:
                yield Edit(start, start, 5, f"{_statement(node.module or '', added, '')}\n")
            return
        was = [_alias(alias.name, alias.asname or alias.name) for alias in node.names]
        if was == sorted(was, key=_order) or len(was) == 1:
            names.sort(key=_order)
        module = "." * node.level + (node.module or "")
        yield Edit(start, end, 5, _statement(module, names, self.source.indent(node)))

    def _is_alone(self, node: ast.stmt) -> bool:
        parent = self.source.parents[node]
        body = getattr(parent, "body", [])
        return body == [node] and not isinstance(parent, ast.Module)

    def _group(self, module: str) -> list[ast.Import | ast.ImportFrom]:
        """The imports to which one of a module belongs."""
        found = [node for node in self._first_imports() if not _is_future(node)]
        same = [node for node in found if _top(node) == module.partition(".")[0]]
        stdlib = _is_stdlib(module)
        near = [
            node
            for node in found
            if not getattr(node, "level", 0) and _is_stdlib(_top(node)) == stdlib and not self._is_own(node)
        ]
        return same or near

    def _first_imports(self) -> list[ast.Import | ast.ImportFrom]:
        """The imports at the top of the file, before any code that may need what they import."""
        found = []
        for node in self.source.tree.body:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                found.append(node)
            elif not isinstance(node, (ast.If, ast.Try)) and not _is_text(node):
                break
        return found

    def _is_own(self, node: ast.Import | ast.ImportFrom) -> bool:
        name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
        return self.program.imported_file(self.source.path, name or "", 0) is not None

    def _added(
        self, module: str, text: str, group: list[ast.Import | ast.ImportFrom], *, is_from: bool
    ) -> Edit:
        """A new statement, at its place in sorted order."""
        for node in group:
            name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
            if (isinstance(node, ast.ImportFrom), name or "") > (is_from, module):
                at = self.source.line_start(node.lineno)
                return Edit(at, at, -2, f"{text}\n")
        last = group[-1]
        at = self.source.line_start((last.end_lineno or last.lineno) + 1)
        lead = "" if self.source.text[:at].endswith("\n") else "\n"
        return Edit(at, at, -2, f"{lead}{text}\n")

    def _new_group(self, lines: list[str]) -> Edit:
        line = self._first_line()
        at = self.source.line_start(line)
        text = "".join(f"{line}\n" for line in lines)
        rest = self.source.text[at:]
        before = "\n" if line > 1 else ""
        after = "" if rest.startswith("\n") else "\n"
        return Edit(at, at, -2, f"{before}{text}{after}")

    def _first_line(self) -> int:
        """The first line where imports may be: after the docstring and future imports."""
        line = 1
        for node in self.source.tree.body:
            if _is_text(node) or _is_future(node):
                line = (node.end_lineno or node.lineno) + 1
            else:
                return line if line > 1 else first_line(node)
        return line


_SAME = {
    ("sqlalchemy", "select"): ("sqlmodel", "sqlalchemy.future"),
    ("sqlalchemy", "func"): ("sqlmodel", "sqlalchemy.sql", "sqlalchemy.sql.expression"),
    ("sqlalchemy", "delete"): ("sqlmodel",),
    ("sqlalchemy", "update"): ("sqlmodel",),
    ("collections.abc", "AsyncIterator"): ("typing",),
    ("collections.abc", "AsyncGenerator"): ("typing",),
}


def _alias(name: str, local: str) -> str:
    return name if name == local else f"{name} as {local}"


def _root(node: ast.expr) -> ast.expr:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node


def _order(name: str) -> tuple[int, str]:
    """How import sorters order the names of a statement: constants, classes, the rest."""
    if name.isupper() and len(name) > 1:
        return 0, name
    return (1 if name[:1].isupper() else 2), name


def _statement(module: str, names: list[str], indent: str) -> str:
    line = f"from {module} import {', '.join(names)}"
    if len(indent + line) <= _WIDTH:
        return line
    body = "".join(f"\n{indent}    {name}," for name in names)
    return f"from {module} import ({body}\n{indent})"


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_future(node: ast.stmt) -> bool:
    return getattr(node, "module", "") == "__future__"


def _top(node: ast.Import | ast.ImportFrom) -> str:
    name = node.module if isinstance(node, ast.ImportFrom) else node.names[0].name
    return (name or "").partition(".")[0]


def _is_stdlib(module: str) -> bool:
    return module.partition(".")[0] in sys.stdlib_module_names
