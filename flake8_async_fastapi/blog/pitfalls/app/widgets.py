"""A sub-application that other sites embed, mounted at /widgets."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

from app.config import get_settings


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    app.state.headline = f"Read {get_settings().site_name}"
    yield


widgets = FastAPI(title="Widgets", openapi_url=None, lifespan=lifespan)


@widgets.get("/headline")
async def headline(request: Request) -> HTMLResponse:
    return HTMLResponse(f"<strong>{request.app.state.headline}</strong>")
