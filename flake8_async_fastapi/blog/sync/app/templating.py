"""The template environment, with the filters that the pages use."""

from datetime import datetime
from pathlib import Path

from fastapi.templating import Jinja2Templates

from app.config import get_settings

templates = Jinja2Templates(directory=Path(__file__).parent / "templates")
templates.env.globals["site_name"] = get_settings().site_name


def day(value: datetime) -> str:
    return value.strftime("%d %B %Y")


templates.env.filters["day"] = day
