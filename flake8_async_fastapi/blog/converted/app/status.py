"""A tiny application for the monitoring: `uvicorn app.status:app --port 8001`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from sqlalchemy import text

from app.database import engine


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.checks = 0
    yield
    await engine.dispose()


app = FastAPI(title="Status", lifespan=lifespan)


@app.get("/")
async def status() -> dict[str, bool | int]:
    app.state.checks += 1
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return {"database": True, "checks": app.state.checks}
