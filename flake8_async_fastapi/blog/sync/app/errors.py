"""Errors as JSON for the API and as pages for people."""

from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from app.templating import templates


def wants_page(request: Request) -> bool:
    return not request.url.path.startswith("/api/")


def show_http_error(request: Request, error: HTTPException) -> Response:
    if not wants_page(request):
        return JSONResponse({"detail": error.detail}, status_code=error.status_code, headers=error.headers)
    context = {"status": error.status_code, "detail": error.detail}
    return templates.TemplateResponse(request, "error.html", context, status_code=error.status_code)


def show_invalid_request(request: Request, error: RequestValidationError) -> Response:
    if not wants_page(request):
        return JSONResponse({"detail": jsonable_encoder(error.errors())}, status_code=422)
    context = {"status": 422, "detail": "Something in the form is not right."}
    return templates.TemplateResponse(request, "error.html", context, status_code=422)


def install(app: FastAPI) -> None:
    app.add_exception_handler(HTTPException, show_http_error)
    app.add_exception_handler(RequestValidationError, show_invalid_request)
