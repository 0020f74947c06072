"""Demo content for an empty database."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Comment, Post, Tag, User
from app.security import hash_password


def seed_demo_content(session: Session) -> None:
    if session.scalar(select(User.id).limit(1)) is not None:
        return

    password_hash = hash_password("correct horse")
    ada, grace, linus = (
        User(
            username=name, email=f"{name}@example.org", password_hash=password_hash, bio=f"All about {name}."
        )
        for name in ("ada", "grace", "linus")
    )
    python, databases, asyncio_tag = (Tag(name=name) for name in ("python", "databases", "asyncio"))
    greenlets = Post(
        title="What a greenlet is for",
        body="It lets synchronous code wait without blocking the loop.",
        published=True,
        author=ada,
        reviewer=grace,
        tags=[python, asyncio_tag],
        comments=[],
    )
    pools = Post(
        title="Pools and how to empty them",
        body="A session that nobody closes keeps its connection.",
        published=True,
        author=grace,
        reviewer=ada,
        tags=[databases],
        comments=[],
    )
    draft = Post(title="Half a thought", body="To be continued.", author=linus, tags=[], comments=[])
    greenlets.comments.append(Comment(text="So that is where await went.", author=linus))
    pools.comments.append(Comment(text="Guilty.", author=ada))
    session.add_all([greenlets, pools, draft])
    session.commit()
