"""The figures of one tree: what each is, the most that it should be, and the runs that give it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from changes import Copy, Module, change_definitions, change_function, choose_five, choose_hub, choose_leaf
from dearest import Times
from processes import BenchmarkError, Flake8, Run

TIMES, SECONDS, MEGABYTES = "×", "s", "MB"


class NotThere(Exception):
    """The tree has no module to change."""


@dataclass
class Round:
    """One round of runs on a copy of a tree; a run that several rows need is made once."""

    flake8: Flake8
    copy: Copy
    folder: Path
    """For the caches."""

    @cached_property
    def plain(self) -> Run:
        return self.flake8.run(self.copy.tree)

    @cached_property
    def cold(self) -> Run:
        return self.flake8.run(self.copy.tree, cache=self.folder / "cold")

    @cached_property
    def unchanged(self) -> Run:
        return self._like_cold(self.flake8.run(self.copy.tree, cache=self._cache_after_cold("unchanged")))

    @cached_property
    def two_jobs(self) -> Run:
        return self._like_cold(self.flake8.run(self.copy.tree, cache=self.folder / "jobs", jobs=2))

    @cached_property
    def dearest(self) -> Mapping[str, Times]:
        """The times of ``files`` and ``functions``, the longest first."""
        script = str(Path(__file__).with_name("dearest.py"))
        run = self.flake8.run_python([script, "--json", str(self.copy.tree)], self.flake8.with_plugin)
        found: Mapping[str, Times] = json.loads(run.output)
        return found

    def longest(self, kind: str) -> float:
        """The seconds of the dearest file or function."""
        if not self.dearest[kind]:
            raise NotThere
        return self.dearest[kind][0][1]

    def added(self, run: Run) -> float:
        """What a run over the tree takes more than plain flake8, as a multiple of that."""
        return (run.seconds - self.plain.seconds) / self.plain.seconds

    def after(self, modules: Sequence[Module], change: Callable[[str], str], *, all_files: bool) -> Run:
        """The run after a change of modules, of the whole tree or of those modules."""
        cache = self._cache_after_cold("changed")
        with _changed(self.copy, modules, change):
            paths = [self.copy.tree] if all_files else [self.copy.root / module.path for module in modules]
            return self.flake8.run(*paths, cache=cache)

    def plain_after(self, modules: Sequence[Module], change: Callable[[str], str]) -> Run:
        """Plain flake8 on modules that were changed."""
        with _changed(self.copy, modules, change):
            return self.flake8.run(*(self.copy.root / module.path for module in modules))

    def buffer(self, module: Module, text: str) -> Run:
        """The run on one text from standard input, where a module of the tree is on disk."""
        name = f"--stdin-display-name={self.copy.root / module.path}"
        return self.flake8.run(name, "-", cache=self._cache_after_cold("changed"), text=text)

    def _cache_after_cold(self, name: str) -> Path:
        """A copy of the cache as the cold run left it."""
        assert self.cold
        cache = self.folder / name
        shutil.rmtree(cache, ignore_errors=True)
        shutil.copytree(self.folder / "cold", cache)
        return cache

    def _like_cold(self, run: Run) -> Run:
        if run.findings != self.cold.findings:
            raise BenchmarkError("the runs with the plugin do not agree on the findings")
        return run


@contextmanager
def _changed(copy: Copy, modules: Sequence[Module], change: Callable[[str], str]) -> Iterator[None]:
    """Modules of a copy are changed inside the block, and as before after it."""
    files = {copy.root / module.path: module.text for module in modules}
    try:
        for path, text in files.items():
            path.write_text(change(text), encoding="utf-8")
        yield
    finally:
        for path, text in files.items():
            path.write_text(text, encoding="utf-8")


def leaf_changed(now: Round) -> float:
    return now.added(now.after([_leaf(now)], change_function, all_files=True))


def hub_changed(now: Round) -> float:
    return now.added(now.after([_chosen(choose_hub(now.copy.modules))], change_definitions, all_files=True))


def buffer_changed(now: Round) -> float:
    leaf = _leaf(now)
    return now.buffer(leaf, change_function(leaf.text)).seconds


def buffer_unchanged(now: Round) -> float:
    leaf = _leaf(now)
    return now.buffer(leaf, leaf.text).seconds


def five_changed(now: Round) -> float:
    five = choose_five(now.copy.modules)
    if not five:
        raise NotThere
    plain = now.plain_after(five, change_function)
    return now.after(five, change_function, all_files=False).seconds / plain.seconds


def _leaf(now: Round) -> Module:
    return _chosen(choose_leaf(now.copy.modules))


def _chosen(module: Module | None) -> Module:
    if module is None:
        raise NotThere
    return module


@dataclass(frozen=True)
class Row:
    """A figure: its name for ``--only``, its title, how to get it from a round, and the most it should be."""

    name: str
    title: str
    unit: str
    measure: Callable[[Round], float]
    bar: float | None = None


ROWS = (
    Row("plain", "plain flake8: CPU", SECONDS, lambda now: now.plain.seconds),
    Row("cold", "cold: added CPU", TIMES, lambda now: now.added(now.cold), 1.0),
    Row("unchanged", "nothing changed: added CPU", TIMES, lambda now: now.added(now.unchanged), 0.05),
    Row("leaf", "one leaf module changed: added CPU", TIMES, leaf_changed, 0.15),
    Row("hub", "the most imported module changed: added CPU", TIMES, hub_changed, 0.5),
    Row("buffer", "one changed buffer on standard input: CPU", SECONDS, buffer_changed, 0.5),
    Row("buffer-as-on-disk", "the same, as it is on disk: CPU", SECONDS, buffer_unchanged, 0.5),
    Row("five", "five changed files, next to plain flake8 on them: CPU", TIMES, five_changed, 1.5),
    Row("file", "the dearest file: CPU", SECONDS, lambda now: now.longest("files"), 3.0),
    Row("function", "the dearest function: CPU", SECONDS, lambda now: now.longest("functions"), 1.0),
    Row("jobs", "-j2, next to -j1: CPU", TIMES, lambda now: now.two_jobs.seconds / now.cold.seconds, 1.15),
    Row("memory", "cold: largest process", MEGABYTES, lambda now: now.cold.memory / 1e6, 300),
)
