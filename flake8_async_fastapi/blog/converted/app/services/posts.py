from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.models import Post, Tag, User
from app.repositories.tags import TagRepository
from app.schemas import PostChanged, PostCreate, PostUpdate
from app.services import audit


class PostService:
    def __init__(self, session: AsyncSession) -> None:
        self.session = session
        self.tags = TagRepository(session)

    async def create(self, author: User, data: PostCreate) -> Post:
        tags = await self.tags.get_or_create(data.tags)
        # Set what will be read: after the flush an unset relationship is unloaded.
        post = Post(title=data.title, body=data.body, author=author, tags=tags, comments=[])
        self.session.add(post)
        await self.session.commit()
        await audit.record(f"{author.username} wrote {post.title}")
        return post

    async def update(self, post: Post, data: PostUpdate) -> PostChanged:
        for name, value in data.model_dump(exclude_none=True).items():
            setattr(post, name, value)
        await self.session.flush()
        changed = PostChanged(id=post.id, updated_at=post.updated_at)
        await self.session.commit()
        return changed

    async def rename(self, post: Post, title: str) -> str:
        post.title = title
        await self.session.commit()
        return f"{post.title} (edited {post.updated_at:%H:%M})"

    async def set_tags(self, post: Post, names: Sequence[str]) -> list[Tag]:
        # Assigning to a collection replaces it, so the old one must be loaded:
        # the repository did that when it read the post.
        post.tags = await self.tags.get_or_create(names)
        await self.session.commit()
        return post.tags

    async def add_tag(self, post: Post, name: str) -> None:
        [tag] = await self.tags.get_or_create([name])
        post.tags.append(tag)
        await self.session.commit()

    async def publish(self, post: Post) -> None:
        post.published = True
        await self.session.commit()
        await audit.record(f"published {post.title}")

    async def announcement(self, post_id: int) -> str:
        post = await self.session.get_one(Post, post_id, options=[selectinload(Post.author)])
        return f"Now on the blog: {post.byline}"

    async def reviewer_name(self, post_id: int) -> str:
        post = await self.session.get_one(Post, post_id, options=[selectinload(Post.reviewer)])
        if post.reviewer is None:
            return "nobody"
        return post.reviewer.username

    async def related(self, post_id: int) -> Sequence[Post]:
        shared = select(Tag.id).where(Tag.posts.any(Post.id == post_id)).scalar_subquery()
        statement = (
            select(Post)
            .where(Post.tags.any(Tag.id.in_(shared)), Post.id != post_id)
            .options(selectinload(Post.author), selectinload(Post.tags))
        )
        return (await self.session.scalars(statement)).all()
