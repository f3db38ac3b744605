"""Settings from the environment, prefix ``RECSYS_``. Each field's description is its sentence."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

__all__ = ["Settings"]

Origin = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s*]+$")]
"""Scheme, host and port, as browsers send it: without a path, a slash at the end or a wildcard."""


WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s<>\"]+$")]


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
    token_minutes: int = Field(
        default=15,
        ge=1,
        le=1440,
        description="Minutes an employee's token is valid; it cannot be revoked, so a day at most.",
    )
    key_requests_per_second: float = Field(
        default=2000.0,
        ge=0,
        description="Requests a key may send to one process, two seconds' worth at once; 0: any.",
    )
    token_requests_per_second: float = Field(
        default=20.0,
        ge=0,
        description="The same for all tokens of an employee together.",
    )
    cors_origins: Annotated[tuple[Origin, ...], NoDecode] = Field(
        default=(),
        description="Sites whose pages may call the API from a browser, separated by commas: "
        "https://portal.example.com,…",
    )
    public_url: WebAddress = Field(
        default="http://127.0.0.1:8000",
        description="Where this server is reached from people's mail programs; links in mails "
        "begin with it.",
    )
    portal_url: WebAddress | Literal[""] = Field(
        default="",
        description="The intranet portal: relative addresses of renditions are relative to it.",
    )
    story_url: str = Field(
        default="",
        description="Where a story is whose rendition has no url; {content_id} and {rendition_id} "
        "stand for its ids.",
    )
    mail_from: str = Field(
        default="", description="Sender of newsletters: News <news@example.com>, or the address."
    )
    mail_reply_to: str = Field(
        default="", description="Where answers to newsletters go; default: to the sender."
    )
    mail_timezone: str = Field(
        default="UTC", description="Where the days in mails begin: Asia/Tokyo …"
    )
    smtp_host: str = Field(default="localhost", description="The company's mail server.")
    smtp_port: int = Field(
        default=587, ge=1, le=65535, description="587 with starttls, 465 with tls, 25 with none."
    )
    smtp_security: Literal["starttls", "tls", "none"] = Field(
        default="starttls",
        description="How the way to the mail server is encrypted; none: only for a relay on this "
        "machine or in a network of its own, and never with a password.",
    )
    smtp_user: str = Field(default="", description="Login at the mail server, if it wants one.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Password of that login.")
    smtp_connections: int = Field(
        default=4, ge=1, le=32, description="Connections to the mail server at the same time."
    )
    smtp_per_minute: float = Field(
        default=1200.0,
        gt=0,
        description="Mails a minute on all connections together; ask what the server allows.",
    )
    log_format: Literal["auto", "text", "json"] = Field(
        default="auto",
        description="Log lines as text or one JSON object each; auto: text on a terminal only.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least severe log line that is written to standard error."
    )

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split(cls, given: object) -> object:
        """Take the commas of an environment variable apart."""
        if not isinstance(given, str):
            return given
        return [origin.strip() for origin in given.split(",") if origin.strip()]
