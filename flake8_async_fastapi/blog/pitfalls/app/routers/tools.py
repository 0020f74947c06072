"""Small services for the editor: link previews, a version, an import."""

import json
import subprocess

from fastapi import APIRouter, HTTPException, Request, UploadFile, status

from app.dependencies import CurrentUser, HttpClientDep, PostServiceDep, SettingsDep
from app.schemas import PostCreate
from app.services import webhooks
from app.services.link_preview import fetch_title, is_reachable

router = APIRouter(prefix="/api/tools", tags=["tools"])


def preview_url(base: str | None, path: str) -> str:
    if base is None:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, "no preview site is configured")
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


@router.get("/preview")
async def preview(path: str, settings: SettingsDep) -> dict[str, str | None]:
    return {"title": fetch_title(preview_url(settings.preview_base_url, path))}  # AFA201


@router.post("/check-link")
async def check_link(request: Request, client: HttpClientDep, settings: SettingsDep) -> dict[str, bool]:
    payload = request.json()  # AFA105
    return {"reachable": await is_reachable(client, preview_url(settings.preview_base_url, payload["path"]))}


@router.get("/reachable")
async def reachable(path: str, client: HttpClientDep, settings: SettingsDep) -> bool:
    return await is_reachable(client, preview_url(settings.preview_base_url, path))


@router.post("/ping-webhook")
async def ping_webhook(settings: SettingsDep) -> dict[str, bool]:
    if settings.webhook_url is None:
        return {"delivered": False}
    return {"delivered": await webhooks.deliver(settings.webhook_url, {"ping": True})}


@router.post("/import", status_code=status.HTTP_201_CREATED)
async def import_posts(file: UploadFile, user: CurrentUser, service: PostServiceDep) -> dict[str, int]:
    content = file.read()  # AFA105
    rows = json.loads(content)
    for row in rows:
        await service.create(user, PostCreate.model_validate(row))
    return {"imported": len(rows)}


@router.get("/version")
async def version(settings: SettingsDep) -> dict[str, str]:
    finished = subprocess.run(settings.version_command, stdout=subprocess.PIPE)  # AFA204
    return {"version": finished.stdout.decode().strip()}


@router.get("/health")
async def health(request: Request) -> dict[str, str]:
    return {"started": request.app.state.started_at.isoformat()}
