"""Write down when the blog moved to this server."""

import asyncio

from app.database import SessionLocal, engine
from app.models import AuditEntry

MOVED = "2026-01-31 08:00"


async def main() -> None:
    async with SessionLocal() as session:
        session.add(AuditEntry(action="moved", at=MOVED))  # AFA421
        await session.commit()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
