"""Settings: `TALKBASE_*` variables, `.env`, `talkbase.toml`. The only module that reads the environment.

Every setting has a default that works; none has to be set. `docs/reference/settings.md` is generated from the
descriptions here. Secrets are `SecretStr`, so that no log, error or repr shows them.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

from platformdirs import user_cache_path, user_data_path
from pydantic import AliasChoices, Field, SecretStr
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from talkbase.errors import UsageError

Profile = Literal["fast", "balanced", "accurate"]


def _default_home() -> Path:
    # PostgreSQL refuses to run as root, and its own user cannot enter /root: so root's data lives where both can go.
    return Path("/var/lib/talkbase") if os.name == "posix" and os.geteuid() == 0 else user_data_path("talkbase")


def _default_models() -> Path:
    return user_cache_path("talkbase") / "models"


class Settings(BaseSettings):
    """talkbase's settings: from the environment, `.env`, `talkbase.toml` here, and the one in the home folder."""

    model_config = SettingsConfigDict(
        env_prefix="TALKBASE_", env_file=".env", env_ignore_empty=True, extra="ignore", populate_by_name=True
    )

    home: Path = Field(
        default_factory=_default_home,
        description="Folder of the embedded database, the stored media and the logs.",
    )
    models: Path = Field(default_factory=_default_models, description="Folder in which fetched model weights are kept.")
    media_store: str | None = Field(
        default=None,
        description="Where recordings are stored: a folder or an fsspec URL such as s3://bucket/prefix; "
        "default `<home>/media`.",
    )
    database_url: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("TALKBASE_DATABASE_URL", "DATABASE_URL"),
        description="PostgreSQL to use instead of the embedded one: postgresql://user:password@host:5432/database.",
    )
    database_pool_min: int = Field(
        default=1,
        ge=0,
        validation_alias=AliasChoices("TALKBASE_DATABASE_POOL_MIN", "DATABASE_POOL_MIN_SIZE"),
        description="Connections kept open at least. Low traffic 1, high traffic 5.",
    )
    database_pool_size: int = Field(
        default=5,
        ge=1,
        validation_alias=AliasChoices(
            "TALKBASE_DATABASE_POOL_SIZE", "DATABASE_POOL_SIZE", "DB_POOL_MAX_SIZE", "DATABASE_POOL_MAX_SIZE"
        ),
        description="Connections kept in the pool at most. Low traffic 5, high traffic 20.",
    )
    database_max_overflow: int = Field(
        default=10,
        ge=0,
        validation_alias=AliasChoices("TALKBASE_DATABASE_MAX_OVERFLOW", "DATABASE_MAX_OVERFLOW"),
        description="Connections beyond the pool's size under load. Low traffic 10, high traffic 40.",
    )
    database_pool_recycle: int = Field(
        default=3600,
        ge=1,
        validation_alias=AliasChoices("TALKBASE_DATABASE_POOL_RECYCLE", "DATABASE_POOL_RECYCLE"),
        description="Seconds after which a pooled connection is replaced. Behind a proxy that cuts connections: 1800.",
    )
    database_pool_pre_ping: bool = Field(
        default=True,
        validation_alias=AliasChoices("TALKBASE_DATABASE_POOL_PRE_PING", "DATABASE_POOL_PRE_PING"),
        description="Test a pooled connection before it is used.",
    )
    database_linger: float = Field(
        default=10.0,
        ge=0,
        description="Seconds that the embedded server stays up after the last process has left, so that the next "
        "command finds it warm.",
    )
    profile: Profile = Field(
        default="balanced", description="Models and beam width of the analysis: fast, balanced or accurate."
    )
    speech_model: str | None = Field(
        default=None,
        description="Model that transcribes, in place of the profile's; `talkbase models use NAME` sets it.",
    )
    voice_identity: bool = Field(
        default=False,
        description="Propose the same person where a voice occurs in several recordings. Off by default: voiceprints "
        "are personal data of a special kind (GDPR article 9), and at work comparing them is often forbidden. "
        "Turn it on only where the people recorded agreed.",
    )

    debug: bool = Field(
        default=False, description="Show the traceback of an unexpected error, which otherwise only the log gets."
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Add `talkbase.toml`, of the current folder and of the home folder, below the environment and `.env`."""
        above = init_settings, env_settings, dotenv_settings
        home = next((Path(found["home"]) for source in above if (found := source()).get("home")), None)
        files = [(home or _default_home()).expanduser() / TOML, Path(TOML)]  # a later file wins
        return *above, TomlConfigSettingsSource(settings_cls, toml_file=files)


TOML = "talkbase.toml"
"""Name of the file of settings."""


@cache
def settings() -> Settings:
    """The settings of this process, read once. Raises `UsageError`."""
    return load()


def load(**given: Any) -> Settings:
    """The settings, with these in place of what is set elsewhere.

    Raises `UsageError` that names what cannot be used, without showing its value, which may be secret.
    """
    from pydantic import ValidationError
    from pydantic_settings import SettingsError

    try:
        return Settings(**given)
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, part['loc']))}: {part['msg']}" for part in error.errors())
        raise UsageError(
            f"A setting cannot be used: {wrong}.", hint="docs/reference/settings.md names the values."
        ) from None
    except (SettingsError, ValueError) as error:  # a file that is no TOML
        raise UsageError(f"The settings cannot be read: {error}.", hint=f"Correct {TOML} or .env.") from None


def remember(home: Path, name: str, value: str | None) -> None:
    """Write a setting of text into `talkbase.toml` in the home folder, or with None take it out."""
    file = home / TOML
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    kept = [line for line in lines if line.partition("=")[0].strip() != name]
    # Above all else, since after a table's heading it would belong to the table. JSON's strings are TOML's as well.
    chosen = [] if value is None else [f"{name} = {json.dumps(value, ensure_ascii=False)}"]
    home.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join([*chosen, *kept, ""]), "utf-8")
    settings.cache_clear()


def environment(**more: str) -> Mapping[str, str]:
    """The environment of this process with more in it, for a program that talkbase starts."""
    return {**os.environ, **more}
