"""List the posts that are not published."""

from sqlalchemy import select

from app.database import SessionLocal, engine
from app.models import Post


def main() -> list[str]:
    with SessionLocal() as session:
        titles = list(session.scalars(select(Post.title).where(~Post.published)))
    engine.dispose()
    return titles


if __name__ == "__main__":
    print(*main(), sep="\n")
