"""Settings from the environment, prefix ``RECSYS_``. Each field's description is its sentence."""

from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

__all__ = ["Settings"]


class Settings(BaseSettings):
    """Everything that can be set from outside; read once at the rim, passed inwards as values."""

    model_config = SettingsConfigDict(env_prefix="RECSYS_", extra="ignore")

    database_url: str = Field(
        default="sqlite:///recsys.db",
        description="SQLAlchemy URL of the store: sqlite:///FILE or postgresql+psycopg://…",
    )
    models_dir: Path = Field(
        default=Path("models"), description="Where bundles and the local MLflow database live."
    )
    clock: Literal["wall", "dataset"] = Field(
        default="wall",
        description="wall: real time; dataset: starts at the last event and runs at real speed.",
    )
    demo: bool = Field(
        default=False,
        description="Serve the page /portal, without keys: only for people who do not exist.",
    )
    lateness_hours: float = Field(
        default=48.0,
        gt=0,
        description="Events arriving later than this after they happened wait for a rebuild.",
    )
    feed_budget_ms: float = Field(
        default=200.0,
        gt=0,
        description="How long a feed waits for an engine that is in use; then everybody's feed is "
        "answered. A page of the intranet should not wait longer for one of its parts.",
    )
    segments: Path | None = Field(
        default=None,
        description="JSON file of the company's own segments for audience rules: {name: rule, …}; "
        "read at the start.",
    )
    slate: Path | None = Field(
        default=None,
        description="TOML file of the slate policy: rules in order, with their strengths.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line that is written to standard error."
    )
