"""Keep it well: what `talkbase doctor` looks at, and what a person should do about it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from talkbase.domain.results import Results
from talkbase.errors import TalkbaseError
from talkbase.queries import health

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase
    from talkbase.db.session import Database

Verdict = Literal["ok", "warning", "problem"]

LITTLE_SPACE, NO_SPACE = 2_000_000_000, 200_000_000
"""Bytes free below which the doctor warns, and below which work will fail: an hour of sound takes 115 MB to analyse."""
LONG_WAIT = 3600.0
"""Seconds that a job may wait while no worker is there before the doctor says so."""

_DEFAULT_PASSWORDS = frozenset({
    "postgres", "password", "changeme", "change_me", "secret", "admin", "root", "test", "talkbase", "1234", "123456",
    "example", "mysecretpassword",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at, what was found, and where it is not well what to do."""

    name: str
    verdict: Verdict
    found: str
    hint: str | None = None


def doctor(tb: Talkbase) -> Results[Check]:
    """Look at everything that talkbase rests on: server, schema, security, jobs, files, models, disk, plugins.

    Changes nothing. A check that cannot be made is a problem with the reason; the others go on.
    """
    return Results(
        check
        for look in (_database, _media, _disk, _models, _runtimes, _plugins)
        for check in _looked(look, tb)
    )  # fmt: skip


def _looked(look: Callable[[Talkbase], Iterator[Check]], tb: Talkbase) -> list[Check]:
    checks = []
    try:
        for check in look(tb):
            checks.append(check)  # one by one: what was found before an error stays
    except TalkbaseError as error:
        checks.append(Check(look.__name__.strip("_"), "problem", error.message, error.hint))
    return checks


def _database(tb: Talkbase) -> Iterator[Check]:
    from talkbase.db import migrate
    from talkbase.db.connect import unchecked_database
    from talkbase.db.diagnose import check_server
    from talkbase.db.session import Reading

    with unchecked_database(tb.settings) as database, database.as_owner() as connection:
        state = migrate.state(connection)
        check_server(state.server_version, state.vector)
        where = "embedded" if database.server else database.url.redacted
        yield Check("server", "ok", f"PostgreSQL {_dotted(state.server_version)}, {where}")
        yield Check("extensions", "ok", f"pgvector {state.vector}")
        yield from _access(database, superuser=Reading(connection).value(_SUPERUSER), encrypted=_encrypted(connection))
        if database.server and state.revision is None:
            migrate.upgrade(connection)  # the embedded one gets its schema at the first use, and this may be it
            state = migrate.state(connection)
        migrate.require_current(state)
        yield Check("schema", "ok", f"revision {state.revision}")
        yield from _tables(Reading(connection))


_SUPERUSER = "SELECT rolsuper FROM pg_roles WHERE rolname = current_user"


def _encrypted(connection: object) -> bool:
    from talkbase.db.session import Reading

    asked = "SELECT coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false)"
    return bool(Reading(connection).value(asked))  # type: ignore[arg-type]


def _access(database: Database, *, superuser: bool, encrypted: bool) -> Iterator[Check]:
    """How one logs in, where the server is not talkbase's own."""
    if database.server:
        return
    url = database.url
    if superuser:
        yield Check(
            "login", "warning", f"The login {url.user} is a superuser: row security does not hold it back.",
            "Use a login of its own that only owns this database; `talkbase db create` prints how.",
        )  # fmt: skip
    if url.password is not None and (url.password.lower() in _DEFAULT_PASSWORDS or url.password == url.user):
        yield Check("password", "warning", "The password is one that everybody tries first.", "Choose another one.")
    if not url.is_local and not encrypted:
        yield Check(
            "encryption", "warning", f"The connection to {url.host} is not encrypted.",
            "Add sslmode=require (better verify-full) to DATABASE_URL.",
        )  # fmt: skip
    if not superuser and (url.is_local or encrypted):
        yield Check("login", "ok", f"{url.user}, no superuser{', encrypted' if encrypted else ''}")


def _tables(reading: object) -> Iterator[Check]:
    from talkbase.db.queue import STALLED

    facts = health.facts(reading)  # type: ignore[arg-type]
    yield _row_security(facts)
    yield _partitions(facts)
    yield from _work(health.work(reading, stalled=STALLED))  # type: ignore[arg-type]


def _row_security(facts: health.Facts) -> Check:
    if facts.unguarded:
        return Check(
            "row security", "problem", f"These tables show everything to everybody: {', '.join(facts.unguarded)}.",
            "ALTER TABLE … FORCE ROW LEVEL SECURITY, or restore the schema: `talkbase db check`.",
        )  # fmt: skip
    return Check("row security", "ok", "forced on every table")


def _partitions(facts: health.Facts) -> Check:
    missing = [str(year) for year in _years() if f"utterances_{year}" not in facts.partitions]
    if missing:
        return Check(
            "partitions", "warning", f"There is no partition for {', '.join(missing)}.",
            "`talkbase db upgrade` makes it.",
        )  # fmt: skip
    if facts.homeless:
        return Check(
            "partitions", "warning", f"{facts.homeless} utterances lie in the default partition.",
            "Their keys belong to years without a partition of their own; searching them is slower, nothing is lost.",
        )  # fmt: skip
    return Check("partitions", "ok", f"{len(facts.partitions)}, made ahead, the default one is empty")


