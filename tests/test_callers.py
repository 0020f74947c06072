"""What a caller did not load is reported at the line that reads it, too, in whatever file that is."""

from __future__ import annotations

from pathlib import Path

import pytest

from flake8_async_fastapi.analysis import Analysis, analysis_of
from flake8_async_fastapi.facts.module import Mentions
from flake8_async_fastapi.project.callers import MOST_FILES, find_callers, index_mentions
from flake8_async_fastapi.store.cache import Cache

MODELS = """\
from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

class Base(DeclarativeBase):
    pass

class User(Base):
    __tablename__ = "users"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]

class Post(Base):
    __tablename__ = "posts"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    author: Mapped[User] = relationship()

    @property
    def byline(self) -> str:
        return f"by {self.author.name}"
"""
HELPERS = """\
from app.models import Post

def describe(post: Post) -> str:
    return post.author.name

def forward(post: Post) -> str:
    return describe(post)
"""
ROUTES = """\
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload
from app.helpers import describe, forward
from app.models import Post

async def one(session: AsyncSession, number: int):
    post = (await session.execute(select(Post).where(Post.id == number))).scalar_one()
    return {CALL}

async def loaded(session: AsyncSession, number: int):
    query = select(Post).where(Post.id == number).options(selectinload(Post.author))
    return describe((await session.execute(query)).scalar_one())
"""
AT_READ = ("app/helpers.py", 4, "AFA301")


def files(call: str = "describe(post)", **others: str) -> dict[str, str]:
    """A project in which a route passes an object without its relationship to a helper."""
    given = {"models": MODELS, "helpers": HELPERS, "routes": ROUTES.replace("{CALL}", call), **others}
    return {"app/__init__.py": "", **{f"app/{name}.py": text for name, text in given.items()}}


def found(analysis: Analysis, *paths: str) -> list[tuple[str, int, str]]:
    """What flake8 reports of some files."""
    return [(one.path, one.line, one.code) for path in paths for one in analysis.findings_with_callers(path)]


def test_each_file_alone_shows_the_bug() -> None:
    assert found(analysis_of(files()), "app/helpers.py") == [AT_READ]
    assert found(analysis_of(files()), "app/routes.py") == [("app/routes.py", 9, "AFA301")]


def test_the_order_of_files_does_not_matter() -> None:
    names = sorted(files())
    forth, back = analysis_of(files()), analysis_of(files())
    assert sorted(found(forth, *names)) == sorted(found(back, *reversed(names)))
    assert AT_READ in found(forth, *names)


def test_the_message_names_the_call_and_the_query() -> None:
    (told,) = analysis_of(files()).findings_with_callers("app/helpers.py")
    assert told.message.startswith("called by app/routes.py:9: Post.author is read")
    assert "the query at app/routes.py:8 does not load it" in told.message
    assert told.col == 4
    assert [(one.path, one.line) for one in told.others] == [("app/routes.py", 9), ("app/routes.py", 8)]


def test_a_line_is_reported_once_for_all_calls() -> None:
    two = ROUTES.replace("{CALL}", "describe(post)").replace(".options(selectinload(Post.author))", "")
    (told,) = analysis_of(files(routes=two)).findings_with_callers("app/helpers.py")
    assert "called by app/routes.py:9 (and by 1 more):" in told.message


def test_callers_that_load_it_are_no_reason() -> None:
    routes = ROUTES.replace("{CALL}", "post.id")
    assert found(analysis_of(files(routes=routes)), "app/helpers.py") == []


def test_through_a_function_between() -> None:
    assert found(analysis_of(files("forward(post)")), "app/helpers.py") == [AT_READ]


def test_through_another_file_and_a_package() -> None:
    between = "from app.helpers import describe\n\ndef show(post):\n    return describe(post)\n"
    routes = ROUTES.replace("{CALL}", "show(post)").replace("app.helpers", "app")
    texts = files(between=between, routes=routes.replace("describe, forward", "describe, show"))
    texts["app/__init__.py"] = "from app.between import show\nfrom app.helpers import describe\n"
    assert found(analysis_of(texts), "app/helpers.py") == [AT_READ]


def test_a_property_of_the_object_itself() -> None:
    assert found(analysis_of(files("post.byline")), "app/models.py") == [("app/models.py", 20, "AFA301")]


