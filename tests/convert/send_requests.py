"""Send requests to an application in this process, and print the answers as JSON.

Called with the name of the module that holds ``app``, and a file with a request a line: method, path, body.
"""

import asyncio
import importlib
import json
import sys
from pathlib import Path

import httpx


async def send_all(module: str, requests: list[str]) -> list[tuple[str, int, str]]:
    app = importlib.import_module(module).app
    answers = []
    async with app.router.lifespan_context(app):
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
            for request in requests:
                method, url, body = (*request.split(" ", 2), "")[:3]
                answer = await client.request(method, url, json=json.loads(body) if body else None)
                answers.append((request, answer.status_code, answer.text))
    return answers


if __name__ == "__main__":
    print(json.dumps(asyncio.run(send_all(sys.argv[1], Path(sys.argv[2]).read_text().splitlines()))))
