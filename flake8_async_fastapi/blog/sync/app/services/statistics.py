from sqlalchemy.orm import Session

from app.database import Base, SessionLocal
from app.models import Comment, Post, User
from app.repositories.posts import PostRepository
from app.schemas import Statistics


def count_rows(model: type[Base]) -> int:
    with SessionLocal() as session:
        return session.query(model).count()


def collect() -> Statistics:
    return Statistics(users=count_rows(User), posts=count_rows(Post), comments=count_rows(Comment))


def headline(session: Session) -> str:
    repository = PostRepository(session)
    return f"{repository.count_drafts()} drafts are waiting"


def commenters(session: Session) -> list[str]:
    comments = session.query(Comment).order_by(Comment.id).all()
    return [session.get_one(User, comment.author_id).username for comment in comments]
