"""What sessions keep, forget and hand out again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import anyio
import pytest
from behaviour_models import Author, Comment, Post, database, needs_io
from sqlalchemy import Connection, ForeignKey, Integer, event, func, inspect, select, text, update
from sqlalchemy.exc import (
    IllegalStateChangeError,
    IntegrityError,
    InvalidRequestError,
    OperationalError,
    PendingRollbackError,
)
from sqlalchemy.ext.asyncio import AsyncSession, async_scoped_session, create_async_engine
from sqlalchemy.orm import (
    DeclarativeBase,
    contains_eager,
    defer,
    load_only,
    mapped_column,
    relationship,
    selectinload,
    undefer,
)
from sqlalchemy.orm.exc import DetachedInstanceError
from sqlalchemy.pool import AsyncAdaptedQueuePool

pytestmark = pytest.mark.anyio


# --- expiry ------------------------------------------------------------------------------


async def test_commit_expires_every_object(expiring: AsyncSession) -> None:
    post, author = await expiring.get_one(Post, 1), await expiring.get_one(Author, 2)
    await expiring.commit()
    for read in (lambda: post.title, lambda: post.id, lambda: author.name):
        with needs_io():
            read()


async def test_commit_may_keep_objects(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    await session.commit()
    assert (post.id, post.title) == (1, "first")


async def test_end_of_a_begin_block_commits() -> None:
    async with database(expire_on_commit=True) as factory, factory() as session:
        async with session.begin():
            post = await session.get_one(Post, 1)
            post.title = "changed"
        with needs_io():
            print(post.title)
        await session.rollback()
        await session.refresh(post)
        assert post.title == "changed"


async def test_rollback_expires_every_object(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    await session.rollback()
    with needs_io():
        print(post.title)


@pytest.mark.parametrize("end", ["rollback", "close"])
async def test_end_that_raises_has_let_go(session: AsyncSession, end: str) -> None:
    post = await session.get_one(Post, 1)
    connection = await session.connection()
    engine = connection.engine.sync_engine

    def fail(connection: Connection) -> None:
        raise ConnectionError

    event.listen(engine, "rollback", fail)
    with pytest.raises(ConnectionError):
        await getattr(session, end)()
    event.remove(engine, "rollback", fail)
    assert inspect(post).detached if end == "close" else inspect(post).expired
    await connection.close()


async def test_rollback_releases_new_objects(session: AsyncSession) -> None:
    session.add(post := Post(title="new"))
    await session.flush()
    await session.rollback()
    assert post.title == "new" and inspect(post).transient


async def test_release_of_a_savepoint_expires_nothing(expiring: AsyncSession) -> None:
    post = await expiring.get_one(Post, 1)
    async with expiring.begin_nested():
        pass
    assert post.title == "first"


async def test_rollback_to_a_savepoint_expires_what_changed(session: AsyncSession) -> None:
    changed, other = await session.get_one(Post, 1), await session.get_one(Post, 2)
    savepoint = await session.begin_nested()
    changed.title = "changed"
    await session.flush()
    await savepoint.rollback()
    assert other.title == "second"
    with needs_io():
        print(changed.title)


async def test_expire_and_expire_all(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    session.expire(post, ["title"])
    assert post.views == 0
    with needs_io():
        print(post.title)
    session.expire_all()
    with needs_io():
        print(post.views)


@pytest.mark.parametrize("how", ["refresh", "get", "select"])
async def test_what_ends_expiry(expiring: AsyncSession, how: str) -> None:
    post = await expiring.get_one(Post, 1)
    await expiring.commit()
    if how == "refresh":
        await expiring.refresh(post)
    elif how == "get":
        assert await expiring.get(Post, 1) is post
    else:
        await expiring.execute(select(Post))  # even though nobody takes the rows
    assert post.title == "first"


async def test_what_does_not_end_expiry(expiring: AsyncSession) -> None:
    post = await expiring.get_one(Post, 1)
    await expiring.commit()
    await expiring.execute(select(Post).where(Post.id == 2))
    await expiring.execute(select(Post.title).where(Post.id == 1))
    with needs_io():
        print(post.title)


# --- refresh -------------------------------------------------------------------------------


async def test_refresh_loads_columns_only(session: AsyncSession) -> None:
    session.add(post := Post(title="new", author_id=1))
    await session.commit()
    await session.refresh(post)
    assert post.title == "new"
    assert {"author", "comments", "body"} <= inspect(post).unloaded


async def test_refresh_drops_what_was_loaded_otherwise(session: AsyncSession) -> None:
    session.add(built := Post(title="new", comments=[Comment(text="c")]))
    named = await session.get_one(Post, 1)
    await session.refresh(named, ["comments"])
    await session.commit()
    for post in (built, named):
        assert len(post.comments) == 1
        await session.refresh(post)
        with needs_io():
            len(post.comments)


async def test_refresh_keeps_options(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1, options=[selectinload(Post.comments)])
    await session.commit()
    await session.refresh(post)
    assert len(post.comments) == 1


async def test_refresh_does_not_repeat_contains_eager(session: AsyncSession) -> None:
    query = select(Post).join(Post.author).where(Post.id == 1).options(contains_eager(Post.author))
    post = (await session.scalars(query)).one()
    assert post.author.name == "ann"
    await session.refresh(post)
    with needs_io():
        _ = post.author.name


@pytest.mark.parametrize("lazy", ["selectin", "subquery", "immediate", "joined"])
async def test_refresh_loads_children_of_a_tree(lazy: Any) -> None:
    class Base(DeclarativeBase):
        pass

    class Node(Base):
        __tablename__ = "node"
        id = mapped_column(Integer, primary_key=True)
        above_id = mapped_column(ForeignKey("node.id"))
        nodes = relationship("Node", lazy=lazy)

    async with database([Node(id=1), Node(id=2, above_id=1)], model=Node) as factory, factory() as session:
        node = await session.get_one(Node, 1)
        assert "nodes" in inspect(node).unloaded or lazy == "immediate"
        await session.refresh(node)
        assert ("nodes" in inspect(node).unloaded) == (lazy == "joined")


async def test_refresh_of_a_collection_loads_only_it(expiring: AsyncSession) -> None:
    post = await expiring.get_one(Post, 1)
    await expiring.commit()
    await expiring.refresh(post, ["comments"])
    assert len(post.comments) == 1
    with needs_io():
        print(post.title)


async def test_refresh_of_a_many_to_one_loads_columns_too(expiring: AsyncSession) -> None:
    post = await expiring.get_one(Post, 1)
    await expiring.commit()
    await expiring.refresh(post, ["author"])
    assert post.author is not None and post.title == "first"


async def test_refresh_needs_a_persistent_object(session: AsyncSession) -> None:
    with pytest.raises(InvalidRequestError):
        await session.refresh(Post(title="new"))
    session.add(pending := Post(title="new"))
    with session.no_autoflush, pytest.raises(InvalidRequestError):
        await session.refresh(pending)


async def test_a_detached_object_cannot_be_refreshed(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    session.expunge(post)
    for names in (None, ["author"]):
        with pytest.raises(InvalidRequestError):
            await session.refresh(post, names)


# --- identity map ------------------------------------------------------------------------------


async def test_one_object_for_each_key(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    assert await session.scalar(select(Post).where(Post.title == "first")) is post


async def test_get_ignores_options_for_an_object_it_has(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    await session.get(Post, 1, options=[selectinload(Post.comments)])
    with needs_io():
        len(post.comments)


async def test_locking_a_row_keeps_what_was_loaded(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    before = post.title
    alone = {"synchronize_session": False}
    await session.execute(update(Post).values(title="changed"), execution_options=alone)
    locking = select(Post).where(Post.id == 1).with_for_update()
    assert await session.scalar(locking) is post and post.title == before
    assert await session.get(Post, 1, with_for_update=True) is post and post.title == before
    await session.scalar(locking.execution_options(populate_existing=True))
    assert post.title == "changed"


async def test_get_with_populate_existing(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    await session.get(Post, 1, options=[selectinload(Post.comments)], populate_existing=True)
    assert len(post.comments) == 1


async def test_get_repeats_options_for_an_expired_object(expiring: AsyncSession) -> None:
    post = await expiring.get_one(Post, 1, options=[selectinload(Post.comments)])
    await expiring.commit()
    await expiring.get(Post, 1)
    assert len(post.comments) == 1


async def test_refresh_asks_for_a_key_that_was_left_out(session: AsyncSession) -> None:
    options = [load_only(Post.id), selectinload(Post.author)]
    post = (await session.scalars(select(Post).where(Post.id == 1).options(*options))).one()
    assert "title" in inspect(post).unloaded
    await session.refresh(post)
    assert post.title == "first"


async def test_select_repeats_no_options_for_an_expired_object(expiring: AsyncSession) -> None:
    post = await expiring.get_one(Post, 1, options=[selectinload(Post.comments)])
    await expiring.commit()
    await expiring.execute(select(Post))
    assert post.title == "first"
    with needs_io():
        len(post.comments)


async def test_select_adds_to_an_object_it_has(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    await session.execute(select(Post).options(selectinload(Post.comments), undefer(Post.body)))
    assert len(post.comments) == 1 and post.body is None


async def test_select_adds_columns_that_were_left_out(session: AsyncSession) -> None:
    post = (await session.scalars(select(Post).where(Post.id == 1).options(load_only(Post.id)))).one()
    assert "title" in inspect(post).unloaded
    await session.execute(select(Post))
    assert post.title == "first"


# --- merge ---------------------------------------------------------------------------------------


async def test_merge_returns_the_object_of_the_session(session: AsyncSession) -> None:
    given = Post(id=1, title="changed")
    merged = await session.merge(given)
    assert merged is not given and merged in session and given not in session
    assert merged is await session.get(Post, 1)
    assert (merged.title, merged.views) == ("changed", 0)


async def test_merge_of_an_object_that_is_there_changes_nothing(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    session.expire(post)
    assert await session.merge(post) is post
    with needs_io():
        print(post.title)


async def test_merge_of_an_unchanged_object_writes_nothing() -> None:
    async with database() as factory:
        async with factory() as other:
            post = await other.get_one(Post, 1)
        async with factory() as session:
            merged = await session.merge(post)
            assert merged is not post
            await session.flush()
            assert merged.updated_at is None


async def test_merge_leaves_unset_relationships_unloaded(session: AsyncSession) -> None:
    merged = await session.merge(Post(id=1, title="changed"))
    with session.no_autoflush, needs_io():
        len(merged.comments)


async def test_merge_loads_what_the_given_object_has(session: AsyncSession) -> None:
    merged = await session.merge(Post(id=1, title="changed", comments=[Comment(id=1, text="well")]))
    assert [comment.id for comment in merged.comments] == [1]


async def test_merge_loads_columns_that_an_option_left_out() -> None:
    async with database() as factory:
        async with factory() as session:
            post = (await session.scalars(select(Post).options(defer(Post.title)))).first()
        async with factory() as session:
            assert (await session.merge(post)).title == "first"


async def test_merge_of_an_unknown_key_makes_a_new_object(session: AsyncSession) -> None:
    merged = await session.merge(Post(title="new"))
    assert inspect(merged).pending
    await session.flush()
    with needs_io():
        len(merged.comments)


async def test_merge_loads_an_expired_object_of_that_key(expiring: AsyncSession) -> None:
    post = await expiring.get_one(Post, 1)
    await expiring.commit()
    await expiring.merge(Post(title="new"))  # no key, no query
    with needs_io():
        print(post.views)
    await expiring.rollback()
    await expiring.merge(Post(id=1, title="first"))
    assert post.author_id == 1


# --- the end of a session ----------------------------------------------------------------------------


async def test_closing_detaches() -> None:
    async with database() as factory:
        async with factory() as session:
            post = await session.get_one(Post, 3)
        assert post.title == "third"
        for read in (lambda: post.comments, lambda: post.author):  # even without a key
            with pytest.raises(DetachedInstanceError):
                read()


async def test_closed_after_an_expiring_commit() -> None:
    async with database(expire_on_commit=True) as factory:
        async with factory() as session:
            post = await session.get_one(Post, 1)
            await session.commit()
        with pytest.raises(DetachedInstanceError):
            print(post.title)


async def test_closed_session_can_be_used_again(session: AsyncSession) -> None:
    await session.close()
    assert await session.get(Post, 1) is not None


async def test_expunge_detaches(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    session.expunge(post)
    with pytest.raises(DetachedInstanceError):
        print(post.author)


# --- transactions --------------------------------------------------------------------------------------


async def test_begin_after_a_statement(session: AsyncSession) -> None:
    await session.get(Post, 1)
    with pytest.raises(InvalidRequestError):
        async with session.begin():
            pass
    async with session.begin_nested():
        pass


async def test_statement_after_a_commit_in_a_begin_block(session: AsyncSession) -> None:
    async with session.begin():
        await session.commit()
    with pytest.raises(InvalidRequestError, match="closed transaction"):
        async with session.begin():
            await session.commit()
            await session.get(Post, 2)


async def test_failed_flush_needs_a_rollback(session: AsyncSession) -> None:
    session.add(Comment(text="lost"))  # no post
    with pytest.raises(IntegrityError):
        await session.flush()
    with pytest.raises(PendingRollbackError):
        await session.execute(select(Post))
    await session.rollback()
    assert len((await session.scalars(select(Post))).all()) == 3


async def test_block_with_a_failed_flush_commits_nothing() -> None:
    async with database() as factory:
        async with factory() as session, session.begin():
            session.add(Post(title="lost"))
            await session.flush()
            session.add(Comment(text="lost"))  # no post
            with contextlib.suppress(IntegrityError):
                await session.flush()
        async with factory() as session:
            assert "lost" not in (await session.scalars(select(Post.title))).all()


async def test_rollback_takes_back_all_flushes(session: AsyncSession) -> None:
    session.add(Post(title="taken back"))
    await session.flush()
    session.add(Comment(text="lost"))  # no post
    with pytest.raises(IntegrityError):
        await session.flush()
    await session.rollback()
    await session.commit()
    assert "taken back" not in (await session.scalars(select(Post.title))).all()


async def test_generator_of_sessions_does_not_commit_if_its_loop_is_left() -> None:
    seen = []

    async def sessions() -> AsyncIterator[AsyncSession]:
        async with database() as factory, factory() as session:
            try:
                yield session
                seen.append("after")
            except BaseException as error:
                seen.append(type(error).__name__)
                raise
            finally:
                seen.append("finally")

    async def leave() -> None:
        async for _ in sessions():
            return

    await leave()
    await asyncio.sleep(0.01)
    assert seen == ["GeneratorExit", "finally"]
    seen.clear()
    async for _ in sessions():
        pass
    assert seen == ["after", "finally"]


async def test_refresh_discards_what_was_not_flushed(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    post.title = "changed"
    await session.refresh(post)
    assert post.title == "first"
    added = Post(title="added")
    session.add(added)
    with pytest.raises(InvalidRequestError, match="not persistent"):
        await session.refresh(added)


async def test_key_is_set_by_a_flush(session: AsyncSession) -> None:
    post, other = Post(title="one"), Post(title="two")
    session.add(post)
    assert post.id is None
    await session.flush()
    assert post.id is not None
    session.add(other)
    async with session.begin_nested():
        assert other.id is not None


async def _cancel(
    by: str, session: AsyncSession, clean_up: Callable[[AsyncSession], Awaitable[object]]
) -> None:
    """Cancel a task that waits, and then cleans up."""

    async def wait() -> None:
        try:
            await session.execute(text("SELECT 1"))
            await asyncio.sleep(10)
        finally:
            await clean_up(session)

    if by == "asyncio":
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(wait(), 0.05)
    else:
        with anyio.move_on_after(0.05):
            await wait()


@pytest.mark.parametrize("by", ["asyncio", "anyio"])
async def test_cancelled_cleanup_returns_the_connection(by: str, tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/db", pool_size=1, max_overflow=0)
    try:
        for _ in range(2):
            await _cancel(by, AsyncSession(engine), AsyncSession.close)
        await asyncio.sleep(0.01)
        assert isinstance(engine.pool, AsyncAdaptedQueuePool)
        assert engine.pool.checkedout() == 0
    finally:
        await engine.dispose()


@pytest.mark.parametrize("by", ["asyncio", "anyio"])
async def test_cleanup_in_a_cancelled_scope_does_not_commit(by: str, tmp_path: Path) -> None:
    async def write(session: AsyncSession) -> None:
        await session.execute(text("INSERT INTO notes VALUES ('cleaned up')"))
        await session.commit()

    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path}/db")
    try:
        async with engine.begin() as connection:
            await connection.execute(text("CREATE TABLE notes (text TEXT)"))
        async with AsyncSession(engine) as session:
            await _cancel(by, session, write)
        async with engine.connect() as connection:
            found = (await connection.execute(text("SELECT text FROM notes"))).all()
        assert len(found) == (1 if by == "asyncio" else 0)
    finally:
        await engine.dispose()


async def test_failed_query_needs_no_rollback(session: AsyncSession) -> None:
    with pytest.raises(OperationalError):
        await session.scalar(select(func.missing()))
    assert await session.get(Post, 1) is not None


async def test_adding_begins_a_transaction(session: AsyncSession) -> None:
    session.add(Post(title="new"))
    with pytest.raises(InvalidRequestError):
        await session.begin()


@pytest.mark.parametrize("end", ["commit", "rollback", "close"])
async def test_connection_is_held_from_the_first_statement_to_the_end(end: str, tmp_path: Path) -> None:
    engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'file.db'}")
    pool = cast(AsyncAdaptedQueuePool, engine.pool)
    async with AsyncSession(engine) as session:
        session.add_all([])
        assert pool.checkedout() == 0
        await session.execute(text("select 1"))
        assert pool.checkedout() == 1
        await getattr(session, end)()
        assert pool.checkedout() == 0
    await engine.dispose()


async def test_rollback_without_a_transaction_expires_nothing(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    await session.commit()
    await session.flush()  # which finds nothing to write
    await session.rollback()
    assert post.title == "first"


async def test_queries_flush_first(session: AsyncSession) -> None:
    post = await session.get_one(Post, 1)
    post.title = "changed"
    with session.no_autoflush:
        await session.execute(select(Author))
    assert post.updated_at is None
    await session.execute(select(Author))
    with needs_io():
        print(post.updated_at)


async def test_a_flush_loads_what_it_writes(session: AsyncSession) -> None:
    author, bob = await session.get_one(Author, 1), await session.get_one(Author, 2)
    session.expire_all()
    author.name = "changed"
    session.add(Post(title="new", author=bob))
    await session.flush()
    assert (author.id, author.name, bob.name) == (1, "changed", "bob")
    for read in (lambda: author.posts, lambda: bob.profile):
        with needs_io():
            read()


async def test_registry_gives_the_session_of_the_scope() -> None:
    async with database() as factory:
        scope = ["one"]
        registry = async_scoped_session(factory, scopefunc=lambda: scope[0])
        first = registry()
        assert registry() is first
        scope[0] = "other"
        assert registry() is not first
        await registry.remove()
        await first.close()


async def test_session_is_closed_while_a_shielded_task_uses_it() -> None:
    async with database() as factory:
        failures: list[BaseException] = []

        async def work(session: AsyncSession) -> None:
            await asyncio.sleep(0.01)
            try:
                await session.execute(text("select 1"))
                assert not session.in_transaction()
            except (AssertionError, IllegalStateChangeError) as error:
                failures.append(error)
            await session.close()

        async def request() -> None:
            async with factory() as session:
                await asyncio.shield(work(session))

        task = asyncio.create_task(request())
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.05)
        assert failures


async def test_statement_that_timed_out_needs_a_rollback(session: AsyncSession) -> None:
    numbers = "with recursive c(x) as (select 1 union all select x + 1 from c where x < 2000000)"
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(session.scalar(text(f"{numbers} select max(x) from c")), timeout=0.01)
    with pytest.raises(PendingRollbackError):
        await session.scalar(text("select 1"))
    await session.rollback()
    assert await session.scalar(text("select 1")) == 1
