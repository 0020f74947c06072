"""Create the tables that are missing."""

import app.models  # noqa: F401  (registers the tables)
from app.database import Base, engine


def main() -> None:
    Base.metadata.create_all(bind=engine)
    engine.dispose()


if __name__ == "__main__":
    main()
