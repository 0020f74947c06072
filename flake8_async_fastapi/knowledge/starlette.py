"""Starlette and FastAPI: requests, uploads, websockets, applications, responses, helpers.

The canonical name is that of the defining library; FastAPI's own names are fastapi.*. Source: introspection
of Starlette 1.10 and FastAPI 0.165, including members that only older versions have.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

_CONNECTION: Final = """
    protocols: iter
    item -> str
    def get keys values items url_for -> object
    property app auth state user -> ?
    property base_url client headers query_params url -> object
    property cookies path_params scope session -> dict
"""

_APPLICATION: Final = """
    def add_exception_handler add_middleware add_route host mount add_websocket_route -> None
    def add_event_handler -> None
    def url_path_for build_middleware_stack -> object
    def exception_handler middleware on_event route websocket_route -> ?
    property routes user_middleware -> list
    property exception_handlers -> dict
    property router state middleware_stack -> ?
"""

_ROUTE_DECORATORS: Final = """
    def get put post delete options head patch trace api_route websocket route websocket_route -> ?
    def add_api_route add_api_websocket_route add_route include_router mount host frontend -> None
"""

_RESPONSE: Final = """
    protocols: call
    call -> ?
"""

TYPES: Final[Mapping[str, str]] = {
    "starlette.requests.HTTPConnection": _CONNECTION,
    "starlette.requests.Request": """
        bases: starlette.requests.HTTPConnection
        async body -> bytes
        async json -> object
        async close send_push_promise send_early_hints -> None
        async is_disconnected -> bool
        async-generator stream -> bytes
        def form -> starlette._utils.AwaitableOrContextManagerWrapper
        property method -> str
        property receive -> ?
    """,
    "starlette._utils.AwaitableOrContextManagerWrapper": """
        protocols: await async-with
        await -> starlette.datastructures.FormData
        aenter -> starlette.datastructures.FormData
    """,
    "starlette.datastructures.FormData": """
        protocols: iter
        item -> str
        async close -> None
        def get items keys values -> object
        def getlist multi_items -> list
    """,
    "starlette.datastructures.UploadFile": """
        protocols: none
        async read -> bytes
        async write seek close -> None
        property file -> tempfile.SpooledTemporaryFile
        property content_type filename -> str
        property size -> int
        property headers -> object
    """,
    "starlette.websockets.WebSocket": """
        bases: starlette.requests.HTTPConnection
        async accept close send send_bytes send_denial_response send_json send_text -> None
        async receive -> dict
        async receive_bytes -> bytes
        async receive_json -> object
        async receive_text -> str
        async-generator iter_bytes -> bytes
        async-generator iter_json -> object
        async-generator iter_text -> str
        property client_state application_state -> object
    """,
    "starlette.applications.Starlette": _APPLICATION + """
        protocols: call
        call -> ?
    """,
    "fastapi.FastAPI": _ROUTE_DECORATORS + """
        bases: starlette.applications.Starlette
        def openapi -> dict
        def setup -> None
        property dependency_overrides -> dict
    """,
    "starlette.routing.Router": """
        protocols: call
        call -> ?
        async app lifespan not_found shutdown startup -> None
        def add_route add_websocket_route host mount add_event_handler -> None
        def url_path_for -> object
        def on_event route websocket_route -> ?
        property routes -> list
    """,
    "fastapi.APIRouter": _ROUTE_DECORATORS + """
        bases: starlette.routing.Router
        async handle -> None
        def matches -> tuple
        property prefix -> str
        property dependencies -> list
    """,
    "starlette.background.BackgroundTask": """
        protocols: call
        call -> ?
    """,
    "starlette.background.BackgroundTasks": """
        protocols: call
        call -> ?
        def add_task -> None
        property tasks -> list
    """,
    "starlette.exceptions.HTTPException": """
        protocols: none
    """,
    "starlette.exceptions.WebSocketException": """
        protocols: none
    """,
    "fastapi.HTTPException": """
        bases: starlette.exceptions.HTTPException
    """,
    "fastapi.WebSocketException": """
        bases: starlette.exceptions.WebSocketException
    """,
    "starlette.responses.Response": _RESPONSE + """
        def delete_cookie init_headers set_cookie -> None
        def render -> object
        property charset media_type -> str
        property status_code -> int
        property headers -> object
        property body -> object
        property background -> ?
    """,
    "starlette.responses.HTMLResponse": "bases: starlette.responses.Response",
    "starlette.responses.PlainTextResponse": "bases: starlette.responses.Response",
    "starlette.responses.JSONResponse": "bases: starlette.responses.Response",
    "starlette.responses.RedirectResponse": "bases: starlette.responses.Response",
    "starlette.responses.FileResponse": "bases: starlette.responses.Response",
    "starlette.responses.StreamingResponse": """
        bases: starlette.responses.Response
        async listen_for_disconnect stream_response -> None
    """,
    "fastapi.responses.ORJSONResponse": "bases: starlette.responses.JSONResponse",
    "fastapi.responses.UJSONResponse": "bases: starlette.responses.JSONResponse",
    "starlette.templating.Jinja2Templates": """
        protocols: none
        def TemplateResponse -> starlette.templating._TemplateResponse
        def get_template -> jinja2.Template
        property env -> jinja2.Environment
    """,
    "starlette.templating._TemplateResponse": "bases: starlette.responses.HTMLResponse",
    "starlette.testclient.TestClient": """
        bases: httpx.Client
        def websocket_connect -> starlette.testclient.WebSocketTestSession
        async lifespan wait_shutdown wait_startup -> None
    """,
    "starlette.testclient.WebSocketTestSession": """
        protocols: with
        enter -> self
        def close send send_bytes send_json send_text -> None
        def receive receive_bytes receive_json receive_text -> object
    """,
    "fastapi.concurrency._InThreadpool": """
        protocols: async-with
        aenter -> ?
    """,
}

FUNCTIONS: Final[Mapping[str, str]] = {
    "starlette.concurrency.run_in_threadpool": "async -> cb[?]",
    "starlette.concurrency.iterate_in_threadpool": "async-generator -> ?",
    "starlette.concurrency.run_until_first_complete": "async -> None",
    "fastapi.concurrency.contextmanager_in_threadpool": "def -> fastapi.concurrency._InThreadpool",
    "fastapi.exception_handlers.http_exception_handler": "async -> starlette.responses.Response",
    "fastapi.exception_handlers.request_validation_exception_handler":
        "async -> starlette.responses.JSONResponse",
    "fastapi.exception_handlers.websocket_request_validation_exception_handler": "async -> None",
    "fastapi.encoders.jsonable_encoder": "def -> object",
}

ALIASES: Final[Mapping[str, str]] = {
    "fastapi.Request": "starlette.requests.Request",
    "fastapi.requests.Request": "starlette.requests.Request",
    "fastapi.requests.HTTPConnection": "starlette.requests.HTTPConnection",
    "fastapi.WebSocket": "starlette.websockets.WebSocket",
    "fastapi.websockets.WebSocket": "starlette.websockets.WebSocket",
    "fastapi.UploadFile": "starlette.datastructures.UploadFile",
    "fastapi.datastructures.UploadFile": "starlette.datastructures.UploadFile",
    "fastapi.datastructures.FormData": "starlette.datastructures.FormData",
    "fastapi.BackgroundTasks": "starlette.background.BackgroundTasks",
    "fastapi.background.BackgroundTasks": "starlette.background.BackgroundTasks",
    "fastapi.applications.FastAPI": "fastapi.FastAPI",
    "fastapi.applications.Starlette": "starlette.applications.Starlette",
    "fastapi.routing.APIRouter": "fastapi.APIRouter",
    "fastapi.exceptions.HTTPException": "fastapi.HTTPException",
    "fastapi.exceptions.WebSocketException": "fastapi.WebSocketException",
    "fastapi.Response": "starlette.responses.Response",
    **{
        f"fastapi.responses.{name}": f"starlette.responses.{name}"
        for name in """
            FileResponse HTMLResponse JSONResponse PlainTextResponse RedirectResponse Response
            StreamingResponse
        """.split()
    },
    "fastapi.templating.Jinja2Templates": "starlette.templating.Jinja2Templates",
    "fastapi.testclient.TestClient": "starlette.testclient.TestClient",
    "fastapi.concurrency.run_in_threadpool": "starlette.concurrency.run_in_threadpool",
    "fastapi.concurrency.iterate_in_threadpool": "starlette.concurrency.iterate_in_threadpool",
    "fastapi.concurrency.run_until_first_complete": "starlette.concurrency.run_until_first_complete",
}

# Methods of applications and routers defined by Starlette, and its routes, which resolve no dependencies:
# the arguments that they pass to a function, and the name of their second argument, which is the function;
# empty for decorators.
CALLED_BY_STARLETTE: Final[Mapping[str, tuple[str, str]]] = {
    "add_route": ("the request", "route"),
    "add_websocket_route": ("the web socket", "route"),
    "add_event_handler": ("", "func"),
    "add_exception_handler": ("the request and the exception", "handler"),
    "starlette.routing.Route": ("the request", "endpoint"),
    "starlette.routing.WebSocketRoute": ("the web socket", "endpoint"),
    "route": ("the request", ""),
    "websocket_route": ("the web socket", ""),
    "on_event": ("", ""),
    "exception_handler": ("the request and the exception", ""),
    "middleware": ("the request and call_next", ""),
}

# Defaults of parameters for which FastAPI passes a part of the request.
PARAMETER_MARKERS: Final = frozenset(
    f"{module}.{name}"
    for module in ("fastapi", "fastapi.params", "fastapi.param_functions")
    for name in ("Body", "Cookie", "File", "Form", "Header", "Path", "Query")
)
