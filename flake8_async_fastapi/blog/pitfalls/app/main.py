"""The application: `uvicorn app.main:app`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timezone
from pathlib import Path

import httpx
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from app import errors, events, reporting
from app.config import get_settings
from app.database import Base, SessionLocal, engine
from app.routers import admin, comments, live, pages, posts, tags, ticker, tools, users
from app.seed import seed_demo_content
from app.widgets import widgets

settings = get_settings()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:  # AFA407
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    if settings.seed_demo_content:
        async with SessionLocal() as session:
            await seed_demo_content(session)
    async with httpx.AsyncClient(timeout=5.0) as http_client:
        app.state.http_client = http_client
        yield


app = FastAPI(title=settings.site_name, lifespan=lifespan)


@app.on_event("startup")  # AFA401 AFA402
async def remember_start() -> None:
    app.state.started_at = datetime.now(timezone.utc)


@app.on_event("shutdown")  # AFA401 AFA402
async def close_engine() -> None:
    await engine.dispose()


for module in (posts, comments, users, tags, tools, admin, live, ticker, reporting):
    app.include_router(module.router)
if settings.beta_api:
    from app.routers import beta

    app.include_router(beta.router)
if settings.labs_api:
    from app.routers import labs, trends

    app.include_router(labs.router)
    app.include_router(trends.router)
app.include_router(pages.router)
app.mount("/widgets", widgets)  # AFA413
app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
settings.media_root.mkdir(parents=True, exist_ok=True)
app.mount("/media", StaticFiles(directory=settings.media_root), name="media")
errors.install(app)
events.install(engine)
