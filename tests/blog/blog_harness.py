"""Runs one variant of the blog inside the test process, on a database of its own.

Both variants have a package called `app`, so it is in `sys.modules` only while a
scenario runs. Importing it takes longer than most scenarios, so what was
imported is kept for the next run with the same settings; every run has a new
event loop and a new database.
"""

import asyncio
import contextlib
import gc
import importlib
import inspect
import json
import os
import re
import sys
import threading
import time
import traceback
import warnings
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from warnings import WarningMessage

import httpx
from blog_marks import BLOG, marked

CREATED_AT = re.compile(r'File "(?P<file>.+?)", line (?P<line>\d+)')
PASSWORD = "correct horse"


class Heart:
    """Beats as long as the event loop runs."""

    def __init__(self) -> None:
        self.beats = 0
        self.thread = threading.get_ident()

    async def beat(self) -> None:
        while True:
            self.beats += 1
            await asyncio.sleep(0.001)


class Gate:
    """A slow operation: it ends when the loop was seen to go on, or to stand still.

    Called in the thread of the loop, or in another while the loop waits for it,
    it can see no beat however long it looks: patience only decides how soon it
    gives up. Called while the loop is free, it ends at the third beat.
    """

    def __init__(self, heart: Heart, patience: float) -> None:
        self.heart = heart
        self.patience = patience
        self.entered = False
        self.loop_went_on = False
        self.loop_stood_at: list[tuple[str, int]] = []

    def hold(self) -> None:
        self.entered = True
        seen, end = self.heart.beats, time.monotonic() + self.patience
        pause = threading.Event()
        while time.monotonic() < end:
            if self.heart.beats >= seen + 3:
                self.loop_went_on = True
                return
            pause.wait(0.005)
        frame = sys._current_frames().get(self.heart.thread)
        self.loop_stood_at = [(entry.filename, entry.lineno or 0) for entry in traceback.extract_stack(frame)]

    def before(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """The function, made slow."""

        def slow(*args: Any, **kwargs: Any) -> Any:
            self.hold()
            return function(*args, **kwargs)

        return slow


@dataclass
class Blog:
    """A running variant, as a scenario sees it."""

    variant: str
    folder: Path
    app: Any
    client: httpx.AsyncClient
    heart: Heart

    @property
    def database(self) -> Path:
        return self.folder / "blog.db"

    def module(self, name: str) -> ModuleType:
        return importlib.import_module(name)

    def gate(self) -> Gate:
        return Gate(self.heart, patience=0.2 if self.variant == "pitfalls" else 20)

    async def sign_in(self, username: str = "ada") -> None:
        answer = await self.client.post("/api/users/login", json={"username": username, "password": PASSWORD})
        self.client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"


@dataclass
class Failure:
    """What an error said, without the error: it would keep its locals alive."""

    name: str
    names: set[str]
    text: str
    places: set[tuple[str, int]]


@dataclass
class Outcome:
    """What a scenario returned or raised, and the warnings on the way."""

    variant: str
    result: Any = None
    failures: list[Failure] = field(default_factory=list)
    warnings: list[WarningMessage] = field(default_factory=list)

    @property
    def value(self) -> Any:
        """What the scenario returned; it must have returned."""
        assert not self.failures, self.failures
        return self.result

    def raised(self, name: str, text: str = "") -> bool:
        """Was this the error, or a cause of it?"""
        return any(name in failure.names and text in failure.text for failure in self.failures)

    def failed_at(self, code: str, file: str) -> bool:
        """Did the error pass through a line of the file marked with the code?"""
        lines = {(path_of(self.variant, file), line) for line in marked(code, file)}
        return any(lines & failure.places for failure in self.failures)

    def never_awaited_at(self, code: str, file: str) -> bool:
        """Was a coroutine that a marked line made dropped without being awaited?"""
        where = {(path_of(self.variant, file), line) for line in marked(code, file)}
        return any(where & places for places in self._never_awaited())

    def warned(self, text: str, category: type[Warning] = Warning) -> bool:
        return any(issubclass(w.category, category) and text in str(w.message) for w in self.warnings)

    @property
    def never_awaited(self) -> list[str]:
        return [str(w.message) for w in self.warnings if "was never awaited" in str(w.message)]

    def _never_awaited(self) -> Iterator[set[tuple[str, int]]]:
        # The interpreter names the places where the coroutine was created.
        for message in self.never_awaited:
            yield {(found["file"], int(found["line"])) for found in CREATED_AT.finditer(message)}


Scenario = Callable[[Blog], Awaitable[Any]]


def asking(method: str, url: str, *, signed_in: bool = False, **body: Any) -> Scenario:
    """A scenario that sends one request and returns what the answer holds."""

    async def ask(blog: Blog) -> Any:
        if signed_in:
            await blog.sign_in()
        answer = await blog.client.request(method, url, **body)
        assert answer.is_success, answer.text
        if not answer.content:
            return None
        return answer.json() if "json" in answer.headers["content-type"] else answer.text

    return ask


def path_of(variant: str, file: str) -> str:
    return str(BLOG / variant / file)


def failures_of(error: BaseException) -> list[Failure]:
    """The error and its causes, the outermost first."""
    found: list[Failure] = []
    seen: set[int] = set()
    queue: list[BaseException | None] = [error]
    while queue:
        current = queue.pop(0)
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        found.append(
            Failure(
                name=type(current).__name__,
                names={base.__name__ for base in type(current).__mro__},
                text=str(current),
                places={(at.filename, at.lineno or 0) for at in traceback.extract_tb(current.__traceback__)},
            )
        )
        queue += [current.__cause__, current.__context__]
    return found


class Imported:
    """The variant's package `app`, importable inside the `with` block only."""

    def __init__(self, variant: str, folder: Path, settings: dict[str, object], home: Path) -> None:
        self.variant = variant
        self.home = home
        self.folder = folder
        self.environment = environment_of(variant, folder, settings)
        self.modules: dict[str, ModuleType] = {}

    @contextlib.contextmanager
    def __call__(self, bytecode: Path) -> Iterator[None]:
        saved = dict(os.environ), sys.pycache_prefix, os.getcwd()
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "blog.db").unlink(missing_ok=True)
        _forget()
        sys.modules.update(self.modules)
        sys.path.insert(0, str(self.home))
        # Leave no __pycache__ in the source tree.
        sys.pycache_prefix = str(bytecode)
        os.environ.update(self.environment)
        # The scripts of the blog open ./blog.db, and settings may come from ./.env.
        os.chdir(self.folder)
        try:
            yield
        finally:
            os.chdir(saved[2])
            os.environ.clear()
            os.environ.update(saved[0])
            sys.pycache_prefix = saved[1]
            sys.path.remove(str(self.home))
            self.modules = _forget()


