"""Write down when the blog moved to this server."""

import asyncio
from datetime import datetime

from app.database import SessionLocal, engine
from app.models import AuditEntry

MOVED = datetime(2026, 1, 31, 8)


async def main() -> None:
    async with SessionLocal() as session:
        session.add(AuditEntry(action="moved", at=MOVED))
        await session.commit()
    await engine.dispose()


if __name__ == "__main__":
    asyncio.run(main())
