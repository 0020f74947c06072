"""A project: its modules, what their names are bound to, and its classes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, TypeAlias

import msgspec

from flake8_async_fastapi.facts.module import ClassOutline, ModuleFacts, encode, encode_statements
from flake8_async_fastapi.facts.template import TemplateFacts
from flake8_async_fastapi.facts.tree import Binding, Import, Stmt
from flake8_async_fastapi.facts.walk import bound_names, flat
from flake8_async_fastapi.project.modules import Modules, index_modules
from flake8_async_fastapi.project.reads import UNRELIABLE, Reads, number_of, place_of
from flake8_async_fastapi.project.requirements import RequirementFiles, Requirements
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


Question: TypeAlias = tuple[str | int | bool | None, ...]
"""A kind of question, and what it asks about."""


@dataclass
class Project:
    """The linked facts of all files; paths are relative to the root, with ``/``.

    The one door to other files: whoever asks anything of a file, or of all of them, asks here, and
    the question is noted in ``reads``, as a number.  The answer has a fingerprint: as long as a later
    state of the project gives the same one, what was computed from the answer stands.
    """

    facts: Mapping[str, ModuleFacts]
    modules: Modules
    requirements: RequirementFiles = field(default_factory=RequirementFiles)
    templates: Templates = field(default_factory=Templates)
    reads: set[int] = field(default_factory=set)
    all_reads: Reads = field(default_factory=Reads)
    _load_template: Callable[[str], TemplateFacts | None] = lambda path: None
    _template_digest: Callable[[str], str] = lambda path: ""
    _asked: dict[Question, tuple[int, Any]] = field(default_factory=dict)
    _in_order: list[Question] = field(default_factory=list)
    _fingerprints: dict[Question, str] = field(default_factory=dict)

    # --- recording ------------------------------------------------------------------------

    def _ask(self, *question: str | int | bool | None) -> Any:
        known = self._asked.get(question)
        if known is None:
            answer = _ANSWERS[str(question[0])](self, *question[1:])
            known = self._asked[question] = number_of(len(self._asked)), answer
            self._in_order.append(question)
        self.reads.add(known[0])
        return known[1]

    def questions(self) -> list[Question] | None:
        """The questions that are noted now; None if no list of questions is enough."""
        numbers = self.all_reads.flatten(self.reads)
        if UNRELIABLE in numbers:
            return None
        return [self._in_order[place_of(number)] for number in numbers]

    def fingerprint(self, question: Question) -> str:
        """What a question is answered, in short; empty for a question that nobody asks.

        Nothing is noted.  The question may come from anywhere.
        """
        known = self._fingerprints.get(question)
        if known is None:
            known = self._fingerprints[question] = self._take_fingerprint(question)
        return known

    def _take_fingerprint(self, question: Question) -> str:
        kind, *about = question
        if kind not in _ANSWERS:
            return ""
        try:
            if kind == "code":
                facts = self.facts.get(str(about[0]))
                answer = b"" if facts is None else encode(facts)
            elif kind == "binding":
                answer = encode_statements(self._bound(*map(str, about)))
            elif kind == "template":
                answer = self._template_digest(str(about[0])).encode()
            else:
                asked = self._asked.get(question)
                found = _ANSWERS[str(kind)](self, *about) if asked is None else asked[1]
                # not its ``repr``: the order of a set is another one in the next process
                answer = msgspec.json.encode(found, order="deterministic")
        except (TypeError, AttributeError, IndexError):
            return ""
        return blake2b(answer, digest_size=12).hexdigest()

    # --- one file -------------------------------------------------------------------------

    def has(self, path: str) -> bool:
        """Whether a file has facts: one that does not parse has none."""
        found: bool = self._ask("exists", path)
        return found

    def body(self, path: str) -> list[Stmt]:
        """The code of a module; empty for a module without facts."""
        found: list[Stmt] = self._ask("code", path)
        return found

    def bindings(self, path: str, name: str) -> list[tuple[bool, Stmt]]:
        """The statements at module level that bind a name, in their order.

        Each with whether it stands there by itself, and not in a condition or the like.
        """
        found: list[tuple[bool, Stmt]] = self._ask("binding", path, name)
        return found

    @functools.cached_property
    def _bodies(self) -> dict[str, list[Stmt]]:
        return {}

    def _body(self, path: str) -> list[Stmt]:
        body = self._bodies.get(path)
        if body is None:
            try:
                body = self.facts[path].body() if path in self.facts else []
            except (msgspec.DecodeError, RecursionError):
                body = []
            self._bodies[path] = body
        return body

    @functools.cached_property
    def _bindings(self) -> dict[str, dict[str, list[tuple[bool, Stmt]]]]:
        return {}

    def _bound(self, path: str, name: str) -> list[tuple[bool, Stmt]]:
        found = self._bindings.get(path)
        if found is None:
            found = {}
            body = self._body(path)
            top = {id(statement) for statement in body}
            for statement in flat(body):
                for bound in bound_names(statement):
                    found.setdefault(bound, []).append((id(statement) in top, statement))
            self._bindings[path] = found
        return found.get(name, [])

    def binds(self, path: str, name: str) -> bool:
        """Whether a module binds a name itself, or may do so through a star import."""
        found: bool = self._ask("binds", path, name)
        return found

    def _binds(self, path: str, name: str) -> bool:
        facts = self.facts.get(path)
        return facts is not None and name in facts.outline.names

    def exports(self, path: str, name: str) -> bool:
        """Whether ``from module import *`` can bring a name along."""
        found: bool = self._ask("exports", path, name)
        return found

    def _exports(self, path: str, name: str) -> bool:
        facts = self.facts.get(path)
        if facts is None:
            return False
        exports = facts.outline.exports
        return not name.startswith("_") if exports is None else name in exports

    def star_targets(self, path: str) -> tuple[Target, ...]:
        """The modules that a module imports with ``*``."""
        found: tuple[Target, ...] = self._ask("star targets", path)
        return found

    def _star_targets(self, path: str) -> tuple[Target, ...]:
        facts = self.facts.get(path)
        stars = facts.outline.star if facts else ()
        found = (self._target(path, star.level, star.module, None) for star in stars)
        return tuple(target for target in found if target is not None)

    def imports_of(self, path: str) -> frozenset[str]:
        """The top-level names of what a file imports."""
        found: frozenset[str] = self._ask("imports of", path)
        return found

    def _imports_of(self, path: str) -> frozenset[str]:
        facts = self.facts.get(path)
        imports = facts.outline.imports if facts is not None else []
        return frozenset(module.partition(".")[0] for module in imports)

    # --- names ----------------------------------------------------------------------------

    def target(self, importer: str, binding: Binding) -> Target | None:
        """What an import binds its name to; None for a name that is nowhere."""
        found: Target | None = self._ask("target", importer, binding.level, binding.module, binding.name)
        return found

    def _target(self, importer: str, level: int, module: str, name: str | None) -> Target | None:
        if level:
            dotted = self.modules.relative(importer, level, module)
            if dotted is None:
                return None
            return self._in_module(self.modules.at(dotted), dotted, name, importer, rooted=True)
        path = self.modules.find(module, importer)
        return self._in_module(path, module, name, importer, rooted=False)

    def _in_module(
        self, path: str | None, dotted: str, name: str | None, importer: str, *, rooted: bool
    ) -> Target | None:
        if name is None:
            if path is not None:
                return ModuleTarget(path)
            if not rooted and not self.modules.is_folder(dotted, importer):
                return LibraryTarget(dotted)
            return FolderTarget(dotted, importer)
        if path is not None and (path == importer or self._binds(path, name)):
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

    def submodule(self, path: str, name: str) -> str | None:
        """The submodule ``name`` of the package at ``path``, or None."""
        found: str | None = self._ask("submodule", path, name)
        return found

    def _submodule(self, path: str, name: str) -> str | None:
        if not path.endswith("__init__.py"):
            return None
        folder = path.rpartition("/")[0]
        return self.modules.at(f"{folder}/{name}".strip("/").replace("/", "."))

    def find_module(self, dotted: str, importer: str) -> str | None:
        """The file that a dotted name means for another file, or None."""
        found: str | None = self._ask("module", dotted, importer)
        return found

    # --- templates and requirements -------------------------------------------------------

    def add_templates(
        self,
        paths: Iterable[str],
        load: Callable[[str], TemplateFacts | None],
        digest: Callable[[str], str],
    ) -> None:
        """Tell which templates there are, how to get the facts of one, and a digest of its text."""
        self.templates = index_templates(paths)
        self._load_template = load
        self._template_digest = digest

    def template(self, path: str) -> TemplateFacts | None:
        """The facts of a template; None for one that there is not, or that Jinja does not parse."""
        found: TemplateFacts | None = self._ask("template", path)
        return found

    def find_template(self, name: str, importer: str, directory: str | None) -> str | None:
        """The template that a name means, as `Templates.find` says."""
        found: str | None = self._ask("template file", name, importer, directory)
        return found

    def template_names(self) -> frozenset[str]:
        """The last parts of the paths of all templates."""
        found: frozenset[str] = self._ask("template names")
        return found

    def requirements_of(self, path: str) -> Requirements:
        """What the code in a file needs."""
        found: Requirements = self._ask("requirements", path)
        return found

    # --- all files ------------------------------------------------------------------------

    def mentioning(self, word: str) -> tuple[str, ...]:
        """The files whose code mentions a word."""
        found: tuple[str, ...] = self._ask("mentioning", word)
        return found

    def _mentioning(self, word: str) -> tuple[str, ...]:
        searched = word.encode()
        return tuple(sorted(path for path, facts in self.facts.items() if searched in bytes(facts.code)))

    def is_imported(self, dotted: str) -> bool:
        """Whether any file imports a module, or one below it."""
        found: bool = self._ask("imported", dotted)
        return found

    def _is_imported(self, dotted: str) -> bool:
        return dotted in self._imports

    @functools.cached_property
    def _imports(self) -> frozenset[str]:
        """The dotted names of all modules that are imported, and of those above them."""
        found: set[str] = set()
        for facts in self.facts.values():
            for module in facts.outline.imports:
                while module and module not in found:
                    found.add(module)
                    module = module.rpartition(".")[0]
        return frozenset(found)

    def is_handed_to_run_sync(self, name: str) -> bool:
        """Whether any file passes a function of this name to a ``run_sync``."""
        found: bool = self._ask("handed to run_sync", name)
        return found

    @functools.cached_property
    def _handed_to_run_sync(self) -> frozenset[str]:
        return frozenset(name for facts in self.facts.values() for name in facts.outline.handed_to_run_sync)

    def registrations_of(self, name: str) -> tuple[tuple[str, str], ...]:
        """Where something of this last name is passed to what makes a framework call it: files, and texts."""
        found: tuple[tuple[str, str], ...] = self._ask("registrations", name)
        return found

    @functools.cached_property
    def _registrations(self) -> dict[str, tuple[tuple[str, str], ...]]:
        found: dict[str, tuple[tuple[str, str], ...]] = {}
        for path, facts in sorted(self.facts.items()):
            for text in facts.outline.registered:
                last = text.rpartition(".")[2] if "." in text else self._original_name(path, text)
                found[last] = (*found.get(last, ()), (path, text))
        return found

    def _original_name(self, path: str, name: str) -> str:
        """The name that something has in the file from which it is imported."""
        for _, statement in self._bound(path, name):
            for binding in statement.bindings if isinstance(statement, Import) else ():
                if binding.local == name and binding.name is not None:
                    return binding.name
        return name

    def files_including_routers(self) -> tuple[str, ...]:
        """The files that call an ``include_router``."""
        found: tuple[str, ...] = self._ask("including routers")
        return found

    def classes_named(self, name: str) -> list[str]:
        """The files that define a class of this name at module level."""
        found: list[str] = self._ask("classes named", name)
        return found

    @functools.cached_property
    def _classes(self) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for path, facts in sorted(self.facts.items()):
            for outline in facts.outline.classes:
                if "." not in outline.qualname:
                    found.setdefault(outline.qualname, []).append(path)
        return found

    def models_with_backrefs(self) -> list[tuple[str, list[str]]]:
        """The classes in whose bodies a relationship has a ``backref``, by file."""
        found: list[tuple[str, list[str]]] = self._ask("backrefs")
        return found

    def imperative_mappings(self) -> list[str]:
        """The files that map classes by calls."""
        found: list[str] = self._ask("imperative mappings")
        return found

    def reconfigures_sessions(self) -> bool:
        """Whether any file changes the settings of a session factory after it was made."""
        found: bool = self._ask("reconfigures sessions")
        return found

    @functools.cached_property
    def _session_factories(self) -> frozenset[str]:
        return frozenset(text for facts in self.facts.values() for text in facts.outline.session_factories)

    def expire_on_commit(self) -> bool | None:
        """What all factories of async sessions in the project say; None if they disagree, or say nothing."""
        found: bool | None = self._ask("expire_on_commit")
        return found

    def _expire_on_commit(self) -> bool | None:
        said = self._session_factories
        if "configure" in said:
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

    def classes_below(self, class_name: str) -> tuple[tuple[str, str], ...]:
        """The files and names of classes at module level that may be below one of this name."""
        found: tuple[tuple[str, str], ...] = self._ask("below", class_name)
        return found

    def _classes_below(self, class_name: str) -> tuple[tuple[str, str], ...]:
        found = ((path, outline.qualname) for path, outline in self._below(class_name))
        return tuple((path, name) for path, name in found if "." not in name)

    def overrides_colour(self, class_name: str, method: str, is_async: bool) -> bool:
        """Whether any class below one of this name defines the method in the other colour.

        Classes are compared by their last name only: a false yes keeps a rule silent.
        """
        found: bool = self._ask("overrides", class_name, method, is_async)
        return found

    def _overrides_colour(self, class_name: str, method: str, is_async: bool) -> bool:
        return any(
            outline.methods.get(method, is_async) != is_async for _, outline in self._below(class_name)
        )


_ANSWERS: Final[Mapping[str, Callable[..., Any]]] = {
    "exists": lambda project, path: path in project.facts,
    "code": Project._body,
    "binding": Project._bound,
    "binds": Project._binds,
    "exports": Project._exports,
    "star targets": Project._star_targets,
    "imports of": lambda project, path: project._imports_of(path),
    "target": Project._target,
    "submodule": Project._submodule,
    "module": lambda project, dotted, importer: project.modules.find(dotted, importer),
    "template": lambda project, path: project._load_template(path),
    "template file": lambda project, name, importer, folder: project.templates.find(name, importer, folder),
    "template names": lambda project: frozenset(project.templates.by_last),
    "requirements": lambda project, path: project.requirements.of(path),
    "mentioning": Project._mentioning,
    "imported": Project._is_imported,
    "handed to run_sync": lambda project, name: name in project._handed_to_run_sync,
    "registrations": lambda project, name: project._registrations.get(name, ()),
    "including routers": lambda project: tuple(
        sorted(path for path, facts in project.facts.items() if facts.outline.includes_routers)
    ),
    "classes named": lambda project, name: project._classes.get(name, []),
    "backrefs": lambda project: [
        (path, facts.outline.backrefs)
        for path, facts in sorted(project.facts.items())
        if facts.outline.backrefs
    ],
    "imperative mappings": lambda project: sorted(
        path for path, facts in project.facts.items() if facts.outline.maps_imperatively
    ),
    "reconfigures sessions": lambda project: "configure" in project._session_factories,
    "expire_on_commit": Project._expire_on_commit,
    "below": Project._classes_below,
    "overrides": Project._overrides_colour,
}
"""How each kind of question is answered."""


def link(facts: Mapping[str, ModuleFacts], requirements: RequirementFiles | None = None) -> Project:
    """Join the facts of all files of a project, and what it says it needs."""
    return Project(facts, index_modules(facts), requirements or RequirementFiles())
