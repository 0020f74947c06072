"""The tables of blocking calls and of synchronous types: their notation, and the libraries that are here."""

from __future__ import annotations

import importlib.util
import sys
from collections import Counter

import pytest
from library_names import load

from flake8_async_fastapi import knowledge
from flake8_async_fastapi.knowledge import async_clients, blocking, services, sync_types
from flake8_async_fastapi.knowledge.blocking_index import (
    Blocking,
    _index,
    blocking_member,
    blocking_name,
)
from flake8_async_fastapi.knowledge.settings import Settings
from flake8_async_fastapi.knowledge.table import read_function, read_type

TEXTS = {**sync_types.TYPES, **services.TYPES, **async_clients.TYPES}
TYPES = {name: read_type(name, text) for name, text in TEXTS.items()}
WORDS = {"?", "None", "self", "call", "async", "object"}

# The standard library, and what the tests need anyway.
HERE = {*sys.stdlib_module_names, "httpx", "requests", "bcrypt", "sqlalchemy", "sqlmodel", "jinja2"}

# Later or earlier than this Python.
OTHER_VERSIONS = {
    "pathlib.Path": {"walk", "copy", "copy_into", "move", "move_into"},
    "threading.RLock": {"locked"},
    "sqlalchemy.engine.Engine": {"execute", "scalar"},
    "sqlalchemy.orm.Session": {"merge_all"},
    "sqlalchemy.orm.scoped_session": {"merge_all"},
    "telnetlib": {"Telnet"},
    "os": {"spawnvp", "spawnlp", "wait3", "wait4"},
}

# Names of types that the tables made up: what a call gives has no class of this name.
MADE_UP = {
    "concurrent.futures._Results",
    "multiprocessing.Queue",  # a method of a context, not the class
    "multiprocessing.Lock",
    "threading.Lock",  # functions, in this Python
    "threading.RLock",
}


def is_here(name: str) -> bool:
    top = name.partition(".")[0]
    return top in HERE and name not in MADE_UP and importlib.util.find_spec(top) is not None


@pytest.mark.parametrize("name", sorted(TYPES))
def test_types_name_types(name: str) -> None:
    known = TYPES[name]
    named = [member.returns for member in known.members.values()] + list(known.results.values())
    assert not [word for word in named if word not in WORDS and word not in knowledge.TYPES]
    assert not [base for base in known.bases if base not in knowledge.TYPES]


@pytest.mark.parametrize("name", sorted(TEXTS))
def test_no_member_is_listed_twice(name: str) -> None:
    lines = [line.split(" -> ")[0].split() for line in TEXTS[name].splitlines() if " -> " in line]
    listed = Counter(attribute for _, *attributes in lines for attribute in attributes)
    assert [attribute for attribute, count in listed.items() if count > 1] == []


def test_functions_and_aliases_lead_to_types() -> None:
    functions = {**sync_types.FUNCTIONS, **services.FUNCTIONS}
    assert {read_function(text).returns for text in functions.values()} <= set(knowledge.TYPES)
    known = knowledge.TYPES.keys() | knowledge.FUNCTIONS.keys() | _index().names.keys()
    aliases = {**sync_types.ALIASES, **services.ALIASES, **async_clients.ALIASES}
    assert {alias: name for alias, name in aliases.items() if name not in known} == {
        "boto3.session.Session.client": "boto3.Session.client"
    }


@pytest.mark.parametrize("name", sorted(name for name in TYPES if is_here(name)))
def test_members_exist(name: str) -> None:
    cls = load(name)
    made_by_instances = {"acquire", "release"} if name == "threading.Condition" else set()
    missing = [
        attribute
        for attribute, member in TYPES[name].members.items()
        if member.kind == "def" and not hasattr(cls, attribute)
    ]
    assert set(missing) <= OTHER_VERSIONS.get(name, set()) | made_by_instances


@pytest.mark.parametrize("dotted", sorted(name for name in _index().names if is_here(name)))
def test_blocking_calls_exist(dotted: str) -> None:
    owner, _, name = dotted.rpartition(".")
    if owner in MADE_UP or name in OTHER_VERSIONS.get(owner, ()):
        return
    found = load(owner)
    assert hasattr(found, name) or name in TYPES.get(owner, read_type("", "")).members
    assert callable(getattr(found, name, print))


def test_each_kind_has_a_rule_or_is_the_session() -> None:
    kinds = {kind for kind, _, _ in blocking.BLOCKING}
    assert kinds == {*blocking.CONFIGURED.values(), blocking.SESSION}


def test_look_ups() -> None:
    def kind(found: Blocking | None) -> str:
        return found.kind if found is not None else ""

    assert kind(blocking_name("requests.get")) == "blocking-http-call"
    assert kind(blocking_name("requests.codes")) == ""
    assert kind(blocking_name("stripe.checkout.Session.create")) == "blocking-network-client"
    assert kind(blocking_name("stripe.checkout.Session.create_async")) == ""
    assert kind(blocking_name("stripe.Webhook.construct_event")) == ""
    assert kind(blocking_name("sqlmodel.Session.get")) == "blocking-session"
    assert kind(blocking_member("sqlmodel.Session", "commit")) == "blocking-session"
    assert kind(blocking_member("sqlmodel.Session", "add")) == ""
    assert kind(blocking_member("openai.OpenAI", "chat.completions.create")) == "blocking-network-client"
    assert kind(blocking_member("openai.OpenAI", "close")) == ""
    assert kind(blocking_member("boto3.client", "upload_file")) == "blocking-network-client"
    assert kind(blocking_member("boto3.client", "generate_presigned_url")) == ""
    assert kind(blocking_member("boto3.client", "__iter__")) == ""
    assert kind(blocking_member("pathlib.Path", "exists")) == ""


def test_names_in_settings() -> None:
    settings = Settings({"a.b": "blocking-wait"}, frozenset({"c.d"}), frozenset({"requests.*", "os.system"}))
    assert settings.is_offloader("c.d")
    assert not settings.is_offloader("c.d.e")
    assert settings.allows("requests.get")
    assert settings.allows("requests.sessions.Session.get")
    assert not settings.allows("requests_cache.get")
    assert not settings.allows("os.popen")
    assert settings.key() != Settings().key()
