"""A project: its modules, what their names are bound to, and its classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Any

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


@dataclass
class Project:
    """The one door to other files.

    Whoever asks anything of a file, or of all of them, asks here, and the question is noted in
    ``reads``, as a number.  The answer has a fingerprint: as long as a later state of the project
    gives the same one, what was computed from the answer stands.
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
        """Answer from other facts of some files; the numbers of what is answered otherwise, or was no answer.

        No module comes or goes: each file of ``changes`` has facts before and after.
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
            answer = self.answers.encode_answer(question)
            known = "" if answer is None else blake2b(answer, digest_size=12).hexdigest()
            self._fingerprints[question] = known
        return known

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

    def binds(self, path: str, name: str) -> bool:
        """Whether a module binds a name itself, or may do so through a star import."""
        found: bool = self._ask("binds", path, name)
        return found

    def exports(self, path: str, name: str) -> bool:
        """Whether ``from module import *`` can bring a name along."""
        found: bool = self._ask("exports", path, name)
        return found

    def star_targets(self, path: str) -> tuple[Target, ...]:
        """The modules that a module imports with ``*``."""
        found: tuple[Target, ...] = self._ask("star targets", path)
        return found

    def imports_of(self, path: str) -> frozenset[str]:
        """The top-level names of what a file imports."""
        found: frozenset[str] = self._ask("imports of", path)
        return found

    # --- names ----------------------------------------------------------------------------

    def target(self, importer: str, binding: Binding) -> Target | None:
        """What an import binds its name to; None for a name that is nowhere."""
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
        """Tell which templates there are, how to get the facts of one, and a digest of its text."""
        self.answers = replace(
            self.answers, templates=index_templates(paths), load_template=load, template_digest=digest
        )

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

    def pytest_settings_of(self, path: str) -> PytestSettings:
        """How pytest runs a test file."""
        found: PytestSettings = self._ask("pytest", path)
        return found

    # --- all files ------------------------------------------------------------------------

    def mentioning(self, word: str) -> tuple[str, ...]:
        """The files whose code mentions a word; tests are left out."""
        found: tuple[str, ...] = self._ask("mentioning", word)
        return found

    def callers(self, path: str, name: str, *, is_anywhere: bool) -> tuple[str, ...]:
        """The files with code that may lead to a call of a function of this name in a file, tests left out.

        Not all: the nearest few.  ``is_anywhere`` says that it is called on objects that come from elsewhere.
        """
        found: tuple[str, ...] = self._ask("callers", path, name, is_anywhere)
        return found

    def tests_mention(self, dotted: str, folder: str) -> bool:
        """Whether the code of any test below a folder mentions a name, or attributes one after the other."""
        found: bool = self._ask("tests mentioning", dotted, folder)
        return found

    def tests_mentioning(self, dotted: str, folder: str) -> tuple[str, ...]:
        """The test files below a folder that do, as above."""
        found: tuple[str, ...] = self._ask("test files mentioning", dotted, folder)
        return found

    def is_imported(self, dotted: str) -> bool:
        """Whether any file imports a module, or one below it."""
        found: bool = self._ask("imported", dotted)
        return found

    def is_handed_to_run_sync(self, name: str) -> bool:
        """Whether any file passes a function of this name to a ``run_sync``."""
        found: bool = self._ask("handed to run_sync", name)
        return found

    def registrations_of(self, name: str) -> tuple[tuple[str, str], ...]:
        """Where something of this last name is passed to what makes a framework call it: files, and texts."""
        found: tuple[tuple[str, str], ...] = self._ask("registrations", name)
        return found

    def request_scoped_uses_of(self, name: str) -> tuple[tuple[str, str], ...]:
        """Where something of this last name is a dependency that may end after the response, as above."""
        found: tuple[tuple[str, str], ...] = self._ask("request-scoped", name)
        return found

    def files_including_routers(self) -> tuple[str, ...]:
        """The files that call an ``include_router``."""
        found: tuple[str, ...] = self._ask("including routers")
        return found

    def classes_named(self, name: str) -> list[str]:
        """The files that define a class of this name at module level."""
        found: list[str] = self._ask("classes named", name)
        return found

    def models_with_backrefs(self) -> list[tuple[str, list[str]]]:
        """The classes in whose bodies a relationship has a ``backref``, by file."""
        found: list[tuple[str, list[str]]] = self._ask("backrefs")
        return found

    def imperative_mappings(self) -> list[str]:
        """The files that map classes by calls."""
        found: list[str] = self._ask("imperative mappings")
        return found

    def files_adding_to(self, class_name: str) -> tuple[str, ...]:
        """The files that add attributes to a class of this name after it was made, tests left out."""
        found: tuple[str, ...] = self._ask("adding to", class_name)
        return found

    def reconfigures_sessions(self) -> bool:
        """Whether any file changes the settings of a session factory after it was made."""
        found: bool = self._ask("reconfigures sessions")
        return found

    def expire_on_commit(self, path: str) -> bool | None:
        """What all factories of async sessions say that a file may use; None if they do not agree.

        The factories of tests are for tests, unless there are no others.
        """
        found: bool | None = self._ask("expire_on_commit", is_test(path))
        return found

    def autoflushes(self) -> bool:
        """Whether no factory of async sessions in the project turns ``autoflush`` off."""
        found: bool = self._ask("autoflush")
        return found

    def classes_below(self, class_name: str) -> tuple[tuple[str, str], ...]:
        """The files and names of classes at module level that may be below one of this name."""
        found: tuple[tuple[str, str], ...] = self._ask("below", class_name)
        return found

    def overrides_colour(self, class_name: str, method: FunctionDef) -> bool:
        """Whether any class below one of this name defines a method of it in another colour.

        Classes are compared by their last name only: a false yes keeps a rule silent.
        """
        found: bool = self._ask("overrides", class_name, method.name, colour_of(method))
        return found


def link(
    facts: Mapping[str, ModuleFacts],
    requirements: RequirementFiles | None = None,
    pytest: PytestFiles | None = None,
    package: str = "",
) -> Project:
    """Join the facts of all files of a project, what it says it needs, and how it is tested.

    ``package`` as in ``Modules``.
    """
    modules = index_modules(facts, package)
    return Project(Answers(facts, modules, requirements or RequirementFiles(), pytest or PytestFiles()))
