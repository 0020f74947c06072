"""Drop and create all tables: for a development machine only."""

import app.models  # noqa: F401  (registers the tables)
from app.database import Base, engine


def main() -> None:
    Base.metadata.drop_all(bind=engine)
    Base.metadata.create_all(bind=engine)
    engine.dispose()


if __name__ == "__main__":
    main()
