"""Settings, read once from the environment (`BLOG_...`) or from `.env`."""

from functools import lru_cache
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="BLOG_", env_file=".env", extra="ignore")

    site_name: str = "Loop & Session"
    database_url: str = "sqlite:///./blog.db"
    reports_database_url: str = "sqlite:///./blog.db"
    secret_key: SecretStr = SecretStr("change-me")
    password_rounds: int = 12
    seed_demo_content: bool = True

    media_root: Path = Path("media")
    moderators: list[str] = ["ada"]

    # Nothing leaves the machine unless these are set.
    preview_base_url: str | None = None
    webhook_url: str | None = None
    webhook_attempts: int = 3
    webhook_pause: float = 0.5
    smtp_host: str | None = None
    smtp_port: int = 25

    version_command: list[str] = ["git", "rev-parse", "--short", "HEAD"]
    beta_api: bool = False
    labs_api: bool = False


@lru_cache
def get_settings() -> Settings:
    return Settings()
