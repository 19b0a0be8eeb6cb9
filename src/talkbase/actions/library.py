"""The Python library: `tb = talkbase.open()` and the verbs, the same as on the command line."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from talkbase.actions.add import add, add_all
from talkbase.actions.analyze import analyze
from talkbase.actions.browse import conversations, jobs, runs, show, status
from talkbase.actions.correct import rename, rename_speaker
from talkbase.actions.evaluate import evaluate_retrieval
from talkbase.actions.export import export
from talkbase.actions.forget import delete
from talkbase.actions.identity import people, proposals, resolve_proposal
from talkbase.actions.maintain import doctor
from talkbase.actions.models import fetch_models, models, use_model, verify_models
from talkbase.actions.search import search
from talkbase.actions.work import cancel_job, enqueue, retry_job

if TYPE_CHECKING:
    from uuid import UUID

    from talkbase.config import Settings
    from talkbase.db.session import Database
    from talkbase.media.store import Store


class Talkbase:
    """An open talkbase: its database, its media store and the user on whose behalf it works.

    Opens its database when first needed. Close it, or use it as a context manager, so that the embedded server can
    stop.
    """

    def __init__(self, settings: Settings, *, user: UUID | None = None, database: Database | None = None) -> None:
        self.settings = settings
        self._user = user
        if database is not None:
            self.__dict__["database"] = database

    @cached_property
    def database(self) -> Database:
        """The database, started, created and upgraded as needed."""
        from talkbase.db.connect import open_database

        return open_database(self.settings)

    @cached_property
    def store(self) -> Store:
        """Where the recordings lie."""
        from talkbase.media.store import Store

        return Store(self.settings.media_store or self.settings.home / "media")

    @property
    def user(self) -> UUID:
        """The user on whose behalf everything is done."""
        return self._user or self.database.local_user

    def close(self) -> None:
        """Give back the connections; the embedded server stops when its last user has left."""
        if "database" in self.__dict__:
            self.database.close()

    def __enter__(self) -> Talkbase:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    add = add
    add_all = add_all
    analyze = analyze
    list = conversations
    show = show
    status = status
    runs = runs
    search = search
    rename = rename
    rename_speaker = rename_speaker
    delete = delete
    export = export
    people = people
    proposals = proposals
    resolve_proposal = resolve_proposal
    enqueue = enqueue
    jobs = jobs
    cancel_job = cancel_job
    retry_job = retry_job
    doctor = doctor
    evaluate_retrieval = evaluate_retrieval
    models = models
    fetch_models = fetch_models
    verify_models = verify_models
    use_model = use_model


def open(home: str | Path | None = None, **settings: Any) -> Talkbase:
    """Open talkbase: the embedded database in its data folder, or the one that `DATABASE_URL` names.

    `home` is the folder of data; further keyword arguments are settings (docs/reference/settings.md).
    """
    from talkbase.config import load

    if home is not None:
        settings["home"] = Path(home).expanduser()
    return Talkbase(load(**settings))
