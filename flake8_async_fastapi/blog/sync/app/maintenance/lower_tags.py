"""Write the names of all tags in lower case."""

from sqlalchemy import func, update

from app.database import SessionLocal, engine
from app.models import Tag


def main() -> list[str]:
    lowered = update(Tag).values(name=func.lower(Tag.name)).returning(Tag.name)
    with SessionLocal() as session:
        names = list(session.execute(lowered).scalars())
        session.commit()
    engine.dispose()
    return names


if __name__ == "__main__":
    print(*main(), sep="\n")
