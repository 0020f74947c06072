"""Writing ORM objects, and what a flush leaves loaded of them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import sqlalchemy
from behaviour_models import Author, Comment, Post, Profile, database, needs_io
from sqlalchemy import JSON, ForeignKey, delete, event, func, insert, inspect, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    attributes,
    column_property,
    mapped_column,
    relationship,
    selectinload,
)
from sqlalchemy.orm.exc import DetachedInstanceError

pytestmark = pytest.mark.anyio


async def test_insert_brings_key_and_defaults(session: AsyncSession) -> None:
    session.add(post := Post(title="new"))
    await session.flush()
    assert post.id == 4 and post.views == 0 and isinstance(post.created_at, datetime)
    assert (post.updated_at, post.author_id, post.author) == (None, None, None)


async def test_insert_leaves_deferred_columns_out(session: AsyncSession) -> None:
    session.add_all([unset := Post(title="new"), given := Post(title="new", body=None)])
    await session.flush()
    assert given.body is None
    with needs_io():
        print(unset.body)


async def test_insert_with_a_key_leaves_the_target_unloaded(session: AsyncSession) -> None:
    session.add(post := Post(title="new", author_id=1))
    await session.flush()
    with needs_io():
        print(post.author)


async def test_insert_leaves_collections_unloaded(session: AsyncSession) -> None:
    session.add(post := Post(title="new"))
    await session.flush()
    with needs_io():
        len(post.comments)


def _set_item(settings: dict[str, Any], _: Any) -> None:
    settings["theme"] = "dark"


def _assign_again(settings: dict[str, Any], owner: Any) -> None:
    settings["theme"] = "dark"
    owner.settings = settings


def _flag(settings: dict[str, Any], owner: Any) -> None:
    settings["theme"] = "dark"
    attributes.flag_modified(owner, "settings")


def _assign_before(settings: dict[str, Any], owner: Any) -> None:
    owner.settings = dict(settings)
    owner.settings["theme"] = "dark"


@pytest.mark.parametrize(
    ("change", "written"),
    [(_set_item, "light"), (_assign_again, "light"), (_flag, "dark"), (_assign_before, "dark")],
)
async def test_changes_in_place(change: Callable[[dict[str, Any], Any], None], written: str) -> None:
    class Base(DeclarativeBase):
        pass

    class Profile(Base):
        __tablename__ = "profiles"
        id: Mapped[int] = mapped_column(primary_key=True)
        settings: Mapped[dict[str, Any]] = mapped_column(JSON)

    async with database([], model=Base) as factory, factory() as session:
        session.add(Profile(id=1, settings={"theme": "light"}))
        await session.commit()
        owner = await session.get_one(Profile, 1, populate_existing=True)
        change(owner.settings, owner)
        await session.commit()
        assert (await session.get_one(Profile, 1, populate_existing=True)).settings == {"theme": written}


@pytest.mark.parametrize("eager", [False, "auto", True])
async def test_eager_defaults(eager: bool | str) -> None:
    class Base(DeclarativeBase):
        pass

    class Item(Base):
        __tablename__ = "item"
        __mapper_args__ = {"eager_defaults": eager}
        id = mapped_column(sqlalchemy.Integer, primary_key=True)
        name = mapped_column(sqlalchemy.String)
        made = mapped_column(sqlalchemy.DateTime, server_default=func.now())
        changed = mapped_column(sqlalchemy.DateTime, onupdate=func.now())

    async with database([], model=Base) as factory, factory() as session:
        session.add(item := Item(name="a"))
        await session.flush()
        assert ("made" in inspect(item).unloaded) == (eager is False)
        item.name = "b"
        await session.flush()
        assert ("changed" in inspect(item).unloaded) == (eager is not True)


async def test_update_expires_what_the_server_computes(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    post.title = "changed"
    await session.flush()
    assert {"updated_at", "length"} <= inspect(post).unloaded
    assert isinstance(post.touched_at, datetime)  # made in Python
    with needs_io():
        print(post.updated_at)


async def test_python_wins_over_the_server() -> None:
    class Base(DeclarativeBase):
        pass

    class Item(Base):
        __tablename__ = "item"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str]
        both: Mapped[datetime] = mapped_column(
            server_default=func.now(), onupdate=lambda: datetime(2020, 1, 1), server_onupdate=func.now()
        )
        server: Mapped[datetime] = mapped_column(server_default=func.now(), server_onupdate=func.now())

    async with database([], model=Base) as factory, factory() as session:
        session.add(item := Item(name="a"))
        await session.flush()
        item.name = "b"
        await session.flush()
        assert inspect(item).unloaded == {"server"} and item.both == datetime(2020, 1, 1)


async def test_update_expires_what_was_set_to_an_expression(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    post.views = Post.views + 1
    await session.flush()
    with needs_io():
        print(post.views)


async def test_update_without_a_change_expires_nothing(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    post.title = "first"
    await session.flush()
    assert post.updated_at is None


async def test_flush_expires_column_properties() -> None:
    class Base(DeclarativeBase):
        pass

    class Item(Base):
        __tablename__ = "item"
        id: Mapped[int] = mapped_column(primary_key=True)
        name: Mapped[str] = mapped_column()
        loud = column_property(func.upper(name))

    async with database([Item(id=1, name="a")], model=Base) as factory, factory() as session:
        item = await session.get_one(Item, 1)
        assert item.loud == "A"
        item.name = "b"
        session.add(new := Item(name="c"))
        await session.flush()
        for each in (item, new):
            with needs_io():
                print(each.loud)


async def test_written_attribute_reads_back(expiring: AsyncSession) -> None:
    post = await expiring.get_one(Post, 1)
    await expiring.commit()
    post.title = "changed"
    assert post.title == "changed"
    with needs_io():
        print(post.views)


@pytest.mark.parametrize("change", ["append", "remove", "contains", "assign", "iterate"])
async def test_unloaded_collection_cannot_be_changed(session: AsyncSession, change: str) -> None:
    post = await session.get_one(Post, 1)
    comment = Comment(text="new")
    with session.no_autoflush, needs_io():
        if change == "append":
            post.comments.append(comment)
        elif change == "remove":
            post.comments.remove(comment)
        elif change == "contains":
            print(comment in post.comments)
        elif change == "assign":
            post.comments = [comment]
        else:
            list(post.comments)


async def test_assigning_a_scalar_needs_no_load(session: AsyncSession) -> None:
    author, post = await session.get_one(Author, 2), await session.get_one(Post, 1)
    post.author = author
    author.profile = Profile()
    assert (post.author, author.profile.author) == (author, author)


async def test_scalar_side_of_an_unloaded_collection(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    session.add(comment := Comment(text="new", post=post))
    await session.flush()
    assert comment.post is post
    assert "comments" in inspect(post).unloaded


async def test_backref_of_a_new_object_loads_it(session: AsyncSession) -> None:
    author = Author(name="new")
    post = Post(title="new", author=author)
    session.add(author)
    await session.flush()
    assert author.posts == [post]


async def test_new_key_of_an_unloaded_target(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    post.author_id = 2
    with needs_io():
        print(post.author)


async def test_new_key_of_a_loaded_target(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1, options=[selectinload(Post.author)])
    post.author_id = 2
    await session.flush()
    assert post.author is not None and post.author.id == 1


async def test_add_cascades_to_what_it_refers_to(session: AsyncSession) -> None:
    post = Post(title="new", author=Author(name="new"), comments=[Comment(text="c")])
    session.add(post)
    assert post.author in session.new and post.comments[0] in session.new


async def test_add_does_not_cascade_along_a_backref(session: AsyncSession) -> None:
    author = await session.get_one(Author, 1)
    post = Post(title="new", author=author)
    assert post not in session


async def test_delete_loads_what_it_cascades_to(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    await session.delete(post)
    await session.commit()
    assert (await session.scalars(select(Comment))).all() == []


async def test_flush_of_a_deletion_loads_expired_objects(expiring: AsyncSession) -> None:
    author, post = await expiring.get_one(Author, 2), await expiring.get_one(Post, 1)
    post.author = author
    await expiring.commit()
    await expiring.delete(author)
    await expiring.flush()
    assert post.title == "first"


async def test_deleted_object_is_detached_by_the_commit(expiring: AsyncSession) -> None:
    comment = await expiring.get_one(Comment, 1)
    await expiring.delete(comment)
    await expiring.commit()
    assert comment.text == "well"
    with pytest.raises(DetachedInstanceError):
        print(comment.post)


async def test_update_statement_changes_what_the_session_has(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    await session.execute(update(Post).where(Post.id == 1).values(title="changed"))
    assert post.title == "changed"
    with needs_io():
        print(post.updated_at)


async def test_update_statement_that_leaves_the_session_alone(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    before = post.title, post.updated_at
    alone = {"synchronize_session": False}
    await session.execute(update(Post).values(title=func.upper("changed")), execution_options=alone)
    assert not {"title", "updated_at"} & inspect(post).unloaded
    assert (post.title, post.updated_at) == before


async def test_delete_statement_removes_what_the_session_has(session: AsyncSession) -> None:
    post = await session.get_one(Post, 3)
    await session.execute(delete(Post).where(Post.id == 3))
    assert post not in session


async def test_update_statement_evaluates_what_python_can(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    await session.execute(update(Post).where(Post.id == 1).values(title=Post.title + "!"))
    assert post.title == "first!"
    await session.execute(update(Post).where(Post.id == 1).values(title=func.upper("changed")))
    with needs_io():
        print(post.title)


async def test_written_onupdate_column_stays_loaded(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    post.title, post.updated_at = "changed", datetime(2026, 1, 1)
    await session.flush()
    assert post.updated_at == datetime(2026, 1, 1)


async def test_set_committed_value_loads(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    attributes.set_committed_value(post, "comments", [])
    assert post.comments == []


async def test_returning_gives_objects_of_the_session(session: AsyncSession) -> None:
    post = (await session.scalars(insert(Post).values(title="new", views=1).returning(Post))).one()
    assert post in session and post.title == "new"
    with needs_io():
        len(post.comments)


async def test_relationship_defaults_of_dataclasses() -> None:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        children: Mapped[list[Child]] = relationship(default_factory=list)

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True, init=False)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"), init=False)

    async with database([], model=Base) as factory, factory() as session:
        session.add(parent := Parent())
        await session.flush()
        if sqlalchemy.__version__ < "2.1":
            assert parent.children == []
        else:
            with needs_io():
                len(parent.children)


# --- deleting --------------------------------------------------------------------------------


async def test_delete_loads_only_what_it_cascades_to(session: AsyncSession) -> None:
    comment, post = await session.get_one(Comment, 1), await session.get_one(Post, 1)
    statements: list[str] = []
    connection = await session.connection()
    engine = connection.sync_connection
    event.listen(engine, "before_cursor_execute", lambda *told: statements.append(told[2]))
    await session.delete(comment)
    assert statements == []
    await session.delete(post)
    assert "FROM comment" in "".join(statements)
