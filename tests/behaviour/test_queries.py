"""Queries: what their options load, and how their results are fetched."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from behaviour_models import Author, Comment, Post, database, needs_io, parent_and_child
from sqlalchemy import ColumnElement, ForeignKey, Select, delete, func, insert, inspect, select, text, update
from sqlalchemy.exc import ArgumentError, InvalidRequestError, ObjectNotExecutableError, ResourceClosedError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import (
    DeclarativeBase,
    Load,
    Mapped,
    contains_eager,
    defaultload,
    immediateload,
    joinedload,
    load_only,
    mapped_column,
    raiseload,
    relationship,
    selectin_polymorphic,
    selectinload,
    subqueryload,
    with_polymorphic,
)

pytestmark = pytest.mark.anyio


async def first(session: AsyncSession, statement: Select[Any]) -> Any:
    return (await session.scalars(statement.where(Post.id == 1))).unique().one()


# --- options -------------------------------------------------------------------------------


@pytest.mark.parametrize("option", [selectinload, joinedload, subqueryload, immediateload])
async def test_options_that_load(session: AsyncSession, option: Callable[..., Any]) -> None:
    post = await first(session, select(Post).options(option(Post.comments), option(Post.author)))
    assert len(post.comments) == 1 and post.author.name == "ann"


async def test_option_chain_loads_each_step(session: AsyncSession) -> None:
    post = await first(session, select(Post).options(joinedload(Post.author).selectinload(Author.profile)))
    assert post.author.profile.id == 1


async def test_nested_options_load(session: AsyncSession) -> None:
    nested = selectinload(Post.author).options(selectinload(Author.profile), selectinload(Author.posts))
    post = await first(session, select(Post).options(nested))
    assert post.author.profile.id == 1 and len(post.author.posts) == 2


async def test_defaultload_loads_nothing_itself(session: AsyncSession) -> None:
    post = await first(session, select(Post).options(defaultload(Post.author).selectinload(Author.profile)))
    with needs_io():
        print(post.author)


async def test_join_loads_nothing(session: AsyncSession) -> None:
    post = await first(session, select(Post).join(Post.author))
    with needs_io():
        print(post.author)


async def test_contains_eager_uses_the_join(session: AsyncSession) -> None:
    post = await first(session, select(Post).join(Post.author).options(contains_eager(Post.author)))
    assert post.author.name == "ann"


async def test_two_entities_meet_in_the_identity_map(session: AsyncSession) -> None:
    rows = (await session.execute(select(Post, Author).join(Post.author))).all()
    assert all(post.author is author for post, author in rows) and len(rows) == 2


async def test_statements_are_not_changed_in_place(session: AsyncSession) -> None:
    statement = select(Post)
    statement.options(selectinload(Post.comments))
    post = await first(session, statement)
    with needs_io():
        len(post.comments)


async def test_load_only_defers_the_others(session: AsyncSession) -> None:
    post = await first(session, select(Post).options(load_only(Post.title)))
    assert (post.id, post.title) == (1, "first")
    with needs_io():
        print(post.views)


async def test_immediateload_brings_the_foreign_key(session: AsyncSession) -> None:
    options = load_only(Post.title), immediateload(Post.author)
    assert (await first(session, select(Post).options(*options))).author_id == 1
    session.expunge_all()
    post = await first(session, select(Post).options(load_only(Post.title), selectinload(Post.author)))
    with needs_io():
        print(post.author_id)


async def test_raiseload_of_everything_covers_the_levels_below(session: AsyncSession) -> None:
    post = await first(session, select(Post).options(selectinload(Post.author), raiseload("*")))
    assert post.author.name == "ann"
    for read in (lambda: post.comments, lambda: post.author.posts):
        with pytest.raises(InvalidRequestError):
            read()


async def test_options_by_name_are_errors() -> None:
    with pytest.raises(ArgumentError):
        selectinload("comments")  # type: ignore[arg-type]


async def test_option_of_another_model(session: AsyncSession) -> None:
    with pytest.raises(ArgumentError):
        await session.execute(select(Post).options(selectinload(Author.posts)))


async def test_option_of_another_class_of_the_hierarchy() -> None:
    class Base(DeclarativeBase):
        pass

    class Project(Base):
        __tablename__ = "project"
        id: Mapped[int] = mapped_column(primary_key=True)

    class Team(Base):
        __tablename__ = "team"
        __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "team"}
        id: Mapped[int] = mapped_column(primary_key=True)
        kind: Mapped[str]

    class ProjectTeam(Team):
        __tablename__ = "project_team"
        __mapper_args__ = {"polymorphic_identity": "project"}
        id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)
        project_id: Mapped[int] = mapped_column(ForeignKey("project.id"))
        project: Mapped[Project] = relationship()

    class RoleTeam(Team):
        __tablename__ = "role_team"
        __mapper_args__ = {"polymorphic_identity": "role"}
        id: Mapped[int] = mapped_column(ForeignKey("team.id"), primary_key=True)

    async with database([RoleTeam(id=1)], model=Base) as factory, factory() as session:
        option = joinedload(ProjectTeam.project)
        assert len((await session.scalars(select(RoleTeam).options(option))).all()) == 1


# --- unique ------------------------------------------------------------------------------------

JOINED = select(Author).where(Author.id == 1).options(joinedload(Author.posts))
NEED_UNIQUE: dict[str, Callable[[Any], Any]] = {
    "all": lambda result: result.all(),
    "one": lambda result: result.one(),
    "one_or_none": lambda result: result.one_or_none(),
    "iteration": lambda result: list(result),
    "fetchall": lambda result: result.fetchall(),
    "partitions": lambda result: list(result.partitions(10)),
}


@pytest.mark.parametrize("fetch", list(NEED_UNIQUE.values()), ids=list(NEED_UNIQUE))
async def test_joined_collection_needs_unique(session: AsyncSession, fetch: Callable[[Any], Any]) -> None:
    with pytest.raises(InvalidRequestError, match="unique"):
        fetch(await session.scalars(JOINED))
    fetch((await session.scalars(JOINED)).unique())


@pytest.mark.parametrize("name", ["scalar_one", "scalar_one_or_none"])
async def test_joined_collection_needs_unique_for_one_scalar(session: AsyncSession, name: str) -> None:
    with pytest.raises(InvalidRequestError, match="unique"):
        getattr(await session.execute(JOINED), name)()


async def test_contains_eager_of_a_collection_needs_unique(session: AsyncSession) -> None:
    statement = select(Author).join(Author.posts).options(contains_eager(Author.posts))
    with pytest.raises(InvalidRequestError, match="unique"):
        (await session.scalars(statement)).all()


async def test_joined_collection_below_a_joined_object_needs_unique(session: AsyncSession) -> None:
    statement = select(Comment).options(joinedload(Comment.post).joinedload(Post.comments))
    with pytest.raises(InvalidRequestError, match="unique"):
        (await session.scalars(statement)).all()


@pytest.mark.parametrize(
    "expression",
    [func.count(), func.count(Post.id), func.coalesce(func.max(Post.id), 0)],
)
async def test_a_count_is_never_none(session: AsyncSession, expression: ColumnElement[Any]) -> None:
    of_nothing = select(expression).select_from(Post).where(Post.id == -1)
    assert await session.scalar(of_nothing) == 0
    assert await session.scalar(of_nothing.group_by(Post.author_id)) is None
    assert await session.scalar(select(func.max(Post.id)).where(Post.id == -1)) is None


async def test_rows_of_changes_need_returning(session: AsyncSession) -> None:
    rename = update(Post).where(Post.id == 1).values(title="new")
    for statement in (rename, insert(Author).values(name="dan"), delete(Post).where(Post.id == -1)):
        result = await session.execute(statement)
        for fetch in (result.all, result.first, result.scalars, result.scalar_one_or_none):
            with pytest.raises(ResourceClosedError):
                fetch()
        with pytest.raises(ResourceClosedError):
            await session.scalar(statement)
    fetched = await session.execute(rename.execution_options(synchronize_session="fetch"))
    assert fetched.scalar_one_or_none() is None
    changed = await session.execute(text("UPDATE post SET title = 'x' WHERE id = 1"))
    with pytest.raises(ResourceClosedError):
        changed.fetchone()
    assert (await session.execute(rename.returning(Post.id))).scalar_one() == 1


async def test_strings_are_refused(session: AsyncSession) -> None:
    plain: Any = "SELECT 1"
    with pytest.raises(ArgumentError, match="explicitly declared as text"):
        await session.execute(plain)
    with pytest.raises(ObjectNotExecutableError):
        await (await session.connection()).execute(plain)


async def test_conditions_that_python_decides(session: AsyncSession) -> None:
    title: Any = Post.title
    decided: list[Any] = [title is None, title in ["a"], not title]
    for condition in decided:
        assert condition is False
    assert (title == "a" and Post.id == 1).compare(title == "a")


async def test_where_unique_is_not_needed(session: AsyncSession) -> None:
    first_one = (await session.scalars(JOINED)).first()
    scalar = (await session.execute(JOINED)).scalar()
    assert first_one is scalar is await session.scalar(JOINED)
    assert await session.get(Author, 1, options=[joinedload(Author.posts)], populate_existing=True) is scalar
    below = select(Post).options(selectinload(Post.author).joinedload(Author.posts))
    assert len((await session.scalars(below)).all()) == 3
    many_to_one = select(Post).options(joinedload(Post.author))
    assert len((await session.scalars(many_to_one)).all()) == 3


async def test_collection_joined_by_the_mapper_needs_unique() -> None:
    parent, child = parent_and_child("joined")
    rows = [parent(id=1), child(id=1, parent_id=1)]
    async with database(rows, model=parent) as factory, factory() as session:
        with pytest.raises(InvalidRequestError, match="unique"):
            (await session.scalars(select(parent))).all()


async def test_rows_of_columns_are_plain_values(session: AsyncSession) -> None:
    row = (await session.execute(select(Post.title, Post.author_id).where(Post.id == 1))).one()
    await session.rollback()
    assert (row.title, row.author_id) == ("first", 1)


# --- inheritance -----------------------------------------------------------------------------------


class Staff(DeclarativeBase):
    pass


class Person(Staff):
    __tablename__ = "person"
    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    __mapper_args__ = {"polymorphic_on": "kind", "polymorphic_identity": "person"}


class Editor(Person):  # in the table of Person
    desk: Mapped[str | None]
    __mapper_args__ = {"polymorphic_identity": "editor"}


class Manager(Person):
    __tablename__ = "manager"
    id: Mapped[int] = mapped_column(ForeignKey("person.id"), primary_key=True)
    budget: Mapped[int]
    __mapper_args__ = {"polymorphic_identity": "manager"}


async def test_columns_of_subclasses() -> None:
    rows = [Editor(id=1, desk="news"), Manager(id=2, budget=3)]
    async with database(rows, model=Staff) as factory:
        async with factory() as session:
            editor, manager = (await session.scalars(select(Person).order_by(Person.id))).all()
            assert "desk" in inspect(editor).unloaded and "budget" in inspect(manager).unloaded
            with needs_io():
                print(manager.budget)
        async with factory() as session:
            option = selectin_polymorphic(Person, [Editor, Manager])
            people = (await session.scalars(select(Person).order_by(Person.id).options(option))).all()
            assert (people[0].desk, people[1].budget) == ("news", 3)  # type: ignore[attr-defined]
        async with factory() as session:
            everybody = with_polymorphic(Person, [Editor, Manager])
            people = (await session.scalars(select(everybody).order_by(everybody.id))).all()
            assert (people[0].desk, people[1].budget) == ("news", 3)
        async with factory() as session:
            assert (await session.scalars(select(Manager))).one().budget == 3


async def test_wildcard_loads_every_relationship(session: AsyncSession) -> None:
    post = await first(session, select(Post).options(selectinload("*")))
    assert (post.author.name, len(post.comments)) == ("ann", 1)


async def test_wildcard_goes_on_below_what_it_loads(session: AsyncSession) -> None:
    for option in (selectinload("*"), joinedload("*"), subqueryload("*")):
        session.expunge_all()
        comment = (await session.scalars(select(Comment).options(option))).unique().one()
        assert comment.post.author.profile.id == 1


async def test_wildcard_stops_where_it_leads_back(session: AsyncSession) -> None:
    comment = (await session.scalars(select(Comment).options(selectinload("*")))).one()
    with needs_io():
        len(comment.post.comments)


@pytest.mark.parametrize("option", [Load(Comment).selectinload("*"), immediateload("*")])
async def test_wildcard_of_one_level(session: AsyncSession, option: Any) -> None:
    comment = (await session.scalars(select(Comment).options(option))).one()
    assert comment.post.title == "first"
    with needs_io():
        print(comment.post.author)


async def test_raiseload_for_queries_only(session: AsyncSession) -> None:
    statement = select(Post).options(raiseload(Post.author, sql_only=True)).order_by(Post.id)
    posts = (await session.scalars(statement)).all()
    assert posts[2].author is None
    with pytest.raises(InvalidRequestError):
        print(posts[0].author)
