"""The name of another module's definition in a file, and the import that it needs."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath

import libcst as cst

from flake8_async_fastapi.fixes.code import Code
from flake8_async_fastapi.fixes.edits import Edit, insert


def imported(code: Code, module: str, name: str, at: cst.CSTNode | None = None) -> tuple[str, list[Edit]]:
    """The name of a module's definition at run time, and the edits that import it if needed.

    If the functions around ``at`` import from the module themselves, it is imported there.
    """
    here = [] if at is None else list(_imports_before(code, at))
    known = known_name(code, module, name, here)
    if known:
        return known, []
    local = f"{name}_" if _means_another(code, module, name) else name
    alias = name if local == name else f"{name} as {local}"
    extended = _extend(code, module, alias, here) or _extend(code, module, alias, run_time_imports(code))
    return local, extended or [_new_import(code, f"from {module} import {alias}")]


def imported_module(code: Code, module: str) -> tuple[str, list[Edit]]:
    """The name of a module at run time, and the edit that imports it if needed."""
    for statement in run_time_imports(code):
        if isinstance(statement, cst.Import):
            for alias in statement.names:
                if alias.evaluated_name == module:
                    return alias.evaluated_alias or module, []
    return module, [_new_import(code, f"import {module}")]


def together(code: Code, first: list[Edit], second: list[Edit]) -> list[Edit]:
    """The edits of two imports; if both are new at one place, they become one group with the second first."""
    if len(first) != 1 or len(second) != 1 or first[0].start != second[0].start:
        return [*first, *second]
    below, above = first[0].text, second[0].text
    gap = code.newline * 2
    if below.startswith(gap) and above.startswith(gap):
        below = below.removeprefix(code.newline)
    elif below.endswith(gap) and above.endswith(gap):
        above = above.removesuffix(code.newline)
    return [insert(code.path, first[0].start, above + below)]


def known_name(code: Code, module: str, name: str, here: Sequence[cst.ImportFrom | cst.Import] = ()) -> str:
    """The name under which a file has a name of a module already; empty if it does not import it."""
    for statement in (*here, *run_time_imports(code)):
        if isinstance(statement, cst.ImportFrom):
            origin = _dotted_from(statement)
            for alias in _aliases(statement):
                if origin == module and alias.evaluated_name == name:
                    return alias.evaluated_alias or name
                if f"{origin}.{alias.evaluated_name}" == module:
                    return f"{alias.evaluated_alias or alias.evaluated_name}.{name}"
        else:
            for alias in statement.names:
                if alias.evaluated_name == module:
                    return f"{alias.evaluated_alias or module}.{name}"
    return ""


def full_name(code: Code, node: cst.CSTNode) -> str:
    """What a dotted name means by the imports, as ``sqlalchemy.orm.Session``; empty if that is unknown."""
    written = dotted(node) if isinstance(node, (cst.Name, cst.Attribute)) else ""
    first, _, rest = written.partition(".")
    for statement in run_time_imports(code) if first else ():
        if isinstance(statement, cst.ImportFrom):
            for alias in _aliases(statement):
                if (alias.evaluated_alias or alias.evaluated_name) == first:
                    return f"{_dotted_from(statement)}.{alias.evaluated_name}.{rest}".strip(".")
        else:
            for alias in statement.names:
                local = alias.evaluated_alias or alias.evaluated_name
                if written.startswith(f"{local}."):
                    return f"{alias.evaluated_name}{written.removeprefix(local)}"
    return ""


def module_of(code: Code, name: str) -> str:
    """The module from which a file imports a name, as the file writes it; empty if it is renamed there."""
    for statement in run_time_imports(code):
        if isinstance(statement, cst.ImportFrom):
            for alias in _aliases(statement):
                if alias.evaluated_name == name and alias.evaluated_alias in (None, name):
                    return _dotted_from(statement)
    return ""


def origins_of(code: Code, name: str) -> list[str]:
    """The possible paths of the module from which a file imports a name, the nearest first."""
    found = []
    for statement in run_time_imports(code):
        if not isinstance(statement, cst.ImportFrom):
            continue
        for alias in _aliases(statement):
            if (alias.evaluated_alias or alias.evaluated_name) == name:
                dots = len(statement.relative)
                module = _dotted_from(statement).lstrip(".").split(".") if statement.module else []
                folders = [PurePath(code.path).parent, *PurePath(code.path).parent.parents]
                for folder in folders[dots - 1 : dots] if dots else folders:
                    base = folder.joinpath(*module)
                    found += [
                        f"{base}.py",
                        str(base / "__init__.py"),
                        str(base / f"{alias.evaluated_name}.py"),
                    ]
    return found


def _means_another(code: Code, module: str, name: str) -> bool:
    """Whether a name has another meaning somewhere in a file than the module's definition."""
    same = other = False
    for statement in code.nodes(cst.ImportFrom):
        for alias in _aliases(statement):
            if (alias.evaluated_alias or alias.evaluated_name) == name:
                is_same = (_dotted_from(statement), alias.evaluated_name) == (module, name)
                same, other = same or is_same, other or not is_same
    return other or (code.has_name(name) and not same)


