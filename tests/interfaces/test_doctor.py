"""`talkbase doctor` finds each fault that is planted here, and none where there is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.database import environment
from tests.interfaces.conftest import Cli

from talkbase.actions.add import add
from talkbase.actions.library import Talkbase
from talkbase.actions.maintain import Check, doctor
from talkbase.db.session import Database
from talkbase.domain.ids import uuid7


def found(tb: Talkbase, name: str) -> Check:
    """The check of this name."""
    return next(check for check in doctor(tb) if check.name == name)


def test_a_healthy_talkbase(cli: Cli, meeting: str, fits: Callable[[str, Any], None]) -> None:
    ran = cli("doctor", "--json")
    fits("doctor", ran.json)
    assert [check for check in ran.json["checks"] if check["verdict"] != "ok"] == []
    assert ran.code == 0
    assert ran.json["well"] is True
    shown = cli("doctor")
    assert shown.code == 0
    assert "PostgreSQL 18" in shown.out
    assert "whisper-base" in shown.out


def test_an_unhealthy_one_ends_with_one(database: Database, tb: Talkbase, samples: Path) -> None:
    with database.as_owner() as connection:
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
    ran = Cli(environment(database))("doctor", "--json")
    assert ran.code == 1
    assert ran.json["well"] is False
    wrong = {check["name"]: check for check in ran.json["checks"] if check["verdict"] == "problem"}
    assert set(wrong) == {"database", "media"}
    assert "talkbase db upgrade" in wrong["database"]["hint"]


def test_a_superuser_with_a_known_password(database: Database, tb: Talkbase) -> None:
    with database.as_owner() as connection:
        connection.execute("CREATE ROLE doctor_test LOGIN SUPERUSER PASSWORD 'changeme'")
    try:
        from dataclasses import replace

        known = replace(database.url, user="doctor_test", password="changeme")
        settings = tb.settings.model_copy(update={"database_url": _secret(known.conninfo)})
        with Talkbase(settings) as other:
            assert found(other, "login").verdict == "warning"
            assert "superuser" in found(other, "login").found
            assert found(other, "password").verdict == "warning"
    finally:
        with database.as_owner() as connection:
            connection.execute("DROP ROLE doctor_test")


def test_a_remote_server_without_encryption() -> None:
    from talkbase.actions.maintain import _access
    from talkbase.config import Settings
    from talkbase.db.url import parse

    remote = Database(parse("postgresql://me:a-long-one@db.example.org/talks"), Settings())
    (plain,) = _access(remote, superuser=False, encrypted=False)
    assert (plain.name, plain.verdict) == ("encryption", "warning")
    (good,) = _access(remote, superuser=False, encrypted=True)
    assert good.verdict == "ok"


def test_utterances_in_the_default_partition(external: Talkbase) -> None:
    from uuid import UUID

    assert found(external, "partitions").verdict == "ok"
    old = UUID("00000000-0001-7000-8000-000000000000")
    with external.database.writing() as writing:
        writing.insert("conversations", {"id": old, "owner_id": external.user, "title": "Old"})
        writing.insert("utterances", {"conversation_id": old, "id": uuid7(), "position": 0, "text": "From 1970."})
    check = found(external, "partitions")
    assert (check.verdict, check.found) == ("warning", "1 utterances lie in the default partition.")


def test_a_table_without_row_security(external: Talkbase) -> None:
    with external.database.as_owner() as connection:
        connection.execute("ALTER TABLE utterances NO FORCE ROW LEVEL SECURITY")
    check = found(external, "row security")
    assert check.verdict == "problem"
    assert "utterances" in check.found


def test_recordings_missing_and_left_over(external: Talkbase, samples: Path) -> None:
    added = add(external, samples / "formats" / "one_meeting.srt", queue=True)
    assert found(external, "recordings").verdict == "ok"
    (digest,) = external.store.digests()
    external.store.delete(digest)
    check = found(external, "recordings")
    assert (check.verdict, digest[:12] in check.found) == ("problem", True)
    external.store.put(samples / "formats" / "one_meeting.srt")
    external.store.put(samples / "formats" / "one_meeting.zoom.vtt")
    check = found(external, "recordings")
    assert check.verdict == "warning"
    assert "1 files" in check.found
    assert added.id


def test_jobs_that_nobody_carries_on(external: Talkbase, samples: Path) -> None:
    add(external, samples / "formats" / "one_meeting.srt", queue=True)
    assert found(external, "jobs").verdict == "ok"
    with external.database.as_owner() as connection:
        connection.execute("UPDATE procrastinate_events SET at = now() - interval '3 hours'")
    assert "the oldest for 3 hours" in found(external, "jobs").found
    with external.database.as_owner() as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'doing'")
    assert "the worker was ended" in found(external, "jobs").found
    with external.database.as_owner() as connection:
        connection.execute("UPDATE procrastinate_jobs SET status = 'failed'")
    assert found(external, "jobs").found == "1 jobs failed."


def test_an_analysis_that_was_interrupted(external: Talkbase, samples: Path) -> None:
    key = add(external, samples / "formats" / "one_meeting.srt", queue=True).id
    assert found(external, "analyses").verdict == "ok"
    with external.database.writing() as writing:
        writing.execute("UPDATE conversations SET status = 'processing' WHERE id = %(id)s", id=key)
    assert str(key) in found(external, "analyses").found
    with external.database.exclusive(f"analysis:{key}"):
        assert found(external, "analyses").verdict == "ok"


def test_a_model_that_is_missing_or_damaged(
    cli: Cli, scratch: Path, monkeypatch: pytest.MonkeyPatch, external: Talkbase
) -> None:
    from talkbase.config import settings

    monkeypatch.setenv("TALKBASE_MODELS", str(scratch / "models"))
    settings.cache_clear()
    try:
        assert found(external, "model: whisper-base").verdict == "warning"
        folder = scratch / "models" / "whisper-base"
        folder.mkdir(parents=True)
        (folder / "model.bin").write_bytes(b"not a model")
        assert found(external, "model: whisper-base").verdict == "problem"
        assert found(external, "model: community1-embedding").verdict == "ok"
    finally:
        settings.cache_clear()


def test_a_disk_that_is_nearly_full(external: Talkbase, monkeypatch: pytest.MonkeyPatch) -> None:
    for free, verdict in ((3e9, "ok"), (1e9, "warning"), (1e8, "problem")):
        monkeypatch.setattr("shutil.disk_usage", lambda _, free=free: type("Usage", (), {"free": free}))
        assert found(external, "disk: home").verdict == verdict


@pytest.fixture
def external(database: Database, tb: Talkbase) -> Talkbase:
    """talkbase over a database of its own that is reached by URL, as the doctor opens it anew."""
    settings = tb.settings.model_copy(update={"database_url": _secret(database.url.conninfo)})
    return Talkbase(settings, database=database)


def _secret(text: str) -> Any:
    from pydantic import SecretStr

    return SecretStr(text)
