"""Give the space of deleted rows back to the disk."""

from sqlalchemy import create_engine, text
from sqlalchemy.pool import NullPool

# NullPool: the connection is closed when the script is done with it.
engine = create_engine("sqlite:///./blog.db", poolclass=NullPool)


def main() -> None:
    with engine.connect() as connection:
        autocommit = connection.execution_options(isolation_level="AUTOCOMMIT")
        autocommit.execute(text("VACUUM"))
    engine.dispose()


if __name__ == "__main__":
    main()
