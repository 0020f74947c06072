from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.models import Post, Tag


class PostRepository:
    def __init__(self, session: Session) -> None:
        self.session = session

    def list_recent(self, limit: int = 20) -> Sequence[Post]:
        statement = (
            select(Post).where(Post.published).order_by(Post.created_at.desc(), Post.id.desc()).limit(limit)
        )
        return self.session.scalars(statement).all()

    def get(self, post_id: int) -> Post | None:
        return self.session.query(Post).filter(Post.id == post_id).one_or_none()

    def get_with_comments(self, post_id: int) -> Post | None:
        return self.session.get(Post, post_id)

    def list_by_tag(self, name: str) -> Sequence[Post]:
        return (
            self.session.query(Post)
            .join(Post.tags)
            .filter(Post.published, Tag.name == name)
            .order_by(Post.id)
            .all()
        )

    def list_by_author(self, author_id: int) -> Sequence[Post]:
        return self.session.query(Post).filter_by(author_id=author_id, published=True).order_by(Post.id).all()

    def search(self, text: str) -> Sequence[Post]:
        query = self.session.query(Post).filter(Post.published)
        if text:
            query = query.filter(Post.title.contains(text))
        return query.order_by(Post.id).all()

    def list_for_feed(self) -> Sequence[Post]:
        return self.session.scalars(select(Post).where(Post.published).order_by(Post.id)).all()

    def count(self) -> int:
        return self.session.execute(select(func.count(Post.id))).scalar_one()

    def count_drafts(self) -> int:
        return self.session.query(Post).filter(~Post.published).count()

    def delete(self, post: Post) -> None:
        self.session.delete(post)
        self.session.commit()
