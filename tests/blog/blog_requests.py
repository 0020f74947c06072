"""Requests that reach every route of the blog, and what is the same of two answers to one of them."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

import httpx
from blog_harness import Blog

PICTURE = {"picture": ("me.png", b"a picture", "image/png")}
NEW_POST = {"title": "On loops", "body": "Round and round.", "tags": ["python", "loops"]}
NEW_USER = {"username": "barbara", "email": "barbara@example.org", "password": "long enough"}
IMPORTED = json.dumps([{"title": "From a file", "body": "Hello.", "tags": ["files", "python"]}]).encode()

VARYING = (
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(\+00:00)?"), "<time>"),
    (re.compile(r"[0-9a-f]{32}\.png"), "<picture>"),
    (re.compile(r"\(edited \d\d:\d\d\)"), "<edited>"),
)


@dataclass(frozen=True)
class Request:
    """One request, by whom it is sent, and its body."""

    method: str
    url: str
    user: str = ""
    body: dict[str, Any] = field(default_factory=dict)


def get(url: str, user: str = "", **body: Any) -> Request:
    return Request("GET", url, user, body)


def post(url: str, user: str = "", **body: Any) -> Request:
    return Request("POST", url, user, body)


def put(url: str, user: str = "", **body: Any) -> Request:
    return Request("PUT", url, user, body)


def delete(url: str, user: str = "") -> Request:
    return Request("DELETE", url, user)


REQUESTS = (
    *(get(url) for url in ("/", "/login", "/register", "/tags", "/write", "/posts/1", "/posts/99")),
    *(get(url) for url in ("/authors/ada", "/authors/nobody", "/tags/python", "/static/style.css")),
    get("/write", "ada"),
    post("/write", "ada", data={"title": "By hand", "body": "With a form.", "tags": "forms python"}),
    post("/write", data={"title": "By nobody", "body": "."}),
    get("/posts/4", "ada"),
    post("/posts/1/comments", "grace", data={"text": "On a page."}),
    get("/posts/1"),
    post("/register", data={"username": "edsger", "email": "e@example.org", "password": "long enough"}),
    post("/register", data={"username": "edsger", "email": "e2@example.org", "password": "long enough"}),
    post("/register", data={"username": "x", "email": "y", "password": "z"}),
    post("/login", data={"username": "ada", "password": "correct horse"}),
    post("/login", data={"username": "ada", "password": "wrong"}),
    post("/logout"),
    get("/widgets/headline"),
    *(get(f"/api/posts{url}") for url in ("", "/search?q=greenlet", "/search?q=", "/tagged/python", "/feed")),
    *(get(f"/api/posts{url}") for url in ("/titles.txt", "/count", "/1", "/99", "/1/summary", "/1/related")),
    *(get(f"/api/posts{url}") for url in ("/2/announcement", "/1/reviewer", "/3/reviewer", "/x")),
    post("/api/posts", "ada", json=NEW_POST),
    post("/api/posts", "ada", json={}),
    Request("PATCH", "/api/posts/1", "ada", {"json": {"title": "What greenlets are for"}}),
    Request("PATCH", "/api/posts/1", "grace", {"json": {"title": "Mine"}}),
    put("/api/posts/1/title?title=Greenlets", "ada"),
    put("/api/posts/1/tags", "ada", json={"names": ["asyncio", "new"]}),
    post("/api/posts/1/tags/extra", "ada"),
    post("/api/posts/3/publish", "ada"),
    get("/api/posts/1"),
    delete("/api/posts/2", "ada"),
    get("/api/posts/2"),
    get("/api/posts/1/comments"),
    get("/api/posts/1/comments/count"),
    get("/api/posts/1/commenters"),
    get("/api/posts/99/commenters"),
    post("/api/posts/1/comments", "linus", json={"text": "By the way."}),
    put("/api/comments/1", "linus", json={"text": "Edited."}),
    put("/api/comments/1", "grace", json={"text": "Not mine."}),
    delete("/api/comments/1", "ada"),
    delete("/api/comments/1", "ada"),
    post("/api/users", json=NEW_USER),
    post("/api/users", json=NEW_USER),
    post("/api/users/login", json={"username": "ada", "password": "wrong"}),
    get("/api/users/email-taken?email=ada@example.org"),
    get("/api/users/email-taken?email=nobody@example.org"),
    get("/api/users/by-email?email=ada@example.org"),
    get("/api/users/me/logins", "ada"),
    get("/api/users/me/logins"),
    put("/api/users/me/email?email=ada@example.com", "ada"),
    put("/api/users/me/email?email=grace@example.org", "ada"),
    put("/api/users/me/avatar", "ada", files=PICTURE),
    put("/api/users/me/avatar", "ada", files={"picture": ("me.txt", b"no picture")}),
    put("/api/users/me/banner", "ada", files=PICTURE),
    get("/api/users/grace/bio"),
    *(get(f"/api/tags{url}") for url in ("", "/names", "/count")),
    post("/api/tags?name=fresh", "ada"),
    post("/api/tags/bulk", "ada", json={"names": ["one", "two"]}),
    delete("/api/tags/fresh", "ada"),
    delete("/api/tags/fresh", "ada"),
    *(get(f"/api/admin/{url}", "ada") for url in ("statistics", "headline", "views", "last-comment")),
    get("/api/admin/statistics", "grace"),
    get("/api/admin/comments/export", "ada"),
    get("/api/admin/comments/longest", "ada"),
    post("/api/admin/posts/1/hand-over/grace", "ada"),
    post("/api/admin/posts/1/hand-over/nobody", "ada"),
    post("/api/admin/tidy-tags", "ada"),
    post("/api/admin/tables", "ada"),
    post("/api/admin/users/linus/block", "ada"),
    post("/api/admin/users/nobody/block", "ada"),
    post("/api/admin/users/linus/hide-comments", "ada"),
    put("/api/comments/2", "linus", json={"text": "Blocked."}),
    delete("/api/admin/audit-log", "ada"),
    get("/api/tools/preview?path=x"),
    get("/api/tools/reachable?path=x"),
    post("/api/tools/check-link", json={"path": "x"}),
    post("/api/tools/ping-webhook"),
    post("/api/tools/import", "ada", files={"file": ("posts.json", IMPORTED)}),
    get("/api/tools/health"),
    *(get(f"/api/reports/{url}") for url in ("posts-by-author", "comments", "tags")),
    get("/api/ticker/posts"),
    post("/api/ticker/log"),
    get("/api/ticker/words.txt?text=one two"),
    *(get(f"/api/beta/{url}") for url in ("drafts", "latest", "reactions", "summary", "tags/new", "tags/no")),
    *(get(f"/api/beta/tags/{name}/posts") for name in ("no", "python")),
    get("/api/beta/reachable?url=http://127.0.0.1:9/"),
    post("/api/beta/tags/wild"),
    post("/api/beta/tags/wild"),
    put("/api/beta/tags/wild?new=tame"),
    put("/api/beta/tags/tame?new=wild"),
    put("/api/beta/tags/wild/other-names?new=free"),
    put("/api/beta/tags/wild/other-names?new=untamed"),
    delete("/api/beta/tags/wild"),
    delete("/api/beta/tags/wild"),
    get("/api/labs/word-count"),
    post("/api/beta/views?path=/x"),
    get("/api/trends/views"),
)


@dataclass(frozen=True)
class Answer:
    """What an answer says, without what no two answers have in common."""

    status: int
    body: str
    location: str


async def answers_of(blog: Blog) -> list[tuple[Request, Answer]]:
    """Send all requests, one after the other, and give the answers."""
    tokens: dict[str, str] = {}
    found = []
    for request in REQUESTS:
        headers = {}
        if request.user:
            if request.user not in tokens:
                tokens[request.user] = await token_of(blog.client, request.user)
            headers["Authorization"] = f"Bearer {tokens[request.user]}"
        blog.client.cookies.clear()
        try:
            answer = await blog.client.request(request.method, request.url, headers=headers, **request.body)
        except Exception as error:  # a server would answer 500
            found.append((request, Answer(500, type(error).__name__, "")))
        else:
            found.append((request, answer_of(answer)))
    return found


async def token_of(client: httpx.AsyncClient, username: str) -> str:
    body = {"username": username, "password": "correct horse"}
    token: str = (await client.post("/api/users/login", json=body)).json()["access_token"]
    return token


def answer_of(response: httpx.Response) -> Answer:
    text = response.text
    for pattern, instead in VARYING:
        text = pattern.sub(instead, text)
    return Answer(response.status_code, text, response.headers.get("location", ""))
