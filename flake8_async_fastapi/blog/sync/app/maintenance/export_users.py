"""Print the users of a database file."""

from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session

from app.models import User

engine = create_engine("sqlite:///./blog.db")


def main() -> list[str]:
    with Session(engine) as session:
        names = list(session.scalars(select(User.username).order_by(User.id)))
    engine.dispose()
    return names


if __name__ == "__main__":
    print(*main(), sep="\n")