def _years() -> tuple[int, int]:
    this = datetime.now(UTC).year
    return this, this + 1


def _work(work: health.Work) -> Iterator[Check]:
    if work.stalled:
        yield Check(
            "jobs", "warning", f"Nobody carries on job {', '.join(map(str, work.stalled))}: the worker was ended.",
            "Start `talkbase worker`: it takes the job up again.",
        )  # fmt: skip
    elif work.waiting and not work.workers and work.oldest_waiting > LONG_WAIT:
        yield Check(
            "jobs", "warning", f"{work.waiting} jobs wait, the oldest for {work.oldest_waiting / 3600:.0f} hours, and "
            "there is no worker.", "Start `talkbase worker`.",
        )  # fmt: skip
    elif work.failed_jobs:
        yield Check("jobs", "warning", f"{work.failed_jobs} jobs failed.", "`talkbase jobs list --status failed`")
    else:
        yield Check("jobs", "ok", f"{work.waiting} waiting, {work.running} running, workers: {work.workers}")
    if work.abandoned:
        yield Check(
            "analyses", "warning", f"Interrupted and not carried on: {'; '.join(work.abandoned[:5])}.",
            "`talkbase analyze ID` goes on where it stopped.",
        )  # fmt: skip
    else:
        yield Check("analyses", "ok", f"{work.failed} failed" if work.failed else "none interrupted, none failed")


def _media(tb: Talkbase) -> Iterator[Check]:
    from talkbase.db.session import Reading

    with tb.database.as_owner() as connection:
        # First the files, then the rows: what is added meanwhile has its row and counts as neither.
        stored = set(tb.store.digests())
        named = health.media(Reading(connection))
    missing, orphans = named - stored, stored - named
    if missing:
        yield Check(
            "recordings", "problem", f"{len(missing)} of {len(named)} files are not in the store: "
            f"{', '.join(sorted(digest[:12] for digest in missing)[:5])}.",
            "Restore them from a backup, or add the recordings again with --again and delete the old ones.",
        )  # fmt: skip
    elif orphans:
        yield Check(
            "recordings", "warning", f"{len(orphans)} files in the store belong to no conversation: "
            f"{', '.join(sorted(digest[:12] for digest in orphans)[:5])}.",
            "They are left over from an interrupted `add`; adding the same file again takes them up.",
        )  # fmt: skip
    else:
        yield Check("recordings", "ok", f"{len(named)} files, each where its row says")


def _disk(tb: Talkbase) -> Iterator[Check]:
    folders = {"home": tb.settings.home, "models": tb.settings.models}
    if tb.settings.media_store and "://" not in tb.settings.media_store:
        folders["recordings"] = Path(tb.settings.media_store)
    for name, folder in folders.items():
        free = shutil.disk_usage(_existing(folder)).free
        verdict: Verdict = "problem" if free < NO_SPACE else "warning" if free < LITTLE_SPACE else "ok"
        hint = None if verdict == "ok" else "Free some space, or move it to a larger disk."
        yield Check(f"disk: {name}", verdict, f"{free / 1e9:,.1f} GB free in {folder}", hint)


def _existing(folder: Path) -> Path:
    return next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())


def _models(tb: Talkbase) -> Iterator[Check]:
    from talkbase.actions.models import in_use
    from talkbase.engines import weights

    for name in in_use(tb):
        states = {check.state for check in weights.verify(name)}
        fetch = f"`talkbase models fetch {name}`"
        if "damaged" in states:
            yield Check(f"model: {name}", "problem", "damaged: its hash is not that of its card", fetch)
        elif "missing" in states:
            yield Check(f"model: {name}", "warning", "not here; it is fetched when first needed", fetch)
        else:
            yield Check(f"model: {name}", "ok", "whole: every hash is that of its card")


def _runtimes(tb: Talkbase) -> Iterator[Check]:
    needed = {"speech": ("faster_whisper", "onnxruntime", "kaldi_native_fbank"), "text": ("onnxruntime", "tokenizers")}
    for extra, modules in needed.items():
        missing = [module for module in modules if find_spec(module) is None]
        if missing:
            hint = f"pip install 'talkbase[{extra}]'"
            yield Check(f"extra: {extra}", "warning", f"not installed ({', '.join(missing)})", hint)
        else:
            yield Check(f"extra: {extra}", "ok", "installed")


def _plugins(tb: Talkbase) -> Iterator[Check]:
    from talkbase.plugins import KINDS, discover

    broken = [(kind, plugin) for kind in KINDS if _has(kind) for plugin in discover(kind).broken]
    for kind, plugin in broken:
        yield Check(
            f"plugin: {plugin.name}", "warning", f"skipped, of the {kind}: {plugin.reason}",
            "Update or uninstall the package that brings it.",
        )  # fmt: skip
    if not broken:
        yield Check("plugins", "ok", "all can be loaded")


def _has(kind: str) -> bool:
    from talkbase.plugins import KINDS

    return find_spec(KINDS[kind].package) is not None


def _dotted(version: int) -> str:
    return f"{version // 10000}.{version % 10000}"
