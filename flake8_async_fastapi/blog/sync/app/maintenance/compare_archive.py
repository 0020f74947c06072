"""Ask the archive, a second SQLite file, what it has, again and again."""

import time

from sqlalchemy import create_engine, func, select

from app.database import Base
from app.models import Post, Tag

archive_engine = create_engine("sqlite:///./archive.db")


def count(model: type[Base]) -> int:
    with archive_engine.connect() as archive:
        return archive.scalar(select(func.count()).select_from(model)) or 0


def compare() -> list[int]:
    return [count(Post), count(Tag)]


def main(times: int = 3, pause: float = 60.0) -> list[list[int]]:
    found = []
    for _ in range(times):
        found.append(compare())
        time.sleep(pause)
    archive_engine.dispose()
    return found


if __name__ == "__main__":
    print(main())
