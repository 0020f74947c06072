"""A tiny application for the monitoring: `uvicorn app.status:app --port 8001`."""

from fastapi import FastAPI
from sqlalchemy import text

from app.database import engine

app = FastAPI(title="Status")
app.state.checks = 0


@app.get("/")
def status() -> dict[str, bool | int]:
    app.state.checks += 1
    with engine.connect() as connection:
        connection.execute(text("SELECT 1"))
    return {"database": True, "checks": app.state.checks}


@app.on_event("shutdown")
def stop() -> None:
    engine.dispose()
