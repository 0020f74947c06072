"""A project: its modules, what their names are bound to, and its classes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from flake8_async_fastapi.facts.module import ClassOutline, ModuleFacts
from flake8_async_fastapi.facts.template import TemplateFacts
from flake8_async_fastapi.facts.tree import Binding, Stmt
from flake8_async_fastapi.facts.walk import bound_names, flat
from flake8_async_fastapi.project.modules import Modules, index_modules
from flake8_async_fastapi.project.requirements import RequirementFiles
from flake8_async_fastapi.project.templates import Templates, index_templates


@dataclass(frozen=True, slots=True)
class ModuleTarget:
    """An import that means a file of the project."""

    path: str


@dataclass(frozen=True, slots=True)
class NameTarget:
    """An import that means a name in a file of the project."""

    path: str
    name: str


@dataclass(frozen=True, slots=True)
class FolderTarget:
    """An import that means a namespace package; ``dotted`` as seen from the importer."""

    dotted: str
    importer: str


@dataclass(frozen=True, slots=True)
class LibraryTarget:
    """An import that leaves the project."""

    dotted: str


Target: TypeAlias = ModuleTarget | NameTarget | FolderTarget | LibraryTarget


@dataclass
class Project:
    """The linked facts of all files; paths are relative to the root, with ``/``.

    ``facts`` are by path; a file without facts (it does not parse) is missing.
    """

    facts: Mapping[str, ModuleFacts]
    modules: Modules
    requirements: RequirementFiles = field(default_factory=RequirementFiles)
    templates: Templates = field(default_factory=Templates)
    _load_template: Callable[[str], TemplateFacts | None] = lambda path: None
    _bodies: dict[str, list[Stmt]] = field(default_factory=dict)
    _bindings: dict[str, dict[str, list[Stmt]]] = field(default_factory=dict)

    def body(self, path: str) -> list[Stmt]:
        """The code of a module; empty for a module without facts."""
        body = self._bodies.get(path)
        if body is None:
            try:
                body = self.facts[path].body() if path in self.facts else []
            except (msgspec.DecodeError, RecursionError):
                body = []
            self._bodies[path] = body
        return body

    def bindings(self, path: str, name: str) -> list[Stmt]:
        """The statements at module level that bind a name, in their order."""
        found = self._bindings.get(path)
        if found is None:
            found = {}
            for statement in flat(self.body(path)):
                for bound in bound_names(statement):
                    found.setdefault(bound, []).append(statement)
            self._bindings[path] = found
        return found.get(name, [])

    def add_templates(self, paths: Iterable[str], load: Callable[[str], TemplateFacts | None]) -> None:
        """Tell which templates there are, and how to get the facts of one that is asked for."""
        self.templates = index_templates(paths)
        self._load_template = load

    def template(self, path: str) -> TemplateFacts | None:
        """The facts of a template; None for one that there is not, or that Jinja does not parse."""
        return self._load_template(path)

    def target(self, importer: str, binding: Binding) -> Target | None:
        """What an import binds its name to; None for a name that is nowhere."""
        if binding.level:
            dotted = self.modules.relative(importer, binding.level, binding.module)
            if dotted is None:
                return None
            return self._in_module(self.modules.at(dotted), dotted, binding.name, importer, rooted=True)
        path = self.modules.find(binding.module, importer)
        return self._in_module(path, binding.module, binding.name, importer, rooted=False)

    def _in_module(
        self, path: str | None, dotted: str, name: str | None, importer: str, *, rooted: bool
    ) -> Target | None:
        if name is None:
            if path is not None:
                return ModuleTarget(path)
            if not rooted and not self.modules.is_folder(dotted, importer):
                return LibraryTarget(dotted)
            return FolderTarget(dotted, importer)
        if path is not None and (path == importer or self.binds(path, name)):
            return NameTarget(path, name)
        inner = f"{dotted}.{name}" if dotted else name
        found = self.modules.at(inner) if rooted else self.modules.find(inner, importer)
        if found is not None:
            return ModuleTarget(found)
        if path is not None:
            return NameTarget(path, name)
        if rooted or self.modules.is_folder(dotted, importer):
            return FolderTarget(inner, importer) if self.modules.is_folder(inner, importer) else None
        return LibraryTarget(inner)

    def binds(self, path: str, name: str) -> bool:
        """Whether a module binds a name itself, or may do so through a star import."""
        facts = self.facts.get(path)
        return facts is not None and (name in facts.outline.names)

    def star_targets(self, path: str) -> Iterator[Target]:
        """The modules that a module imports with ``*``."""
        facts = self.facts.get(path)
        for binding in facts.outline.star if facts else ():
            target = self.target(path, Binding("", binding.module, None, binding.level))
            if target is not None:
                yield target

    def exports(self, path: str, name: str) -> bool:
        """Whether ``from module import *`` can bring a name along."""
        facts = self.facts.get(path)
        if facts is None:
            return False
        exports = facts.outline.exports
        return not name.startswith("_") if exports is None else name in exports

    def attribute(self, path: str, name: str) -> str | None:
        """The submodule ``name`` of the package at ``path``, or None."""
        if not path.endswith("__init__.py"):
            return None
        folder = path.rpartition("/")[0]
        return self.modules.at(f"{folder}/{name}".strip("/").replace("/", "."))

    def imports_of(self, path: str) -> frozenset[str]:
        """The top-level names of what a file imports."""
        facts = self.facts.get(path)
        imports = facts.outline.imports if facts is not None else []
        return frozenset(module.partition(".")[0] for module in imports)

    @functools.cached_property
    def imports(self) -> frozenset[str]:
        """The top-level names of everything that any file imports."""
        return frozenset(
            module.partition(".")[0] for facts in self.facts.values() for module in facts.outline.imports
        )

    @functools.cached_property
    def handed_to_run_sync(self) -> frozenset[str]:
        """Last names of the functions that any file passes to a ``run_sync``."""
        return frozenset(name for facts in self.facts.values() for name in facts.outline.handed_to_run_sync)

    @functools.cached_property
    def _classes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path, facts in sorted(self.facts.items()):
            for outline in facts.outline.classes:
                if "." not in outline.qualname:
                    found.setdefault(outline.qualname, []).append(path)
        return found

    def classes_named(self, name: str) -> list[str]:
        """The files that define a class of this name at module level."""
        return self._classes.get(name, [])

    @functools.cached_property
    def models_with_backrefs(self) -> list[tuple[str, list[str]]]:
        """The classes in whose bodies a relationship has a ``backref``, by file."""
        return [
            (path, facts.outline.backrefs)
            for path, facts in sorted(self.facts.items())
            if facts.outline.backrefs
        ]

    @functools.cached_property
    def imperative_mappings(self) -> list[str]:
        """The files that map classes by calls."""
        return sorted(path for path, facts in self.facts.items() if facts.outline.maps_imperatively)

    @functools.cached_property
    def reconfigures_sessions(self) -> bool:
        """Whether any file changes the settings of a session factory after it was made."""
        return any("configure" in facts.outline.session_factories for facts in self.facts.values())

    @functools.cached_property
    def expire_on_commit(self) -> bool | None:
        """What all factories of async sessions in the project say; None if they disagree, or say nothing."""
        said = {text for facts in self.facts.values() for text in facts.outline.session_factories}
        if self.reconfigures_sessions:
            return None
        return said == {"True"} if len(said) == 1 and "?" not in said else None

    @functools.cached_property
    def _subclasses(self) -> dict[str, list[tuple[str, ClassOutline]]]:
        found: dict[str, list[tuple[str, ClassOutline]]] = {}
        for path, facts in sorted(self.facts.items()):
            for outline in facts.outline.classes:
                for base in outline.bases:
                    found.setdefault(base.rpartition(".")[2], []).append((path, outline))
        return found

    def _below(self, class_name: str) -> Iterator[tuple[str, ClassOutline]]:
        """The classes below one of this name, compared by their last names only."""
        pending, seen = [class_name], {class_name}
        while pending:
            for path, outline in self._subclasses.get(pending.pop(), ()):
                yield path, outline
                own = outline.qualname.rpartition(".")[2]
                if own not in seen:
                    seen.add(own)
                    pending.append(own)

    def classes_below(self, class_name: str) -> Iterator[tuple[str, str]]:
        """The files and names of classes at module level that may be below one of this name."""
        for path, outline in self._below(class_name):
            if "." not in outline.qualname:
                yield path, outline.qualname

    def overrides_colour(self, class_name: str, method: str, is_async: bool) -> bool:
        """Whether any class below one of this name defines the method in the other colour.

        Classes are compared by their last name only: a false yes keeps a rule silent.
        """
        return any(
            outline.methods.get(method, is_async) != is_async for _, outline in self._below(class_name)
        )


def link(facts: Mapping[str, ModuleFacts], requirements: RequirementFiles | None = None) -> Project:
    """Join the facts of all files of a project, and what it says it needs."""
    return Project(facts, index_modules(facts), requirements or RequirementFiles())
