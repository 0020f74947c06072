"""Lints one project: from sources and cache to facts, from facts to findings.

This is the only module that joins the layers. Every run sees all files of the project, not only those under
check, and the text that it is given instead of the text on disk.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import pkgutil
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias, cast

from flake8_async_fastapi import __version__
from flake8_async_fastapi.facts import template
from flake8_async_fastapi.facts.module import FORMAT, ModuleFacts
from flake8_async_fastapi.faults import Fault, survive
from flake8_async_fastapi.knowledge.settings import Settings
from flake8_async_fastapi.project.changes import Changes
from flake8_async_fastapi.project.included import included_files
from flake8_async_fastapi.reading import facts_of, requirements_of, template_facts_of
from flake8_async_fastapi.rules.left_open import open_comments
from flake8_async_fastapi.rules.model import (
    Events,
    Finding,
    Level,
    catalogue,
    check_all,
    not_analysed,
    of_level,
    told_within,
)
from flake8_async_fastapi.states import decode_state, encode_state, read_changes, write_state
from flake8_async_fastapi.store.cache import Cache
from flake8_async_fastapi.store.sources import (
    Source,
    code_digest,
    digest,
    is_settings_file,
    is_setup_script,
    is_template,
    load_required,
    load_sources,
    load_templates,
    normalised,
    settings_above,
)
from flake8_async_fastapi.store.workspace import REPOSITORY_FOLDERS
from flake8_async_fastapi.verdicts import Verdict, decode_verdict, encode_verdict, make_verdict, named_files

if TYPE_CHECKING:
    # What links and interprets takes as long to import as a run in which nothing changed takes for
    # the rest: so it is imported where something is computed.
    from flake8_async_fastapi.engine.events import Event
    from flake8_async_fastapi.engine.hooks import Hooks
    from flake8_async_fastapi.engine.queries import Memo
    from flake8_async_fastapi.project.project import Project

_JINJA: Final = "inja2"
"""In the text of whoever imports ``jinja2`` or names a ``Jinja2Templates``."""

_MOST_CHANGES: Final = 20
"""So many changed files are looked at again in the next run rather than a verdict written for this state."""

_MOST_READS: Final = 200_000
"""What was read for so many results is noted across edits, of which most are of earlier texts then."""

_MOST_CALLERS: Final = 32
"""Files that call functions of one, after which no more are looked for: each may have to be analysed."""

_Judged: TypeAlias = "tuple[list[Finding], tuple[str, ...]]"
"""The findings of a file, and its callers."""


@dataclass(frozen=True)
class Analysis:
    """A project in its current state, ready for questions about any of its files."""

    sources: Mapping[str, Source]
    cache: Cache
    settings: Settings = field(default_factory=Settings)
    required: Mapping[str, str] = field(default_factory=dict)
    """The texts of the files that say what the project needs, by path."""
    reuses: bool = True
    """Whether a verdict of another state of the project counts, if all that it was made from is the same."""
    name: str = ""
    """Of several projects in one run: their verdicts lie apart, also of files with the same path."""
    package: str = ""
    """The name of the root's own folder, if that is a package: its files are imported with that name then."""
    _facts: dict[str, ModuleFacts | None] = field(default_factory=dict, repr=False, compare=False)
    """What was read so far, by the digest of its text; None for a text that has no facts."""
    _load_templates: Callable[[], Mapping[str, Source]] = field(default=dict, repr=False, compare=False)
    _template_facts: dict[str, template.TemplateFacts | None] = field(
        default_factory=dict, repr=False, compare=False
    )
    """As ``_facts``, for the templates that the interpreter asked for."""
    _faults: list[str] = field(default_factory=list, repr=False, compare=False)
    """The templates that this package failed at."""
    _judged: dict[str, _Judged] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What the cache says of files, which the lines of other files are told from, too."""

    def with_text(self, path: str, text: str) -> Analysis:
        """The same project, except for the text of one file, which may be new."""
        kept = normalised(text)
        sources = {**self.sources}
        if kept is None:
            sources.pop(path, None)
        else:
            sources[path] = _source(path, kept)
        return replace(self, sources=sources)

    def with_cache(self, cache: Cache) -> Analysis:
        """The same project with another cache, and all that is known of it."""
        after = replace(self, cache=cache)
        vars(after).update({name: vars(self)[name] for name in ("project", "_memo") if name in vars(self)})
        return after

    def after_edits(self, texts: Mapping[str, str]) -> Analysis:
        """The project with new texts for some files, keeping all results that are still valid.

        The old analysis must not be used any more. A text that does not parse changes nothing.
        """
        after = self
        for path, text in texts.items():
            edited = after.with_text(path, text)
            if path in edited.sources and edited.facts_at(path) is not None:
                after = edited
        paths = [
            path
            for path in texts
            if path in after.sources and after.sources[path] is not self.sources.get(path)
        ]
        if not paths:
            return self
        before, known = {path: self.facts_at(path) for path in paths}, len(self.project.all_reads.bundles)
        if None in before.values() or known > _MOST_READS or self.templates.keys() != after.templates.keys():
            return after
        from flake8_async_fastapi.engine.kept import forget_outdated

        now = {path: after.facts_at(path) for path in paths}
        used = {source.digest for source in after.sources.values()}
        for digest_before in {self.sources[path].digest for path in paths} - used:
            del self._facts[digest_before]  # the next edits would pile up
        outdated = self.project.take_edit(Changes(before, now))
        forget_outdated(self._memo, self.project.all_reads, outdated, frozenset(paths))
        vars(after).update(project=self.project, _memo=self._memo, templates=self.templates)
        return after

    def after_reading(self, disk: Analysis) -> Analysis:
        """The project as it is on disk now, keeping all results that are still valid."""
        if disk.sources.keys() == self.sources.keys() and disk.required == self.required:
            differ = [path for path, source in disk.sources.items() if source != self.sources[path]]
            is_near = len(differ) <= _MOST_CHANGES and disk.templates == self.templates
            after = self.after_edits({path: disk.sources[path].text for path in differ} if is_near else {})
            if after.sources == disk.sources and disk.templates == self.templates:
                return after
        return replace(disk, _facts=self._facts, _template_facts=self._template_facts)

    @cached_property
    def templates(self) -> Mapping[str, Source]:
        """The templates, by path. A project that never mentions Jinja has none, even if it contains pages."""
        mentioned = any(_JINJA in source.text for source in self.sources.values())
        return self._load_templates() if mentioned else {}

    @cached_property
    def project(self) -> Project:
        """The linked facts of all files that have facts."""
        from flake8_async_fastapi.project.project import link
        from flake8_async_fastapi.project.pytest_settings import read_pytest_settings

        self._read()
        found = {path: self._facts.get(source.digest) for path, source in self.sources.items()}
        modules = {path: facts for path, facts in found.items() if facts is not None}
        scripts = {path: source.text for path, source in self.sources.items() if is_setup_script(path)}
        requirements = requirements_of({**self.required, **scripts}, self.cache, salt())
        project = link(modules, requirements, read_pytest_settings(self.required), self.package)
        project.add_templates(self.templates, self._template, self._template_digest)
        return project

    def _read(self, told: Callable[[int, int], None] | None = None) -> None:
        """Load the facts of all files. ``told`` is called with the number of finished files and the total."""
        for number, source in enumerate(self.sources.values()):
            if source.digest not in self._facts:
                if told is not None:
                    told(number, len(self.sources))
                with suppress(Fault):
                    self._facts[source.digest] = facts_of(source, self.cache)

    def _template(self, path: str) -> template.TemplateFacts | None:
        source = self.templates.get(path)
        if source is None:
            return None
        if source.digest not in self._template_facts:
            try:
                self._template_facts[source.digest] = template_facts_of(source, self.cache)
            except Fault:
                self._template_facts[source.digest] = None
                self._faults.append(path)
        return self._template_facts[source.digest]

    def _template_digest(self, path: str) -> str:
        source = self.templates.get(path)
        return "" if source is None else source.digest

    def _keep(self, kind: str, key: str, data: bytes) -> None:
        """Store results, unless a fault was involved: then the next run tries again, and logs it again."""
        if not self._faults and self._is_read:
            self.cache.write(kind, key, data)

    @cached_property
    def _is_read(self) -> bool:
        """Whether all files were read without a fault. Asked after something has been computed from them."""
        return all(source.digest in self._facts for source in self.sources.values())

    @cached_property
    def _memo(self) -> Memo:
        return {}

    @cached_property
    def key(self) -> str:
        """A digest of everything that a verdict can depend on: it names this state of the project."""
        return digest(self._state, salt=salt())

    @cached_property
    def _state(self) -> str:
        files = [(path, source.digest) for path, source in (*self.sources.items(), *self.templates.items())]
        files += [(path, digest(text, salt="")) for path, text in self.required.items()]
        return write_state(f"{self.settings.key()} {self.package}", sorted(files))

    def prepare(self, told: Callable[[int, int], None] | None = None) -> None:
        """Extract and link new files, so that processes forked from this one need not.

        ``told`` is called while files are read, with the number of finished files and the total. If the
        project was prepared before, there is nothing to do: most verdicts are known, and a process that
        misses one links the facts from the cache.
        """
        if self.cache.read("prepared", self.key) is None:
            self._read(told)
            survive("the project", "linked", lambda: self.project)
            all_hooks()
            catalogue()
            self._keep("prepared", self.key, encode_state(self._state))

    def findings(
        self, path: str, begins: Callable[[], None] | None = None, level: Level = "certain"
    ) -> list[Finding]:
        """The findings of one file, up to a level: none if it does not parse, AFA001 after a fault.

        ``begins`` is called before an analysis, but not if the findings are already known.
        """
        found = of_level(self._all_findings(path, begins), level)
        marks = open_comments(path, self.sources[path].text) if path in self.sources else []
        return sorted([*found, *marks], key=_place) if marks else found

    def findings_with_callers(
        self, path: str, begins: Callable[[], None] | None = None, level: Level = "certain"
    ) -> list[Finding]:
        """Like ``findings``, plus the findings in other files whose failing line is in this file.

        These are the lines that read something their callers did not load; ``told_within`` reports them.
        """
        own = self.findings(path, begins, level)
        callers = self._judge(path, begins)[1]
        found = [finding for caller in callers for finding in self._judge(caller, None)[0]]
        text = self.sources[path].text if callers and path in self.sources else ""
        told = told_within(path, text, of_level(found, level))
        return sorted([*own, *told], key=_place) if told else own

    def _all_findings(self, path: str, begins: Callable[[], None] | None) -> list[Finding]:
        """The findings of all levels: a verdict does not depend on the level of the report."""
        return self._judge(path, begins)[0]

    def _judge(self, path: str, begins: Callable[[], None] | None) -> _Judged:
        """The findings of all levels, and the files that may pass objects to functions of this one."""
        kept = self._memo.get(("findings", path))
        if kept is not None:
            return cast("_Judged", kept[0])
        known = self._judged.get(path)
        if known is not None:
            return known
        # the newest only: others would pile up
        place = digest(f"{self.settings.key()} {self.package} {self.name}/{path}", salt=salt())
        cached = decode_verdict(self.cache.read("findings", place), path)
        if cached is not None:
            carried: Verdict | None = cached
            if cached.state != self.key:
                carried = survive(path, "compared", lambda: self._carry(cached)) if self.reuses else None
            if carried is not None:
                if carried is not cached:
                    self._keep("findings", place, encode_verdict(carried))
                self._judged[path] = carried.findings, carried.callers
                return self._judged[path]
        if begins is not None:
            begins()
        found = survive(path, "analysed", lambda: self._compute(path))
        if found is None or (path in self.sources and self.sources[path].digest not in self._facts):
            self._judged[path] = [not_analysed(path)], ()
            return self._judged[path]
        self._keep("findings", place, encode_verdict(found))
        return found.findings, found.callers

    def _compute(self, path: str) -> Verdict:
        events = Events(self.events(path))
        found, callers = check_all(events), self._callers(path, events)
        self._memo["findings", path] = (found, callers), self.project.all_reads.bundle(self.project.reads)
        is_kept = self.reuses and self.cache.directory is not None
        asked = (self.project.questions() if is_kept else None) or []
        asked += named_files(asked, found)
        said = [(question, self.project.fingerprint(question)) for question in asked]
        return make_verdict(self.key, said, found, callers)

    def _callers(self, path: str, events: Events) -> tuple[str, ...]:
        """The files that may call functions of a file that read objects passed to them."""
        from flake8_async_fastapi.domains.orm.events import GivenObjectsRead

        readers = dict.fromkeys((one.name, one.is_method) for one in events.of(GivenObjectsRead))
        found: dict[str, None] = {}
        for name, is_method in readers:
            if len(found) >= _MOST_CALLERS:
                break
            found.update(dict.fromkeys(self.project.callers(path, name, is_anywhere=is_method)))
        return tuple(found)

    def _carry(self, verdict: Verdict) -> Verdict | None:
        """A verdict of another state, if all its questions still have the same answers; otherwise None.

        It is stored as a verdict of this state if that saves the next run some work, because questions had
        to be asked.
        """
        reads, changes = verdict.reads(), self._changes_since(verdict.state)
        if changes is None or not reads or not all(said for _, said in reads):
            return None
        doubtful = [(question, said) for question, said in reads if changes.may_change(question)]
        if any(question[0] == "view" for question, _ in doubtful):
            all_hooks()  # the views of the domains and the engine are known then
        for question, said in doubtful:
            if changes.reorders(question) or self.project.fingerprint(question) != said:
                return None
        is_near = len(changes.now) <= _MOST_CHANGES
        return verdict if is_near and not doubtful else replace(verdict, state=self.key)

    def _changes_since(self, state: str) -> Changes | None:
        """The files that differ from those of another state; None if that state is no longer known."""
        if state not in self._changes:
            self._changes[state] = self._compare(self.cache.read("prepared", state) or b"", state)
        return self._changes[state]

    @cached_property
    def _changes(self) -> dict[str, Changes | None]:
        return {}

    def _compare(self, record: bytes, state: str) -> Changes | None:
        earlier = decode_state(record)
        if earlier is None or digest(earlier, salt=salt()) != state:
            return None
        return read_changes(earlier, self._state, self.cache, self.facts_at)

    def facts_at(self, path: str) -> ModuleFacts | None:
        """The facts of a file; None if it does not parse or does not exist."""
        self._read()
        source = self.sources.get(path)
        return None if source is None else self._facts.get(source.digest)

    def events(self, path: str, *, trace: bool = False) -> list[Event]:
        """The events of one file. The questions it asked are in the project's ``reads``."""
        self.project.reads = set()
        if not self.project.has(path):
            return []
        from flake8_async_fastapi.engine.entry import analyse

        return analyse(self.project, path, self._memo, hooks=all_hooks(), trace=trace, settings=self.settings)

    def traced(self, path: str) -> list[Event]:
        """The trace of one file, kept for the next time."""
        kept = self._memo.get(("traced", path))
        if kept is None:
            events = self.events(path, trace=True)
            kept = events, self.project.all_reads.bundle(self.project.reads)
            self._memo["traced", path] = kept
        return cast("list[Event]", kept[0])