def _forget() -> dict[str, ModuleType]:
    names = [name for name in sys.modules if name == "app" or name.startswith("app.")]
    importlib.invalidate_caches()
    return {name: sys.modules.pop(name) for name in names}


def environment_of(variant: str, folder: Path, settings: dict[str, object]) -> dict[str, str]:
    driver = "sqlite" if variant == "sync" else "sqlite+aiosqlite"
    database = f"{driver}:///{folder / 'blog.db'}"
    values = {
        "database_url": database,
        "reports_database_url": database,
        "media_root": folder / "media",
        "password_rounds": 4,
        **settings,
    }
    environment = {
        f"BLOG_{name.upper()}": json.dumps(value) if isinstance(value, list) else str(value)
        for name, value in values.items()
    }
    # The servers that the proofs start are on this machine.
    return {**environment, "NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"}


def play(imported: Imported, scenario: Scenario, *, start: bool, bytecode: Path) -> Outcome:
    """Start the variant, run the scenario on its event loop, and stop it again.

    With `start=False` the application is neither imported nor started.
    """
    variant, folder = imported.variant, imported.folder
    outcome = Outcome(variant)

    async def main() -> None:
        heart = Heart()
        beating = asyncio.create_task(heart.beat())
        async with contextlib.AsyncExitStack() as stack:
            app: Any = None
            if start:
                app = importlib.import_module("app.main").app
                await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app=app)
            client = await stack.enter_async_context(
                httpx.AsyncClient(transport=transport, base_url="http://blog")
            )
            try:
                outcome.result = await scenario(Blog(variant, folder, app, client, heart))
            except AssertionError:
                raise
            except Exception as error:
                outcome.failures = failures_of(error)
        beating.cancel()
        await _close_what_is_open()

    depth = sys.get_coroutine_origin_tracking_depth()
    with (
        imported(bytecode),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        sys.set_coroutine_origin_tracking_depth(20)
        gc.freeze()
        try:
            asyncio.run(main())
            # Now, and not at some later time: this is when Python warns of what was dropped.
            gc.collect()
        finally:
            gc.unfreeze()
            sys.set_coroutine_origin_tracking_depth(depth)
        outcome.warnings = list(caught)
    return outcome


async def _close_what_is_open() -> None:
    """The half-converted application leaves engines and sessions open."""
    if audit_session := _attribute("app.services.audit", "audit_session"):
        with contextlib.suppress(Exception):
            await audit_session.close()
    for name, attribute in (("app.database", "engine"), ("app.reporting", "report_engine")):
        if engine := _attribute(name, attribute):
            closing = engine.dispose()
            if inspect.isawaitable(closing):  # it is not in the blog before async
                await closing
    if sync_engine := _attribute("app.database", "sync_engine"):
        sync_engine.dispose()


def _attribute(module: str, name: str) -> Any:
    return getattr(sys.modules.get(module), name, None)
