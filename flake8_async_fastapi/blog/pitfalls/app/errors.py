"""Errors as JSON for the API and as pages for people."""

from typing import cast

from fastapi import FastAPI, Request, Response
from fastapi.exception_handlers import http_exception_handler, request_validation_exception_handler
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from app.templating import templates


def wants_page(request: Request) -> bool:
    return not request.url.path.startswith("/api/")


async def show_http_error(request: Request, error: Exception) -> Response:
    error = cast(HTTPException, error)
    if not wants_page(request):
        return await http_exception_handler(request, error)
    context = {"status": error.status_code, "detail": error.detail}
    return templates.TemplateResponse(request, "error.html", context, status_code=error.status_code)


async def show_invalid_request(request: Request, error: Exception) -> Response:
    error = cast(RequestValidationError, error)
    if not wants_page(request):
        return request_validation_exception_handler(request, error)  # AFA105
    context = {"status": 422, "detail": "Something in the form is not right."}
    return templates.TemplateResponse(request, "error.html", context, status_code=422)


def install(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, show_http_error)
    app.add_exception_handler(RequestValidationError, show_invalid_request)
