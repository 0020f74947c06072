"""Packages that are known to depend neither on an async database driver nor on greenlet.

The dependencies of other packages are unknown, unless a lock file lists them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

_NAMES: Final = frozenset(
    """
    aiobotocore aioboto3 aiocache aiofiles aiohttp aiokafka aiolimiter aiomultiprocess aioodbc aiomysql
    aiosmtplib aiosqlite alembic alembic-postgresql-enum alembic-utils annotated-types anthropic anyio
    apscheduler argon2-cffi asgi-correlation-id asgi-lifespan asgiref astroid async-lru async-timeout
    asyncmy asyncpg attrs authlib autoflake babel backoff bandit bcrypt beautifulsoup4 billiard bleach
    black boto3 botocore brotli brotli-asgi bs4 build bumpver cachetools cachelib cattrs celery certifi
    cffi charset-normalizer click codespell colorama coloredlogs coverage croniter cryptography
    dataclasses-json datamodel-code-generator defusedxml dependency-injector deptry devtools dishka
    distlib dnspython docker dramatiq ecdsa elasticsearch email-validator emoji exceptiongroup execnet
    factory-boy faker fakeredis fastapi fastapi-cache2 fastapi-cli fastapi-limiter fastapi-mail
    fastapi-pagination fastapi-users fastapi-users-db-sqlalchemy fastapi-utils filelock fire flake8 flower
    freezegun fsspec gitpython granian graphql-core grpcio grpcio-tools gunicorn h11 hatch hatchling
    httpcore httplib2 httptools httpx httpx-sse httpx-oauth humanize hypercorn hypothesis icalendar
    identify idna importlib-metadata importlib-resources inflection iniconfig interrogate invoke ipdb
    ipykernel ipython isort itsdangerous jinja2 jiter jmespath jose jsonschema jwcrypto kombu kubernetes
    loguru lxml mako markdown markdown-it-py markdown2 markupsafe marshmallow marshmallow-sqlalchemy
    matplotlib mdurl mcp minio moto msgpack msgspec msal multidict mypy mypy-extensions mysqlclient
    networkx nltk nodeenv numpy oauthlib openai openpyxl opensearch-py orjson packaging pandas paramiko
    passlib pathspec pendulum phonenumbers pika pillow pip-audit pip-tools platformdirs pluggy poethepoet
    poetry polyfactory pre-commit prek prometheus-client prometheus-fastapi-instrumentator propcache
    protobuf psutil psycopg psycopg-binary psycopg-c psycopg-pool psycopg2 psycopg2-binary pwdlib pyarrow
    pyasn1 pycparser pycryptodome pycryptodomex pydantic pydantic-core pydantic-extra-types
    pydantic-settings pygments pyinstrument pyjwt pylint pymongo pymysql pyodbc pyopenssl pyotp pypdf
    pypdf2 pyright pytest python-box python-dateutil python-decouple python-docx python-dotenv python-jose
    python-json-logger python-magic python-multipart python-slugify python-socketio python-ulid pytz
    pyupgrade pywebpush pyyaml qrcode rapidfuzz redis regex reportlab requests requests-mock
    requests-oauthlib respx rich rsa ruamel-yaml ruff s3fs s3transfer scikit-learn scipy secure sentry-sdk
    setuptools six slowapi sniffio sqladmin sqlalchemy sqlalchemy-json sqlalchemy-stubs sqlalchemy-utils
    sqlalchemy2-stubs sqlglot sqlmodel sqlparse sse-starlette starlette starlette-admin starlette-context
    stripe structlog tabulate taskipy tenacity termcolor tiktoken time-machine toml tomli tomli-w tomlkit
    tornado tox tqdm transformers twine ty typer typeguard typing-extensions typing-inspection tzdata
    tzlocal ujson urllib3 uuid6 uv uvicorn uvicorn-worker uvloop vine virtualenv vulture watchdog
    watchfiles websocket-client websockets weasyprint werkzeug wheel wrapt xlsxwriter yarl zipp
    """.split()
)
_PREFIXES: Final = (
    "azure-", "flake8-", "google-api-", "google-auth", "google-cloud-storage", "mkdocs", "mypy-boto3-",
    "opentelemetry-", "types-",
)  # fmt: skip
_PYTEST: Final = frozenset(
    """
    pytest-aiohttp pytest-anyio pytest-asyncio pytest-benchmark pytest-clarity pytest-cov pytest-docker
    pytest-dotenv pytest-env pytest-factoryboy pytest-freezer pytest-freezegun pytest-html pytest-httpx
    pytest-httpserver pytest-instafail pytest-integration pytest-lazy-fixtures pytest-mock pytest-order
    pytest-randomly pytest-repeat pytest-rerunfailures pytest-retry pytest-split pytest-sugar
    pytest-timeout pytest-xdist
    """.split()
)
_EXTRAS: Final = frozenset(
    """
    aiohttp all argon2 asyncio bcrypt binary brotli c cli crypto cryptography d email extra fastapi
    hiredis http http2 msgpack mypy oauth pool psutil pyopenssl redis socks speedups standard starlette
    test timezone toml uvloop yaml
    """.split()
)


def is_familiar(name: str, extras: Iterable[str]) -> bool:
    """Whether a package is one of these, with extras that add no such dependency either."""
    known = name in _NAMES or name in _PYTEST or name.startswith(_PREFIXES) or name.endswith("-stubs")
    return known and (name == "sqlalchemy" or _EXTRAS.issuperset(extras))
