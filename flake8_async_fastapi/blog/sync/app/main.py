"""The application: `uvicorn app.main:app`."""

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


def create_app() -> FastAPI:
    events.install(engine)
    app = FastAPI(title=settings.site_name)
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


@app.on_event("startup")
def start() -> None:
    Base.metadata.create_all(bind=engine)
    if settings.seed_demo_content:
        with SessionLocal() as session:
            seed_demo_content(session)
    app.state.started_at = datetime.now(timezone.utc)
    app.state.http_client = httpx.Client(timeout=5.0)
    widgets.state.headline = f"Read {settings.site_name}"


@app.on_event("shutdown")
def stop() -> None:
    app.state.http_client.close()
    reporting.report_engine.dispose()
    engine.dispose()
