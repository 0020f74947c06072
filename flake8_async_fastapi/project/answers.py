"""Answers, from the linked facts of all files, to the questions that a ``Project`` records."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import msgspec

from flake8_async_fastapi.facts.module import (
    ModuleFacts,
    encode,
    encode_code,
    encode_mention,
)
from flake8_async_fastapi.facts.template import TemplateFacts
from flake8_async_fastapi.facts.tree import FunctionDef, Import, Stmt
from flake8_async_fastapi.facts.walk import bound_names, flat, shared_names
from flake8_async_fastapi.project.callers import (
    Mentioning,
    find_callers,
    index_mentions,
    mentions_of,
    reached,
)
from flake8_async_fastapi.project.class_index import ClassIndex
from flake8_async_fastapi.project.modules import Modules, is_test
from flake8_async_fastapi.project.pytest_settings import PytestFiles
from flake8_async_fastapi.project.reads import Question
from flake8_async_fastapi.project.requirements import RequirementFiles
from flake8_async_fastapi.project.targets import (
    FolderTarget,
    LibraryTarget,
    ModuleTarget,
    NameTarget,
    Target,
)
from flake8_async_fastapi.project.templates import Templates
from flake8_async_fastapi.project.views import view_named


@dataclass
class Answers:
    """The linked facts of all files. Paths are relative to the root and use ``/``.

    ``load_template`` returns the facts of a template, ``template_digest`` a digest of its text. The method
    of ``Project`` that asks a question documents its meaning.
    """

    facts: Mapping[str, ModuleFacts]
    modules: Modules
    requirements: RequirementFiles = field(default_factory=RequirementFiles)
    pytest: PytestFiles = field(default_factory=PytestFiles)
    templates: Templates = field(default_factory=Templates)
    load_template: Callable[[str], TemplateFacts | None] = lambda path: None
    template_digest: Callable[[str], str] = lambda path: ""
    _bodies: dict[str, list[Stmt]] = field(default_factory=dict, init=False)
    _bindings: dict[str, dict[str, list[tuple[bool, Stmt]]]] = field(default_factory=dict, init=False)
    _setters: dict[str, dict[str, list[tuple[bool, Stmt]]]] = field(default_factory=dict, init=False)
    _views: dict[tuple[str, str], Any] = field(default_factory=dict, init=False)
    _mentions: dict[str, tuple[str, ...]] = field(default_factory=dict, init=False)
    _in_functions: dict[str, Mentioning] = field(default_factory=dict, init=False)
    _imported: dict[str, frozenset[str]] = field(default_factory=dict, init=False)

    def with_facts(self, changed: Mapping[str, ModuleFacts | None]) -> Answers:
        """The answers after the facts of some files have changed. No module was added or removed."""
        new = {path: facts for path, facts in changed.items() if facts is not None}
        after = replace(self, facts={**self.facts, **new})
        after._bodies = {path: body for path, body in self._bodies.items() if path not in changed}
        after._in_functions = {path: one for path, one in self._in_functions.items() if path not in changed}
        after._bindings = {path: bound for path, bound in self._bindings.items() if path not in changed}
        after._setters = {path: found for path, found in self._setters.items() if path not in changed}
        after._views = {key: found for key, found in self._views.items() if key[0] not in changed}
        return after

    def answer(self, question: Question) -> Any:
        """The answer to a question of a known kind."""
        kind, *about = question
        return _BY_KIND[str(kind)](self, *about)

    def encode_answer(self, question: Question) -> bytes | None:
        """An answer as bytes that are the same in all processes; None if there is no such kind of
        question.
        """
        kind, *about = question
        if kind not in _BY_KIND:
            return None
        try:
            if kind == "placed code":
                facts = self.facts.get(str(about[0]))
                return b"" if facts is None else encode(facts)
            if kind == "template":
                return self.template_digest(str(about[0])).encode()
            if kind in ("binding", "setters", "code", "view"):
                return encode_code(self.answer(question))
            # not the ``repr``: the order of a set is another one in the next process
            return msgspec.json.encode(self.answer(question), order="deterministic")
        except (TypeError, AttributeError, LookupError):
            return None

    # --- templates ------------------------------------------------------------------------

    def attributes_in_templates(self, path: str) -> tuple[str, ...]:
        loaded = (self.load_template(one) for found in self.templates.by_last.values() for one in found)
        return tuple(sorted({name for facts in loaded if facts for name in facts.attributes_of(path)}))

    # --- one file -------------------------------------------------------------------------

    def body(self, path: str) -> list[Stmt]:
        body = self._bodies.get(path)
        if body is None:
            try:
                body = self.facts[path].body() if path in self.facts else []
            except (msgspec.DecodeError, RecursionError):
                body = []
            self._bodies[path] = body
        return body

    def bindings(self, path: str, name: str) -> list[tuple[bool, Stmt]]:
        found = self._bindings.get(path)
        if found is None:
            found = {}
            body = self.body(path)
            top = {id(statement) for statement in body}
            for statement in flat(body):
                for bound in bound_names(statement):
                    found.setdefault(bound, []).append((id(statement) in top, statement))
            self._bindings[path] = found
        return found.get(name, [])

    def setters(self, path: str, name: str) -> list[tuple[bool, Stmt]]:
        found = self._setters.get(path)
        if found is None:
            found = {}
            for statement in flat(self.body(path)):
                for declared in shared_names([statement]) if isinstance(statement, FunctionDef) else ():
                    found.setdefault(declared, []).append((False, statement))
            self._setters[path] = found
        return found.get(name, [])

    def view(self, path: str, name: str, word: str | None) -> Any:
        found = self._views.get((path, name))
        if found is None:
            found = self._views[path, name] = view_named(name)(self.body(path))
        return found if word is None else found.get(word)

    def binds(self, path: str, name: str) -> bool:
        facts = self.facts.get(path)
        return facts is not None and name in facts.outline.names

    def exports(self, path: str, name: str) -> bool:
        facts = self.facts.get(path)
        if facts is None:
            return False
        exports = facts.outline.exports
        return not name.startswith("_") if exports is None else name in exports

    def star_targets(self, path: str) -> tuple[Target, ...]:
        facts = self.facts.get(path)
        stars = facts.outline.star if facts else ()
        found = (self.target(path, star.level, star.module, None) for star in stars)
        return tuple(target for target in found if target is not None)

    def imports_of(self, path: str) -> frozenset[str]:
        facts = self.facts.get(path)
        imports = facts.outline.imports if facts is not None else []
        return frozenset(module.partition(".")[0] for module in imports)

    # --- names ----------------------------------------------------------------------------

    def target(self, importer: str, level: int, module: str, name: str | None) -> Target | None:
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
        if path is not None and path != importer and self.binds(path, name):
            return NameTarget(path, name)
        inner = f"{dotted}.{name}" if dotted else name
        found = self.modules.at(inner) if rooted else self.modules.find(inner, importer)
        if found is not None:
            return ModuleTarget(found)
        if path is not None:
            return NameTarget(path, name)
        if self.modules.is_folder(inner, importer) and (rooted or self.modules.is_folder(dotted, importer)):
            return FolderTarget(inner, importer)
        # a folder without ``__init__.py`` hides no package of its name that is installed
        return None if rooted else LibraryTarget(inner)

    def submodule(self, path: str, name: str) -> str | None:
        if not path.endswith("__init__.py"):
            return None
        folder = path.rpartition("/")[0]
        return self.modules.at(f"{folder}/{name}".strip("/").replace("/", "."))

    # --- all files ------------------------------------------------------------------------

    def tests_mention(self, dotted: str, folder: str) -> bool:
        return bool(self.tests_mentioning(dotted, folder))

    def tests_mentioning(self, dotted: str, folder: str) -> tuple[str, ...]:
        searched, prefix = encode_mention(dotted), f"{folder}/" if folder else ""
        return tuple(
            path
            for path, facts in sorted(self.facts.items())
            if path.startswith(prefix) and is_test(path) and searched in bytes(facts.code)
        )

    def mentioning(self, word: str) -> tuple[str, ...]:
        found = self._mentions.get(word)
        if found is None:
            searched = word.encode()
            mentions = (path for path, facts in self._besides_tests if searched in bytes(facts.code))
            found = self._mentions[word] = tuple(mentions)
        return found

    def functions_mentioning(self, word: str) -> int:
        return sum(len(self._functions(path).get(word, ())) for path in self.mentioning(word))

    def callers(self, path: str, name: str, is_anywhere: bool) -> tuple[str, ...]:
        return find_callers(
            path,
            name,
            is_anywhere=is_anywhere,
            mentioning=lambda word: self._with_functions_mentioning.get(word, ()),
            mentions=self._functions,
            imported=lambda one: reached(one, self._imports_of),
        )

    def _functions(self, path: str) -> Mentioning:
        found = self._in_functions.get(path)
        if found is None:
            found = self._in_functions[path] = index_mentions(mentions_of(self.facts.get(path)))
        return found

    @functools.cached_property
    def _with_functions_mentioning(self) -> Mapping[str, list[str]]:
        """The files with functions that mention a name, except for tests, by name."""
        found: dict[str, list[str]] = {}
        for path, _ in self._besides_tests:
            for word in self._functions(path):
                found.setdefault(word, []).append(path)
        return found

    def _imports_of(self, path: str) -> frozenset[str]:
        known = self._imported.get(path)
        if known is None:
            bindings = mentions_of(self.facts.get(path)).imports
            targets = (self.target(path, one.level, one.module, one.name) for one in bindings)
            found = (one.path for one in targets if isinstance(one, (ModuleTarget, NameTarget)))
            known = self._imported[path] = frozenset(found)
        return known

    @functools.cached_property
    def _besides_tests(self) -> list[tuple[str, ModuleFacts]]:
        return [(path, facts) for path, facts in sorted(self.facts.items()) if not is_test(path)]

    def is_imported(self, dotted: str) -> bool:
        return dotted in self._imports

    @functools.cached_property
    def _imports(self) -> frozenset[str]:
        """The dotted names of all imported modules and of their parent packages."""
        found: set[str] = set()
        for facts in self.facts.values():
            for module in facts.outline.imports:
                while module and module not in found:
                    found.add(module)
                    module = module.rpartition(".")[0]
        return frozenset(found)

    @functools.cached_property
    def _handed_to_run_sync(self) -> frozenset[str]:
        return frozenset(name for facts in self.facts.values() for name in facts.outline.handed_to_run_sync)

    @functools.cached_property
    def _registrations(self) -> dict[str, tuple[tuple[str, str], ...]]:
        return self._by_last_name(lambda facts: facts.outline.registered)

    @functools.cached_property
    def _request_scoped(self) -> dict[str, tuple[tuple[str, str], ...]]:
        return self._by_last_name(lambda facts: facts.outline.request_scoped)

    def _by_last_name(
        self, texts: Callable[[ModuleFacts], list[str]]
    ) -> dict[str, tuple[tuple[str, str], ...]]:
        """The files in which functions are named in some way, and how, by the last names of these."""
        found: dict[str, tuple[tuple[str, str], ...]] = {}
        for path, facts in sorted(self.facts.items()):
            for text in texts(facts):
                last = text.rpartition(".")[2] if "." in text else self._original_name(path, text)
                found[last] = (*found.get(last, ()), (path, text))
        return found

    @functools.cached_property
    def _added_to(self) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for path, facts in self._besides_tests:
            for name in facts.outline.added_to:
                found[name] = (*found.get(name, ()), path)
        return found

    def _original_name(self, path: str, name: str) -> str:
        """The name that something has in the file from which it is imported."""
        for _, statement in self.bindings(path, name):
            for binding in statement.bindings if isinstance(statement, Import) else ():
                if binding.local == name and binding.name is not None:
                    return binding.name
        return name

    @functools.cached_property
    def _classes(self) -> ClassIndex:
        return ClassIndex(self.facts)

    @functools.cached_property
    def _session_factories(self) -> frozenset[str]:
        return frozenset(text for facts in self.facts.values() for text in facts.outline.session_factories)

    @functools.cached_property
    def _session_factories_besides_tests(self) -> frozenset[str]:
        return frozenset(text for _, facts in self._besides_tests for text in facts.outline.session_factories)

    def expire_on_commit(self, in_tests: bool) -> bool | None:
        said = self._session_factories
        if "configure" in said:
            return None
        if not in_tests:
            said = self._session_factories_besides_tests or said
        said -= {"autoflush"}
        return said == {"True"} if len(said) == 1 and "?" not in said else None


_BY_KIND: Final[Mapping[str, Callable[..., Any]]] = {
    "exists": lambda answers, path: path in answers.facts,
    "code": Answers.body,
    "placed code": Answers.body,
    "view": Answers.view,
    "binding": Answers.bindings,
    "setters": Answers.setters,
    "binds": Answers.binds,
    "exports": Answers.exports,
    "star targets": Answers.star_targets,
    "imports of": lambda answers, path: answers.imports_of(path),
    "target": Answers.target,
    "submodule": Answers.submodule,
    "module": lambda answers, dotted, importer: answers.modules.find(dotted, importer),
    "template": lambda answers, path: answers.load_template(path),
    "template file": lambda answers, name, importer, folder: answers.templates.find(name, importer, folder),
    "template names": lambda answers: frozenset(answers.templates.by_last),
    "attributes in templates": Answers.attributes_in_templates,
    "requirements": lambda answers, path: answers.requirements.of(path),
    "pytest": lambda answers, path: answers.pytest.of(path),
    "mentioning": Answers.mentioning,
    "functions mentioning": Answers.functions_mentioning,
    "callers": Answers.callers,
    "tests mentioning": Answers.tests_mention,
    "test files mentioning": Answers.tests_mentioning,
    "imported": Answers.is_imported,
    "handed to run_sync": lambda answers, name: name in answers._handed_to_run_sync,
    "registrations": lambda answers, name: answers._registrations.get(name, ()),
    "request-scoped": lambda answers, name: answers._request_scoped.get(name, ()),
    "including routers": lambda answers: tuple(
        sorted(path for path, facts in answers.facts.items() if facts.outline.includes_routers)
    ),
    "classes named": lambda answers, name: answers._classes.named(name),
    "backrefs": lambda answers: [
        (path, facts.outline.backrefs)
        for path, facts in sorted(answers.facts.items())
        if facts.outline.backrefs
    ],
    "imperative mappings": lambda answers: sorted(
        path for path, facts in answers.facts.items() if facts.outline.maps_imperatively
    ),
    "adding to": lambda answers, name: answers._added_to.get(name, ()),
    "reconfigures sessions": lambda answers: "configure" in answers._session_factories,
    "expire_on_commit": Answers.expire_on_commit,
    "autoflush": lambda answers: "autoflush" not in answers._session_factories,
    "below": lambda answers, name: answers._classes.below(name),
    "having": lambda answers, *methods: answers._classes.having(*methods),
    "overrides": lambda answers, *about: answers._classes.overrides_colour(*about),
}
"""How each kind of question is answered."""
