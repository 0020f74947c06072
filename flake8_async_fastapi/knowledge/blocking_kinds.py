"""Common parts of the tables of blocking calls: the kind of each call, and advice that many share."""

from __future__ import annotations

from typing import Final

HTTP: Final = "blocking-http-call"
DATABASE: Final = "blocking-database-call"
SLEEP: Final = "blocking-sleep"
SUBPROCESS: Final = "blocking-subprocess"
FILE: Final = "blocking-file-io"
NETWORK: Final = "blocking-network-client"
CPU: Final = "cpu-bound-call"
WAIT: Final = "blocking-wait"

THREAD: Final = "run_in_threadpool"
TWIN: Final = f"the library's async client or {THREAD}"
