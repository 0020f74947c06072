"""Copy old posts to the archive, a second SQLite file."""

from sqlalchemy import create_engine, insert, select

from app.database import Base, SessionLocal, engine
from app.models import Post, Tag, User

archive_engine = create_engine("sqlite:///./archive.db")


def main() -> int:
    with archive_engine.begin() as archive:
        Base.metadata.drop_all(archive)
        Base.metadata.create_all(archive)
        with SessionLocal() as session:
            for model in (User, Tag, Post):
                rows = session.execute(select(*model.__table__.columns)).mappings().all()
                if rows:
                    archive.execute(insert(model), [dict(row) for row in rows])
        copied = len(rows)
    archive_engine.dispose()
    engine.dispose()
    return copied


if __name__ == "__main__":
    print(main(), "posts archived")
