"""A sub-application that other sites embed, mounted at /widgets."""

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse

widgets = FastAPI(title="Widgets", openapi_url=None)


@widgets.get("/headline")
def headline(request: Request) -> HTMLResponse:
    return HTMLResponse(f"<strong>{request.app.state.headline}</strong>")
