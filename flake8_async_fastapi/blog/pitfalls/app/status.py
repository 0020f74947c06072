"""A tiny application for the monitoring: `uvicorn app.status:app --port 8001`."""

from fastapi import FastAPI
from sqlalchemy import text

from app.database import engine

app = FastAPI(title="Status")


@app.on_event("startup")  # AFA401
async def start_counting() -> None:
    app.state.checks = 0


@app.on_event("shutdown")  # AFA401
async def close_engine() -> None:
    await engine.dispose()


@app.get("/")
async def status() -> dict[str, bool | int]:
    app.state.checks += 1
    async with engine.connect() as connection:
        await connection.execute(text("SELECT 1"))
    return {"database": True, "checks": app.state.checks}
