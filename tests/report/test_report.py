"""The report on routes, in the terminal and as a page."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from server.projects import REPOSITORY, ROUTES, write_project

from flake8_async_fastapi import cli

NAMES = (os.environ.get("CHROMIUM", "chromium"), "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
MAIN = """
from fastapi import FastAPI

from app.routes import router

app = FastAPI()
app.include_router(router, prefix="/api")
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An application whose query does not load what the response reads, and a call that blocks."""
    root = write_project(tmp_path / "shop")
    (root / "app/main.py").write_text(MAIN)
    (root / "app/repository.py").write_text(REPOSITORY.replace(".options(selectinload(Post.author))", ""))
    routes = ROUTES.replace("APIRouter()", 'APIRouter(prefix="/posts")')
    slow = "    time.sleep(1)\n    await session.commit()\n"
    routes = routes.replace("    return post", f"{slow}    return post")
    more = '\n\n@router.get("/<b>ping")\nasync def ping():\n    return "<i>pong</i>"\n'
    (root / "app/routes.py").write_text(routes + more)
    monkeypatch.chdir(root)
    monkeypatch.setenv("FLAKE8_ASYNC_FASTAPI_CACHE_DIR", "off")
    return root


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    def run(*arguments: str) -> str:
        monkeypatch.setattr("sys.argv", ["flake8-async-fastapi", "report", *arguments])
        assert cli.main(["report", *arguments]) == 0
        return capsys.readouterr().out

    return run


def test_routes_in_the_terminal(project: Path, run: Callable[..., str]) -> None:
    out = run("--route", "newest")
    assert out.startswith("GET /api/posts/newest\n  read_newest  app/routes.py:29\n")
    assert "  PostRead reads\n    Post.author  NOT LOADED (query at app/repository.py:10)\n" in out
    sessions = out[out.index("  sessions") : out.index("  findings")]
    steps = re.findall(r"^    (\S+)  (\S+)(.*)$", sessions, re.M)
    assert steps == [
        ("session.scalars(...)", "app/repository.py:11", " in newest"),
        ("session.commit()", "app/routes.py:32", ""),
    ]
    assert re.findall(r"^    (AFA\d+) line (\d+)", out, re.M) == [("AFA203", "31"), ("AFA303", "33")]
    assert out.endswith("1 route, 1 read of unloaded attributes, 1 blocking call\n")


def test_what_a_query_loads_is_not_missing(project: Path, run: Callable[..., str]) -> None:
    (project / "app/repository.py").write_text(REPOSITORY)
    assert "    Post.author  loaded (query at app/repository.py:10)\n" in run("app")


class Page(HTMLParser):
    """What a page loads, and whether its tags are balanced."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.loads += [str(value) for name, value in attributes if name in ("src", "href", "action")]
        if tag not in ("meta", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_loads_nothing(project: Path, run: Callable[..., str]) -> None:
    assert run("-o", "report.html") == "2 routes written to report.html\n"
    text = (project / "report.html").read_text(encoding="utf-8")
    page = Page()
    page.feed(text)
    assert (page.open, page.loads) == ([], [])
    assert "/api/posts/&lt;b&gt;ping" in text and "<b>ping" not in text
    assert "url(" not in text and "@import" not in text


def test_a_file_that_cannot_be_written(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["report", "-o", "not/there.html"]) == 2
    assert "not/there.html cannot be written" in capsys.readouterr().err


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api", reason="the browser test needs playwright")
    if CHROMIUM is None:
        pytest.skip("the browser test needs Chromium")
    switches = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]
    with playwright.sync_playwright() as driver:
        environment = {**os.environ, "HOME": str(tmp_path)}
        browser = driver.chromium.launch(executable_path=CHROMIUM, args=switches, env=environment)
        yield browser
        browser.close()


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1100])
def test_the_page_in_a_browser(
    project: Path, run: Callable[..., str], browser: Any, scheme: str, width: int
) -> None:
    run("-o", "report.html")
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    requests: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.goto((project / "report.html").as_uri())
    routes = page.locator("main > details")
    assert page.inner_text("#count") == "2 of 2 routes"
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.check("#missing")
    assert page.inner_text("#count") == "1 of 2 routes"
    names = routes.locator("visible=true").locator("summary strong").all_inner_texts()
    assert names == ["GET /api/posts/newest"]
    edge = routes.locator(".edge.missing")
    assert not edge.is_visible()
    page.check("#open")
    assert edge.is_visible()
    colour = edge.locator(".wire").evaluate("e => getComputedStyle(e).color")
    red, green, blue = map(int, re.findall(r"\d+", colour))
    assert red > green + 60 and red > blue + 60
    is_dark = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(13, 17, 23)"
    assert is_dark == (scheme == "dark")

    page.uncheck("#missing")
    page.fill("#text", "PING nothing")
    assert page.inner_text("#count") == "0 of 2 routes"
    page.fill("#text", "ping")
    assert page.inner_text("#count") == "1 of 2 routes"
    assert (problems, requests) == ([], [(project / "report.html").as_uri()])