def test_a_helper_for_objects_of_any_class() -> None:
    helpers = """\
from sqlalchemy import inspect

def describe(row):
    return {one.key: getattr(row, one.key) for one in inspect(row).mapper.attrs}
"""
    routes = ROUTES.replace("{CALL}", "describe(post)").replace("describe, forward", "describe")
    assert found(analysis_of(files(helpers=helpers, routes=routes)), "app/helpers.py") == [AT_READ]


def test_in_the_same_file_both_lines_are_reported() -> None:
    routes = ROUTES.replace("{CALL}", "describe(post)").replace("import describe, forward", "import forward")
    routes += "\ndef describe(post: Post) -> str:\n    return post.author.name\n"
    lines = [line for _, line, _ in found(analysis_of(files(routes=routes)), "app/routes.py")]
    assert lines == [9, 16]


def test_a_query_that_is_mended_silences_the_line_that_reads(tmp_path: Path) -> None:
    """With a warm cache, too: what is told of callers is no part of the verdict on a file."""
    cache = Cache(tmp_path)
    assert found(analysis_of(files(), cache), "app/helpers.py") == [AT_READ]
    assert found(analysis_of(files(), cache), "app/helpers.py") == [AT_READ]
    assert found(analysis_of(files("post.id"), cache), "app/helpers.py") == []
    assert found(analysis_of(files(), cache), "app/helpers.py") == [AT_READ]


def test_a_caller_that_is_new_counts(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    assert found(analysis_of(files("post.id"), cache), "app/helpers.py") == []
    other = ROUTES.replace("{CALL}", "describe(post)")
    assert found(analysis_of(files("post.id", other=other), cache), "app/helpers.py") == [AT_READ]


def test_a_file_that_many_call_costs_no_more_than_some_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    helpers = HELPERS + "\ndef other(post: Post) -> str:\n    return post.author.name\n"
    second = ROUTES.replace("{CALL}", "other(post)").replace("describe, forward", "other")
    second = second.replace("return describe(", "return other(")
    texts = files(helpers=helpers, second=second)
    assert found(analysis_of(texts), "app/helpers.py") == [AT_READ, ("app/helpers.py", 10, "AFA301")]
    monkeypatch.setattr("flake8_async_fastapi.analysis._MOST_CALLERS", 1)
    assert found(analysis_of(texts), "app/helpers.py") == [AT_READ]


# --- who may call ------------------------------------------------------------------------------


def callers(
    mentioned: dict[str, dict[str, str]], imports: dict[str, str] | None = None, *, is_anywhere: bool = False
) -> tuple[str, ...]:
    """The callers of ``f`` in ``home``; ``mentioned`` by file and function, each with one name."""
    imports = imports if imports is not None else dict.fromkeys(mentioned, "home")
    return find_callers(
        "home",
        "f",
        is_anywhere=is_anywhere,
        mentioning=lambda word: [path for path, inside in mentioned.items() if word in inside.values()],
        mentions=lambda path: index_mentions(
            Mentions([], [(name, [word]) for name, word in mentioned.get(path, {}).items()])
        ),
        imported=lambda path: frozenset(imports.get(path, "").split()),
    )


def test_callers_import_what_they_call() -> None:
    assert callers({"a": {"g": "f"}, "b": {"g": "f"}}, {"a": "home", "b": "other"}) == ("a",)
    assert callers({"a": {"g": "f"}, "b": {"g": "f"}}, {}, is_anywhere=True) == ("a", "b")


def test_callers_of_callers() -> None:
    chain = {"a": {"g": "f"}, "b": {"h": "g"}, "c": {"": "h"}}
    assert callers(chain, {"a": "home", "b": "a", "c": "b"}) == ("a", "b", "c")


def test_functions_that_call_each_other_end() -> None:
    assert callers({"home": {"f": "g", "g": "f"}}) == ("home",)


@pytest.mark.parametrize("number", [MOST_FILES, MOST_FILES + 3])
def test_the_nearest_few(number: int) -> None:
    many = {f"n{place}": {"g": "f"} for place in range(number)}
    assert callers({**many, "far": {"h": "g"}}) == tuple(many)[:MOST_FILES]