@functools.cache
def all_hooks() -> Hooks:
    """The hooks of all domains: every folder of ``domains`` that has a ``DOMAIN``."""
    from flake8_async_fastapi import domains
    from flake8_async_fastapi.engine.domain import combine

    folders = pkgutil.iter_modules(domains.__path__, f"{domains.__name__}.")
    modules = [importlib.import_module(info.name) for info in folders]
    return combine(module.DOMAIN for module in modules if hasattr(module, "DOMAIN"))


@functools.cache
def salt() -> str:
    """Everything besides the texts that facts and verdicts depend on: this code and its parsers.

    The code itself is included, because two commits of this package may have the same version.
    """
    parsers = " ".join(f"{name} {importlib.metadata.version(name)}" for name in ("astroid", "jinja2"))
    code = code_digest(Path(__file__).parent)
    return f"{__version__} {FORMAT} {code} {sys.version_info[:2]} {parsers}"


def open_analysis(
    root: Path,
    cache: Cache,
    *,
    deep: bool = True,
    settings: Settings | None = None,
    reuses: bool = True,
    name: str = "",
) -> Analysis:
    """Read a project from disk; without ``deep``, only the files directly in the root.

    ``reuses`` and ``name`` are as in ``Analysis``.
    """
    from flake8_async_fastapi.project.pytest_settings import read_pytest_settings

    found = load_sources(root, {}, salt=salt(), deep=deep)
    # once for all states of the project, the first of which may have no use for them
    templates = functools.cache(lambda: load_templates(root, found.templates, salt=salt()))
    required = load_required(root, found.required, included_files)
    if "" not in read_pytest_settings(required).by_folder:
        required = {**settings_above(root, REPOSITORY_FOLDERS), **required}
    settings = settings or Settings()
    package = root.absolute().name if "__init__.py" in found.modules else ""
    return Analysis(
        found.modules, cache, settings, required, reuses, name, package, _load_templates=templates
    )


def analysis_of(
    texts: Mapping[str, str],
    cache: Cache | None = None,
    settings: Settings | None = None,
    *,
    package: str = "",
) -> Analysis:
    """An analysis of texts by path, including templates and requirements, for tests and editors."""
    required = {path: text for path, text in texts.items() if is_settings_file(path)}
    sources = {path: _source(path, text) for path, text in texts.items() if path not in required}
    templates = {path: sources.pop(path) for path in texts if is_template(path)}
    return Analysis(
        sources,
        cache or Cache(None),
        settings or Settings(),
        required,
        package=package,
        _load_templates=lambda: templates,
    )


def _place(finding: Finding) -> tuple[int, int, str]:
    return finding.line, finding.col, finding.code


def _source(path: str, text: str) -> Source:
    return Source(path, text, digest(text, salt=salt()))
