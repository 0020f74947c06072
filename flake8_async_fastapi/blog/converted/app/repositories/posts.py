from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import joinedload, load_only, selectinload

from app.models import Comment, Post, Tag


class PostRepository:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session

    async def list_recent(self, limit: int = 20) -> Sequence[Post]:
        statement = (
            select(Post)
            .where(Post.published)
            .order_by(Post.created_at.desc(), Post.id.desc())
            .options(selectinload(Post.author), selectinload(Post.tags))
            .limit(limit)
        )
        return (await self.session.scalars(statement)).all()

    async def get(self, post_id: int) -> Post | None:
        """A post with all that its page and its JSON show."""
        statement = (
            select(Post)
            .where(Post.id == post_id)
            .options(
                selectinload(Post.author),
                selectinload(Post.reviewer),
                selectinload(Post.tags),
                selectinload(Post.comments).selectinload(Comment.author),
            )
        )
        return (await self.session.scalars(statement)).one_or_none()

    async def get_with_comments(self, post_id: int) -> Post | None:
        options = [selectinload(Post.comments).selectinload(Comment.author)]
        return await self.session.get(Post, post_id, options=options)

    async def list_by_tag(self, name: str) -> Sequence[Post]:
        statement = (
            select(Post)
            .where(Post.published, Post.tags.any(Tag.name == name))
            .options(joinedload(Post.author), joinedload(Post.tags))
            .order_by(Post.id)
        )
        # A joined collection repeats the post in every row: unique() folds them.
        return (await self.session.scalars(statement)).unique().all()

    async def list_by_author(self, author_id: int) -> Sequence[Post]:
        statement = (
            select(Post)
            .where(Post.author_id == author_id, Post.published)
            .options(selectinload(Post.author), selectinload(Post.tags))
            .order_by(Post.id)
        )
        return (await self.session.scalars(statement)).all()

    async def search(self, text: str, *, with_author: bool = False) -> Sequence[Post]:
        statement = select(Post).where(Post.published, Post.title.contains(text)).order_by(Post.id)
        if with_author:
            statement = statement.options(selectinload(Post.author))
        return (await self.session.scalars(statement)).all()

    async def list_for_feed(self) -> Sequence[Post]:
        """Only the columns that the feed prints."""
        statement = (
            select(Post)
            .where(Post.published)
            .options(load_only(Post.title, Post.body, Post.author_id), selectinload(Post.author))
            .order_by(Post.id)
        )
        return (await self.session.scalars(statement)).all()

    async def count(self) -> int:
        return (await self.session.execute(select(func.count(Post.id)))).scalar_one()

    async def count_drafts(self) -> int:
        return (await self.session.scalars(select(func.count(Post.id)).where(~Post.published))).one()

    async def delete(self, post: Post) -> None:
        await self.session.delete(post)
        await self.session.commit()
