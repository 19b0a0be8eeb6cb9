"""A recording that kills every worker is not handed on for ever."""

from __future__ import annotations

from pathlib import Path

from tests.actions.test_add import WITHOUT_MODELS, meeting

from talkbase.actions.analyze import KILLED, MOST_KILLS
from talkbase.actions.library import Talkbase
from talkbase.actions.work import work
from talkbase.domain.ids import uuid7


def killed(tb: Talkbase, conversation: object, times: int) -> None:
    with tb.database.writing(tb.user) as writing:
        for _ in range(times):
            writing.insert("analyses", {
                "id": uuid7(), "conversation_id": conversation, "status": "cancelled", "error": KILLED,
            })  # fmt: skip


def test_a_worker_goes_on_after_few_kills(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS, queue=True)
    killed(tb, added.id, MOST_KILLS - 1)
    work(tb, once=True)
    assert [job.status for job in tb.jobs()] == ["succeeded"]


def test_a_worker_gives_up_after_many_kills_and_tries_again_when_told(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=WITHOUT_MODELS, queue=True)
    killed(tb, added.id, MOST_KILLS)
    work(tb, once=True)
    (job,) = tb.jobs()
    assert job.status == "failed"
    assert added.id
    assert tb.show(added.id).status == "failed"
    assert "killed 5 times" in (tb.show(added.id).error or "")
    tb.retry_job(job.id)
    work(tb, once=True)
    assert tb.show(added.id).status == "completed"
