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
def preview(path: str, client: HttpClientDep, settings: SettingsDep) -> dict[str, str | None]:
    return {"title": fetch_title(client, preview_url(settings.preview_base_url, path))}


@router.post("/check-link")
def check_link(payload: dict[str, str], client: HttpClientDep, settings: SettingsDep) -> dict[str, bool]:
    return {"reachable": is_reachable(client, preview_url(settings.preview_base_url, payload["path"]))}


@router.get("/reachable")
def reachable(path: str, client: HttpClientDep, settings: SettingsDep) -> bool:
    return is_reachable(client, preview_url(settings.preview_base_url, path))


@router.post("/ping-webhook")
def ping_webhook(client: HttpClientDep, settings: SettingsDep) -> dict[str, bool]:
    if settings.webhook_url is None:
        return {"delivered": False}
    return {"delivered": webhooks.deliver(client, settings.webhook_url, {"ping": True})}


@router.post("/import", status_code=status.HTTP_201_CREATED)
def import_posts(file: UploadFile, user: CurrentUser, service: PostServiceDep) -> dict[str, int]:
    rows = json.load(file.file)
    for row in rows:
        service.create(user, PostCreate.model_validate(row))
    return {"imported": len(rows)}


@router.get("/version")
def version(settings: SettingsDep) -> dict[str, str]:
    output = subprocess.check_output(settings.version_command)
    return {"version": output.decode().strip()}


@router.get("/health")
def health(request: Request) -> dict[str, str]:
    return {"started": request.app.state.started_at.isoformat()}
