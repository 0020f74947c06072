"""Read tags from a text file, one a line."""

import sys
from pathlib import Path

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.models import Tag

engine = create_engine("sqlite:///./blog.db")


def main(path: Path) -> int:
    with Session(engine) as session:
        known = set(session.scalars(select(Tag.name)))
        names = [name for name in path.read_text().split() if name not in known]
        session.add_all(Tag(name=name) for name in names)
        session.commit()
    engine.dispose()
    return len(names)


if __name__ == "__main__":
    print(main(Path(sys.argv[1])), "tags imported")
