"""Watch what a session is about to write, for debugging."""

from sqlalchemy import event
from sqlalchemy.orm import Session, UOWTransaction

from app.database import SessionLocal, engine
from app.models import AuditEntry

changes: list[str] = []


def note_changes(session: Session, _context: UOWTransaction, _instances: object) -> None:
    changes.extend(type(instance).__name__ for instance in session.new)


event.listen(Session, "before_flush", note_changes)


def main() -> list[str]:
    with SessionLocal() as session:
        session.add(AuditEntry(action="audited"))
        session.flush()
        session.rollback()
    engine.dispose()
    return changes


if __name__ == "__main__":
    print(main())
