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
        post = Post(title=data.title, body=data.body, author_id=author.id, tags=tags)
        self.session.add(post)
        await self.session.commit()
        await self.session.refresh(post)
        audit.record(f"{author.username} wrote {post.title}")  # AFA105
        return post

    async def update(self, post: Post, data: PostUpdate) -> PostChanged:
        for name, value in data.model_dump(exclude_none=True).items():
            setattr(post, name, value)
        await self.session.flush()
        changed = PostChanged(id=post.id, updated_at=post.updated_at)  # AFA306
        await self.session.commit()
        return changed

    async def rename(self, post: Post, title: str) -> str:
        post.title = title
        await self.session.commit()
        return f"{post.title} (edited {post.updated_at:%H:%M})"  # AFA306

    async def set_tags(self, post_id: int, names: Sequence[str]) -> list[Tag]:
        post = await self.session.get_one(Post, post_id)
        post.tags = await self.tags.get_or_create(names)  # AFA308
        await self.session.commit()
        return post.tags

    async def add_tag(self, post_id: int, name: str) -> None:
        post = await self.session.get_one(Post, post_id)
        [tag] = await self.tags.get_or_create([name])
        post.tags.append(tag)  # AFA308
        await self.session.commit()

    async def publish(self, post: Post) -> None:
        post.published = True
        await self.session.commit()
        await audit.record(f"published {post.title}")

    async def announcement(self, post_id: int) -> str:
        post = await self.session.get_one(Post, post_id)
        return f"Now on the blog: {post.byline}"  # AFA301

    async def reviewer_name(self, post_id: int) -> str:
        post = await self.session.get_one(Post, post_id)
        return post.reviewer.username if post.reviewer else "nobody"  # AFA314

    async def related(self, post_id: int) -> Sequence[Post]:
        shared = select(Tag.id).where(Tag.posts.any(Post.id == post_id)).scalar_subquery()
        statement = (
            select(Post)
            .where(Post.tags.any(Tag.id.in_(shared)), Post.id != post_id)
            .options(selectinload(Post.author), selectinload(Post.tags))
        )
        return (await self.session.scalars(statement)).all()
