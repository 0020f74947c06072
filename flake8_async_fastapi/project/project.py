"""A project: its modules, what their names are bound to, and its classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any, TypeVar

from flake8_async_fastapi.facts.module import ModuleFacts
from flake8_async_fastapi.facts.template import TemplateFacts
from flake8_async_fastapi.facts.tree import Binding, FunctionDef, Stmt
from flake8_async_fastapi.facts.walk import colour_of
from flake8_async_fastapi.project.answers import Answers
from flake8_async_fastapi.project.changes import Changes
from flake8_async_fastapi.project.modules import index_modules, is_test
from flake8_async_fastapi.project.pytest_settings import PytestFiles, PytestSettings
from flake8_async_fastapi.project.reads import UNRELIABLE, Question, Reads, number_of, place_of
from flake8_async_fastapi.project.requirements import RequirementFiles, Requirements
from flake8_async_fastapi.project.targets import Target
from flake8_async_fastapi.project.templates import index_templates
from flake8_async_fastapi.project.views import View, name_of

T = TypeVar("T")


@dataclass
class Project:
    """The only way to ask about other files.

    All questions about a file, or about all files, go through this class. It records each question in
    ``reads``, as a number, and can compute a fingerprint of the answer. A result stays valid as long as a
    later state of the project answers its questions with the same fingerprints.
    """

    answers: Answers
    reads: set[int] = field(default_factory=set)
    all_reads: Reads = field(default_factory=Reads)
    _asked: dict[Question, tuple[int, Any]] = field(default_factory=dict)
    _in_order: list[Question] = field(default_factory=list)
    _fingerprints: dict[Question, str] = field(default_factory=dict)

    # --- recording ------------------------------------------------------------------------

    def _ask(self, *question: str | int | bool | None) -> Any:
        known = self._asked.get(question)
        if known is None:
            answer = self.answers.answer(question)
            known = self._asked[question] = number_of(len(self._asked)), answer
            self._in_order.append(question)
        self.reads.add(known[0])
        return known[1]

    def take_edit(self, changes: Changes) -> set[int]:
        """Use new facts for some files. Returns the numbers of the questions whose answer changed or failed.

        No module may be added or removed: each file of ``changes`` has facts before and after.
        """
        self.answers = self.answers.with_facts(changes.now)
        self._fingerprints.clear()
        outdated = {UNRELIABLE}
        for question, (number, answer) in self._asked.items():
            if changes.may_change(question):
                new = self.answers.answer(question)
                if new != answer:
                    outdated.add(number)
                self._asked[question] = number, new
        return outdated

    def questions(self) -> list[Question] | None:
        """The questions recorded so far; None if they cannot be listed completely."""
        numbers = self.all_reads.flatten(self.reads)
        if UNRELIABLE in numbers:
            return None
        return [self._in_order[place_of(number)] for number in numbers]

    def fingerprint(self, question: Question) -> str:
        """A short digest of the answer to a question; empty if there is no such kind of question.

        This records nothing. The question may come from the cache, so nothing is assumed about it.
        """
        known = self._fingerprints.get(question)
        if known is None:
            answer = self.answers.encode_answer(question)
            known = "" if answer is None else blake2b(answer, digest_size=12).hexdigest()
            self._fingerprints[question] = known
        return known

    # --- one file -------------------------------------------------------------------------

    def has(self, path: str) -> bool:
        """Whether a file has facts. A file that does not parse has none."""
        found: bool = self._ask("exists", path)
        return found

    def body(self, path: str) -> list[Stmt]:
        """The code of a module; empty for a module without facts.

        Whoever asks depends on all of this code, wherever it is in the file: ``view`` is narrower.
        """
        found: list[Stmt] = self._ask("code", path)
        return found

    def placed_body(self, path: str) -> list[Stmt]:
        """As ``body``, for who depends on the places in the file as well."""
        found: list[Stmt] = self._ask("placed code", path)
        return found

    def view(self, path: str, view: View[T]) -> T:
        """What a view says about the code of a module."""
        found: T = self._ask("view", path, name_of(view), None)
        return found

    def view_of(self, path: str, view: View[Mapping[str, T]], word: str) -> T | None:
        """What a view says about the code of a module under one word; None if it has nothing there."""
        found: T | None = self._ask("view", path, name_of(view), word)
        return found

    def bindings(self, path: str, name: str) -> list[tuple[bool, Stmt]]:
        """The statements at module level that bind a name, in order.

        Each comes with a flag: True if it is unconditional, and not in a branch or the like.
        """
        found: list[tuple[bool, Stmt]] = self._ask("binding", path, name)
        return found

    def setters(self, path: str, name: str) -> list[tuple[bool, Stmt]]:
        """The functions of a module that declare one of its names ``global``, in the form of ``bindings``."""
        found: list[tuple[bool, Stmt]] = self._ask("setters", path, name)
        return found

    def binds(self, path: str, name: str) -> bool:
        """Whether a module binds a name itself, or may do so through a star import."""
        found: bool = self._ask("binds", path, name)
        return found

    def exports(self, path: str, name: str) -> bool:
        """Whether ``from module import *`` can bind a name."""
        found: bool = self._ask("exports", path, name)
        return found

    def star_targets(self, path: str) -> tuple[Target, ...]:
        """The modules that a module imports with ``*``."""
        found: tuple[Target, ...] = self._ask("star targets", path)
        return found

    def imports_of(self, path: str) -> frozenset[str]:
        """The top-level names of the modules that a file imports."""
        found: frozenset[str] = self._ask("imports of", path)
        return found

    # --- names ----------------------------------------------------------------------------

    def target(self, importer: str, binding: Binding) -> Target | None:
        """The target of an import; None for a name that does not exist."""
        found: Target | None = self._ask("target", importer, binding.level, binding.module, binding.name)
        return found

    def submodule(self, path: str, name: str) -> str | None:
        """The submodule ``name`` of the package at ``path``, or None."""
        found: str | None = self._ask("submodule", path, name)
        return found

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
        """Set which templates exist, how to load the facts of one, and how to get a digest of its text."""
        self.answers = replace(
            self.answers, templates=index_templates(paths), load_template=load, template_digest=digest
        )

    def template(self, path: str) -> TemplateFacts | None:
        """The facts of a template; None if it does not exist or Jinja cannot parse it."""
        found: TemplateFacts | None = self._ask("template", path)
        return found

    def find_template(self, name: str, importer: str, directory: str | None) -> str | None:
        """The template that a name means, as `Templates.find` describes."""
        found: str | None = self._ask("template file", name, importer, directory)
        return found

    def template_names(self) -> frozenset[str]:
        """The last parts of the paths of all templates."""
        found: frozenset[str] = self._ask("template names")
        return found

    def attributes_in_templates(self, path: str) -> tuple[str, ...]:
        """The attributes of a variable, or of a chain of attributes, that any template mentions."""
        found: tuple[str, ...] = self._ask("attributes in templates", path)
        return found

    def requirements_of(self, path: str) -> Requirements:
        """The requirements that apply to the code in a file."""
        found: Requirements = self._ask("requirements", path)
        return found

    def pytest_settings_of(self, path: str) -> PytestSettings:
        """The pytest settings that apply to a test file."""
        found: PytestSettings = self._ask("pytest", path)
        return found

    # --- all files ------------------------------------------------------------------------

    def mentioning(self, word: str) -> tuple[str, ...]:
        """The files, except tests, whose code mentions a word."""
        found: tuple[str, ...] = self._ask("mentioning", word)
        return found

    def functions_mentioning(self, word: str) -> int:
        """How many functions, except tests, mention a word. The code of a file around them is one more."""
        found: int = self._ask("functions mentioning", word)
        return found

    def callers(self, path: str, name: str, *, is_anywhere: bool) -> tuple[str, ...]:
        """The files, except tests, with code that may lead to a call of a function of this name in a file.

        Only the nearest few are returned. ``is_anywhere``: the function is also called on objects that come
        from elsewhere.
        """
        found: tuple[str, ...] = self._ask("callers", path, name, is_anywhere)
        return found

    def tests_mention(self, dotted: str, folder: str) -> bool:
        """Whether any test below a folder mentions a name, or a chain of attributes."""
        found: bool = self._ask("tests mentioning", dotted, folder)
        return found

    def tests_mentioning(self, dotted: str, folder: str) -> tuple[str, ...]:
        """The test files below a folder that mention a name, or a chain of attributes."""
        found: tuple[str, ...] = self._ask("test files mentioning", dotted, folder)
        return found

    def is_imported(self, dotted: str) -> bool:
        """Whether any file imports a module, or a module below it."""
        found: bool = self._ask("imported", dotted)
        return found

    def is_handed_to_run_sync(self, name: str) -> bool:
        """Whether any file passes a function of this name to ``run_sync``."""
        found: bool = self._ask("handed to run_sync", name)
        return found

    def registrations_of(self, name: str) -> tuple[tuple[str, str], ...]:
        """The places where a function with this last name is registered with a framework: files, and the text
        of each call.
        """
        found: tuple[tuple[str, str], ...] = self._ask("registrations", name)
        return found

    def request_scoped_uses_of(self, name: str) -> tuple[tuple[str, str], ...]:
        """The places where a function with this last name is a dependency that may end after the response:
        files, and texts.
        """
        found: tuple[tuple[str, str], ...] = self._ask("request-scoped", name)
        return found

    def files_including_routers(self) -> tuple[str, ...]:
        """The files that call ``include_router``."""
        found: tuple[str, ...] = self._ask("including routers")
        return found

    def classes_named(self, name: str) -> list[str]:
        """The files that define a class of this name at module level."""
        found: list[str] = self._ask("classes named", name)
        return found

    def models_with_backrefs(self) -> list[tuple[str, list[str]]]:
        """The classes that contain a relationship with ``backref``, by file."""
        found: list[tuple[str, list[str]]] = self._ask("backrefs")
        return found

    def imperative_mappings(self) -> list[str]:
        """The files that map classes imperatively."""
        found: list[str] = self._ask("imperative mappings")
        return found

    def files_adding_to(self, class_name: str) -> tuple[str, ...]:
        """The files, except tests, that add attributes to a class of this name after its definition."""
        found: tuple[str, ...] = self._ask("adding to", class_name)
        return found

    def reconfigures_sessions(self) -> bool:
        """Whether any file changes the settings of a session factory after creating it."""
        found: bool = self._ask("reconfigures sessions")
        return found

    def expire_on_commit(self, path: str) -> bool | None:
        """The value of ``expire_on_commit`` that all factories of async sessions for a file share; None if
        they differ.

        Factories in tests count only for tests, unless there are no others.
        """
        found: bool | None = self._ask("expire_on_commit", is_test(path))
        return found

    def autoflushes(self) -> bool:
        """Whether all factories of async sessions leave ``autoflush`` on."""
        found: bool = self._ask("autoflush")
        return found

    def classes_below(self, class_name: str) -> tuple[tuple[str, str], ...]:
        """The files and names of module-level classes that may derive from a class of this name."""
        found: tuple[tuple[str, str], ...] = self._ask("below", class_name)
        return found

    def classes_having(self, methods: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """The files and names of module-level classes, except those of tests, that have methods of these
        names, their own or those of classes with the names of their bases.
        """
        found: tuple[tuple[str, str], ...] = self._ask("having", *methods)
        return found

    def overrides_colour(self, class_name: str, method: FunctionDef) -> bool:
        """Whether a class below one of this name overrides a method with one of the other colour, sync or
        async.

        Classes are compared by their last name only. A wrong yes only keeps a rule silent.
        """
        found: bool = self._ask("overrides", class_name, method.name, colour_of(method))
        return found


def link(
    facts: Mapping[str, ModuleFacts],
    requirements: RequirementFiles | None = None,
    pytest: PytestFiles | None = None,
    package: str = "",
) -> Project:
    """Link the facts of all files of a project with its requirements and its pytest settings.

    ``package`` is as in ``Modules``.
    """
    modules = index_modules(facts, package)
    return Project(Answers(facts, modules, requirements or RequirementFiles(), pytest or PytestFiles()))
