"""Forget who looked at what, and what was blocked."""

from sqlalchemy import text

from app.database import engine

TIDY = (
    "DELETE FROM page_views",
    "DELETE FROM audit_entries",
)


def main() -> None:
    with engine.begin() as connection:
        for statement in TIDY:
            connection.execute(text(statement))


if __name__ == "__main__":
    main()
