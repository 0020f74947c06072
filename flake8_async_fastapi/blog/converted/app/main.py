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
from app.services import webhooks
from app.widgets import widgets

settings = get_settings()


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Everything that the application opens is opened, and closed, here."""
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
    if settings.seed_demo_content:
        async with SessionLocal() as session:
            await seed_demo_content(session)
    app.state.started_at = datetime.now(timezone.utc)
    # A mounted application gets no lifespan events, so its state is set from here.
    widgets.state.headline = f"Read {settings.site_name}"
    try:
        async with httpx.AsyncClient(timeout=5.0) as http_client:
            app.state.http_client = http_client
            yield
            await webhooks.finish_announcements()
    finally:
        await reporting.report_engine.dispose()
        await engine.dispose()


def create_app() -> FastAPI:
    events.install(engine)
    app = FastAPI(title=settings.site_name, lifespan=lifespan)
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
    app.mount("/widgets", widgets)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"), name="static")
    settings.media_root.mkdir(parents=True, exist_ok=True)
    app.mount("/media", StaticFiles(directory=settings.media_root), name="media")
    errors.install(app)
    return app


app = create_app()