def run_time_imports(code: Code) -> Iterator[cst.ImportFrom | cst.Import]:
    """The imports of a module that always run, in order: neither in functions nor for types only."""
    for statement in code.module.body:
        if isinstance(statement, cst.SimpleStatementLine):
            yield from _imports_in(statement)


def _imports_before(code: Code, node: cst.CSTNode) -> Iterator[cst.ImportFrom | cst.Import]:
    """The imports that the functions around a node run before it, the nearest function first."""
    for inner, outer in code.around(node):
        is_class = isinstance(code.parent(outer), cst.ClassDef)
        if isinstance(outer, cst.IndentedBlock) and not is_class:
            for statement in outer.body:
                if statement is inner:
                    break
                if isinstance(statement, cst.SimpleStatementLine):
                    yield from _imports_in(statement)


def _imports_in(statement: cst.SimpleStatementLine) -> Iterator[cst.ImportFrom | cst.Import]:
    return (small for small in statement.body if isinstance(small, (cst.ImportFrom, cst.Import)))


def _aliases(statement: cst.ImportFrom) -> Sequence[cst.ImportAlias]:
    return () if isinstance(statement.names, cst.ImportStar) else statement.names


def _dotted_from(statement: cst.ImportFrom) -> str:
    """The module that names are imported from, including its leading dots."""
    module = "" if statement.module is None else dotted(statement.module)
    return "." * len(statement.relative) + module


def dotted(node: cst.BaseExpression) -> str:
    """A dotted name as text; empty for another expression."""
    if isinstance(node, cst.Name):
        return node.value
    if isinstance(node, cst.Attribute):
        left = dotted(node.value)
        return f"{left}.{node.attr.value}" if left else ""
    return ""


def _extend(
    code: Code, module: str, alias: str, imports: Iterable[cst.ImportFrom | cst.Import]
) -> list[Edit]:
    """The edit that adds a name to an import of its module, in order if the others are."""
    for statement in imports:
        if not isinstance(statement, cst.ImportFrom) or _dotted_from(statement) != module:
            continue
        aliases = _aliases(statement)
        if not aliases:
            continue
        names = [one.evaluated_name for one in aliases]
        later = [one for one in aliases if names == sorted(names) and one.evaluated_name > alias]
        between = _between(code, aliases)
        if later:
            return [insert(code.path, code.start(later[0]), alias + between)]
        return [insert(code.path, code.end(aliases[-1].asname or aliases[-1].name), between + alias)]
    return []


def _between(code: Code, aliases: Sequence[cst.ImportAlias]) -> str:
    """The text between two names of an import: a comma, and a line end if each has its own line."""
    first, last = aliases[0], aliases[-1]
    if len(aliases) > 1 and code.line_of(first) != code.line_of(aliases[1]):
        return f",{code.newline}{code.indent_of(last)}"
    if len(aliases) == 1 and isinstance(last.comma, cst.Comma):  # one name on its own line
        return f",{code.newline}{code.indent_of(last)}"
    return ", "


