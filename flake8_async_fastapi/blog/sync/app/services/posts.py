from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Post, Tag, User
from app.repositories.tags import TagRepository
from app.schemas import PostChanged, PostCreate, PostUpdate
from app.services import audit


class PostService:
    def __init__(self, session: Session) -> None:
        self.session = session
        self.tags = TagRepository(session)

    def create(self, author: User, data: PostCreate) -> Post:
        tags = self.tags.get_or_create(data.tags)
        post = Post(title=data.title, body=data.body, author=author, tags=tags)
        self.session.add(post)
        self.session.commit()
        audit.record(f"{author.username} wrote {post.title}")
        return post

    def update(self, post: Post, data: PostUpdate) -> PostChanged:
        for name, value in data.model_dump(exclude_none=True).items():
            setattr(post, name, value)
        self.session.flush()
        changed = PostChanged(id=post.id, updated_at=post.updated_at)
        self.session.commit()
        return changed

    def rename(self, post: Post, title: str) -> str:
        post.title = title
        self.session.commit()
        return f"{post.title} (edited {post.updated_at:%H:%M})"

    def set_tags(self, post: Post, names: Sequence[str]) -> list[Tag]:
        post.tags = self.tags.get_or_create(names)
        self.session.commit()
        return post.tags

    def add_tag(self, post: Post, name: str) -> None:
        [tag] = self.tags.get_or_create([name])
        post.tags.append(tag)
        self.session.commit()

    def publish(self, post: Post) -> None:
        post.published = True
        self.session.commit()
        audit.record(f"published {post.title}")

    def announcement(self, post_id: int) -> str:
        post = self.session.get_one(Post, post_id)
        return f"Now on the blog: {post.byline}"

    def reviewer_name(self, post_id: int) -> str:
        post = self.session.get_one(Post, post_id)
        if post.reviewer is None:
            return "nobody"
        return post.reviewer.username

    def related(self, post_id: int) -> Sequence[Post]:
        shared = select(Tag.id).where(Tag.posts.any(Post.id == post_id)).scalar_subquery()
        return self.session.query(Post).filter(Post.tags.any(Tag.id.in_(shared)), Post.id != post_id).all()
