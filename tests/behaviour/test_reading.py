"""Reading attributes of ORM objects: when that needs I/O."""

from __future__ import annotations

import asyncio
import dataclasses
import gc
import operator
from collections.abc import Callable
from typing import Any

import pytest
from behaviour_models import Author, Comment, Post, Profile, database, needs_io, parent_and_child
from sqlalchemy import ForeignKey, Integer, inspect, select
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import (
    DeclarativeBase,
    Mapped,
    MappedAsDataclass,
    configure_mappers,
    mapped_column,
    relationship,
    selectinload,
)
from sqlalchemy.orm.exc import LoaderStrategyException

pytestmark = pytest.mark.anyio


async def test_unloaded_collection(session: AsyncSession) -> None:
    author = await session.get_one(Author, 1)
    with needs_io():
        len(author.posts)


async def test_unloaded_many_to_one(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    with needs_io():
        print(post.author)


async def test_many_to_one_without_a_key(session: AsyncSession) -> None:
    post = await session.get_one(Post, 3)
    assert post.author_id is None
    assert post.author is None


async def test_many_to_one_that_the_session_holds(session: AsyncSession) -> None:
    author = await session.get_one(Author, 1)
    post = await session.get_one(Post, 1)
    assert post.author is author


async def test_many_to_one_whose_target_another_object_holds(session: AsyncSession) -> None:
    profile = (await session.scalars(select(Profile).options(selectinload(Profile.author)))).one()
    post = await session.get_one(Post, 1)
    assert profile in session and post.author.name == "ann"


async def test_many_to_one_whose_target_was_loaded_by_a_longer_way(session: AsyncSession) -> None:
    comment = (await session.scalars(select(Comment).options(selectinload("*")))).one()
    other = await session.get_one(Post, 2)
    assert comment in session and other.author.name == "ann"


async def test_many_to_one_whose_target_is_forgotten(session: AsyncSession) -> None:
    await session.get_one(Author, 1)  # nobody keeps it
    post = await session.get_one(Post, 1)
    with needs_io():
        print(post.author)


async def test_new_objects_that_refer_to_each_other_stay(session: AsyncSession) -> None:
    async def create() -> None:
        session.add(Post(title="kept", author=Author(name="kept")))
        await session.commit()

    gc.collect()
    gc.disable()
    try:
        await create()
        author = (await session.scalars(select(Author).where(Author.name == "kept"))).one()
        assert [post.title for post in author.posts] == ["kept"]
    finally:
        gc.enable()


async def test_loaded_objects_that_refer_to_each_other_stay(session: AsyncSession) -> None:
    gc.collect()
    gc.disable()
    try:
        await session.scalars(select(Author).options(selectinload(Author.posts).selectinload(Post.author)))
        post = await session.get_one(Post, 1)
        assert post.author is not None
    finally:
        gc.enable()


async def test_many_to_one_whose_target_is_expired(session: AsyncSession) -> None:
    author = await session.get_one(Author, 1)
    post = await session.get_one(Post, 1)
    session.expire(author)
    with needs_io():
        print(post.author)


async def test_one_to_one_without_the_key(session: AsyncSession) -> None:
    author = await session.scalar(select(Author).where(Author.id == 2))
    assert author is not None
    with needs_io():
        print(author.profile)


async def test_collection_whose_members_the_session_holds(session: AsyncSession) -> None:
    posts = (await session.scalars(select(Post))).all()
    author = await session.get_one(Author, 1)
    assert len(posts) == 3
    with needs_io():
        len(author.posts)


async def test_other_side_of_a_loaded_collection(session: AsyncSession) -> None:
    author = await session.get_one(Author, 1, options=[selectinload(Author.posts)])
    assert [post.author for post in author.posts] == [author, author]


async def test_relationship_to_itself() -> None:
    class Base(DeclarativeBase):
        pass

    class Node(Base):
        __tablename__ = "node"
        id = mapped_column(Integer, primary_key=True)
        node_id = mapped_column(ForeignKey("node.id"))
        nodes = relationship("Node")
        above = relationship("Node", remote_side=[id], viewonly=True)

    configure_mappers()
    assert (Node.nodes.property.uselist, Node.above.property.uselist) == (True, False)


@pytest.mark.parametrize("lazy", ["joined", False, "selectin", "subquery", "immediate"])
async def test_eager_by_the_mapper(lazy: Any) -> None:
    parent_class, child_class = parent_and_child(lazy)
    rows = [parent_class(id=1), child_class(id=1, parent_id=1)]
    async with database(rows, model=parent_class) as factory, factory() as session:
        parent = (await session.scalars(select(parent_class))).unique().one()
        assert [child.parent for child in parent.children] == [parent]
    async with database(rows=[], model=parent_class) as factory, factory() as session:
        session.add(parent := parent_class(id=1))
        await session.flush()
        with needs_io():
            len(parent.children)
    async with database(rows=[], model=parent_class) as factory, factory() as session:
        session.add(parent := parent_class(id=1))
        await session.flush()
        await session.refresh(parent)
        assert parent.children == []


async def test_raise_is_stricter_than_raise_on_sql() -> None:
    for lazy in ("raise", "raise_on_sql"):
        parent_class, child_class = parent_and_child(lazy)
        rows = [parent_class(id=1), child_class(id=1, parent_id=1), child_class(id=2)]
        async with database(rows, model=parent_class) as factory, factory() as session:
            parent = await session.get_one(parent_class, 1)
            held = await session.get_one(child_class, 1)
            empty = await session.get_one(child_class, 2)
            with pytest.raises(InvalidRequestError):
                len(parent.children)
            if lazy == "raise":
                with pytest.raises(InvalidRequestError):
                    print(held.parent)
                with pytest.raises(InvalidRequestError):
                    print(empty.parent)
            else:
                assert (held.parent, empty.parent) == (parent, None)


@pytest.mark.filterwarnings("ignore")
async def test_noload_never_reads() -> None:
    parent_class, child_class = parent_and_child("noload")
    rows = [parent_class(id=1), child_class(id=1, parent_id=1)]
    async with database(rows, model=parent_class) as factory, factory() as session:
        parent = await session.get_one(parent_class, 1)
        child = await session.get_one(child_class, 1)
        assert (parent.children, child.parent) == ([], None)


async def test_dynamic_queries_when_it_is_used() -> None:
    parent_class, child_class = parent_and_child("dynamic")
    rows = [parent_class(id=1), child_class(id=1, parent_id=1)]
    async with database(rows, model=parent_class) as factory, factory() as session:
        parent = await session.get_one(parent_class, 1)
        children = parent.children
        children.append(child_class(id=2))
        children.filter(child_class.id == 1)
        with session.no_autoflush, needs_io():
            children.all()


async def test_write_only_is_no_collection() -> None:
    parent_class, child_class = parent_and_child("write_only")
    rows = [parent_class(id=1), child_class(id=1, parent_id=1)]
    async with database(rows, model=parent_class) as factory, factory() as session:
        parent = await session.get_one(parent_class, 1)
        parent.children.add(child_class(id=2))
        assert len((await session.scalars(parent.children.select())).all()) == 2
        with pytest.raises(TypeError):
            iter(parent.children)


@pytest.mark.parametrize("lazy", ["select_in", "lazy", "eager"])
async def test_unknown_strategy(lazy: str) -> None:
    parent_class, _ = parent_and_child(lazy)  # the class itself is fine
    try:
        with pytest.raises(LoaderStrategyException):
            configure_mappers()
    finally:
        parent_class.registry.dispose()


async def test_deferred_column(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    with needs_io():
        print(post.body)


GUARDS: list[Callable[[Post], object]] = [
    lambda post: hasattr(post, "author"),
    lambda post: getattr(post, "author", None),
    operator.attrgetter("author.name"),
    lambda post: post.byline,
]


@pytest.mark.parametrize("read", GUARDS, ids=["hasattr", "getattr", "attrgetter", "property"])
async def test_other_ways_to_read(session: AsyncSession, read: Callable[[Post], object]) -> None:
    post = await session.get_one(Post, 1)
    with needs_io():
        read(post)


async def test_class_pattern_reads(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    with needs_io():
        match post:
            case Post(author=author):
                print(author)


async def test_looking_without_reading(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    assert "author" not in vars(post) and "title" in vars(post)
    assert {"author", "comments"} <= inspect(post).unloaded
    assert isinstance(repr(post), str) and bool(post) and post == post


async def test_association_proxy_reads(session: AsyncSession) -> None:
    author = await session.get_one(Author, 1)
    with needs_io():
        repr(author.titles)


async def test_synonym(session: AsyncSession) -> None:
    author = await session.get_one(Author, 1)
    with needs_io():
        repr(author.writings)
    author = (await session.scalars(select(Author).options(selectinload(Author.writings)))).first()
    assert author is not None
    assert author.posts is author.writings


async def test_awaitable_attrs(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    author = await post.awaitable_attrs.author
    assert post.author is author


async def test_run_sync_may_read(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    assert await session.run_sync(lambda _: len(post.comments)) == 1
    assert len(post.comments) == 1


async def test_new_object_reads_empty(session: AsyncSession) -> None:
    post = Post(title="new", author_id=1)
    session.add(post)
    with session.no_autoflush:
        assert (post.author, post.comments, post.id, post.created_at) == (None, [], None, None)


async def test_reading_before_the_flush_loads_nothing(session: AsyncSession) -> None:
    post = Post(title="new")
    assert post.comments == []
    session.add(post)
    await session.flush()
    with needs_io():
        len(post.comments)


async def test_setting_before_the_flush_loads(session: AsyncSession) -> None:
    empty, full = Post(title="new", comments=[]), Post(title="new", comments=[Comment(text="c")])
    session.add_all([empty, full])
    await session.flush()
    assert (len(empty.comments), len(full.comments)) == (0, 1)


@pytest.mark.parametrize("lazy", ["joined", "selectin", "subquery", "immediate"])
async def test_eager_strategies_stop_at_circles(lazy: str) -> None:
    parent, child = parent_and_child(lazy)
    rows = [parent(id=1), child(id=1, parent_id=1)]
    async with database(rows, model=parent) as factory, factory() as session:
        one = await session.get_one(child, 1)
        assert ("children" in inspect(one.parent).unloaded) == (lazy != "immediate")


async def test_generated_repr_reads() -> None:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        shown: Mapped[list[Shown]] = relationship(init=False)
        hidden: Mapped[list[Hidden]] = relationship(init=False, repr=False)

    class Shown(Base):
        __tablename__ = "shown"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))

    class Hidden(Base):
        __tablename__ = "hidden"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))

    async with database([Parent(id=1)], model=Base) as factory, factory() as session:
        parent = await session.get_one(Parent, 1)
        with needs_io():
            repr(parent)
        await session.refresh(parent, ["shown"])
        assert "shown=[]" in repr(parent)


@pytest.mark.parametrize("copy", [dataclasses.asdict, dataclasses.astuple])
async def test_copying_a_dataclass_reads(copy: Callable[[Any], object]) -> None:
    class Base(MappedAsDataclass, DeclarativeBase):
        pass

    class Parent(Base):
        __tablename__ = "parent"
        id: Mapped[int] = mapped_column(primary_key=True)
        children: Mapped[list[Child]] = relationship(init=False, repr=False)

    class Child(Base):
        __tablename__ = "child"
        id: Mapped[int] = mapped_column(primary_key=True)
        parent_id: Mapped[int] = mapped_column(ForeignKey("parent.id"))

    async with database([Parent(id=1)], model=Base) as factory, factory() as session:
        parent = await session.get_one(Parent, 1)
        with needs_io():
            copy(parent)
        await session.refresh(parent, ["children"])
        assert copy(parent) in ({"id": 1, "children": []}, (1, []))


async def test_threads_and_tasks_load_nothing(session: AsyncSession) -> None:
    def title(author: Author) -> str:
        return author.posts[0].title

    async def title_later(author: Author) -> str:
        return title(author)

    author = await session.get_one(Author, 1)
    with needs_io():
        await asyncio.to_thread(title, author)
    with needs_io():
        await asyncio.create_task(title_later(author))
    await session.refresh(author, ["posts"])
    assert await asyncio.to_thread(title, author) == await asyncio.create_task(title_later(author))


async def test_raise_and_what_loads_it() -> None:
    parent, child = parent_and_child("raise")
    rows = [parent(id=1), child(id=1, parent_id=1)]
    async with database(rows, model=parent) as factory, factory() as session:
        one = await session.get_one(parent, 1)
        with pytest.raises(InvalidRequestError):
            await session.run_sync(lambda _: one.children)
        await session.refresh(one, ["children"])
        assert len(one.children) == 1
