"""Watch what a session is about to write, for debugging."""

import asyncio

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session, UOWTransaction

from app.database import SessionLocal, engine
from app.models import AuditEntry

changes: list[str] = []


def note_changes(session: Session, _context: UOWTransaction, _instances: object) -> None:
    changes.extend(type(instance).__name__ for instance in session.new)


event.listen(AsyncSession, "before_flush", note_changes)  # AFA411


async def main() -> list[str]:
    async with SessionLocal() as session:
        session.add(AuditEntry(action="audited"))
        await session.flush()
        await session.rollback()
    await engine.dispose()
    return changes


if __name__ == "__main__":
    print(asyncio.run(main()))