def _new_import(code: Code, line: str) -> Edit:
    """The edit that adds a line with an import, in order among those of the same package or section."""
    added = _parsed_line(line)
    statements = list(_leading(code))
    imports = [one for one in statements if _imported_packages(one)]
    package, sort = _imported_packages(added), _sort(added)
    akin = [one for one in imports if _imported_packages(one) & package]
    akin = akin or list(_first_group(code, [one for one in imports if _sort(one) == sort]))
    later = [one for one in akin if _order(one) > _order(added)]
    if later and sorted(akin, key=_order) == akin:
        return insert(code.path, code.start(later[0]), line + code.newline)
    before = akin or [one for one in imports if _sort(one) < sort]
    if not imports:  # but perhaps a text about the module
        before = statements
    gap = "" if akin or _are_one_group(code, imports) else code.newline
    if not before:
        first = code.start(imports[0]) if imports else code.start_of_code()
        gap = gap if code.text[first:].strip() else ""
        return insert(code.path, first, line + code.newline + gap)
    return insert(code.path, code.end_of_line(before[-1]), code.newline + gap + line)


def _first_group(code: Code, imports: Sequence[cst.SimpleStatementLine]) -> Sequence[cst.SimpleStatementLine]:
    """The imports above the first empty line: those of the project come after third-party ones."""
    for number, (one, other) in enumerate(itertools.pairwise(imports), start=1):
        if code.text[code.end(one) : code.start(other)].count(code.newline) > 1:
            return imports[:number]
    return imports


def _are_one_group(code: Code, imports: list[cst.SimpleStatementLine]) -> bool:
    """Whether a file has imports of several sections without empty lines between them."""
    pairs = [pair for pair in itertools.pairwise(imports) if _sort(pair[0]) != _sort(pair[1])]
    between = [code.text[code.end(one) : code.start(other)] for one, other in pairs]
    return bool(pairs) and all(text.count(code.newline) == 1 for text in between)


def _parsed_line(line: str) -> cst.SimpleStatementLine:
    statement = cst.parse_statement(line)
    assert isinstance(statement, cst.SimpleStatementLine)
    return statement


def _sort(statement: cst.SimpleStatementLine) -> int:
    """The section of an import: future, standard library, third party, or the project."""
    package = min(_imported_packages(statement))
    if package == "__future__":
        return 0
    return 3 if package == "." else 1 if package in sys.stdlib_module_names else 2


def _order(statement: cst.SimpleStatementLine) -> tuple[bool, str]:
    """The sort key of imports in one section: their form, and the module."""
    small = statement.body[0]
    if isinstance(small, cst.ImportFrom):
        return True, _dotted_from(small)
    return False, small.names[0].evaluated_name if isinstance(small, cst.Import) else ""


def _leading(code: Code) -> Iterator[cst.SimpleStatementLine]:
    """The statements at the top of a file, up to the first that is neither an import nor a docstring."""
    for number, statement in enumerate(code.module.body):
        if not isinstance(statement, cst.SimpleStatementLine):
            return
        if not _imported_packages(statement) and not (number == 0 and _is_text(statement)):
            return
        yield statement


def _is_text(statement: cst.SimpleStatementLine) -> bool:
    small = statement.body[0]
    return isinstance(small, cst.Expr) and isinstance(small.value, (cst.SimpleString, cst.ConcatenatedString))


def _imported_packages(statement: cst.SimpleStatementLine) -> set[str]:
    found = set()
    for small in statement.body:
        if isinstance(small, cst.ImportFrom):
            found.add(_dotted_from(small).partition(".")[0] or ".")
        elif isinstance(small, cst.Import):
            found |= {alias.evaluated_name.partition(".")[0] for alias in small.names}
    return found
