"""Write down when the blog moved to this server."""

from datetime import datetime

from app.database import SessionLocal, engine
from app.models import AuditEntry

MOVED = datetime(2026, 1, 31, 8)


def main() -> None:
    with SessionLocal() as session:
        session.add(AuditEntry(action="moved", at=MOVED))
        session.commit()
    engine.dispose()


if __name__ == "__main__":
    main()
