"""Analysis: stages in order, each one run and one transaction; equal ones skipped, failed ones taken up again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.actions.test_add import WITHOUT_MODELS, meeting
from tests.database import environment

from talkbase import stages
from talkbase.actions.library import Talkbase
from talkbase.db.session import Database
from talkbase.errors import Conflict, Interrupted, NotAllowed, NotFound, TalkbaseError, UsageError
from talkbase.stages import Options

pytestmark = pytest.mark.usefixtures("foreign_stages")
FOREIGN = Options(without=("embed",))


def run_list(tb: Talkbase, key: Any) -> list[tuple[str, str]]:
    return [(run.stage, run.status) for run in tb.runs(key)]


def test_stages_come_after_what_they_need() -> None:
    order = [stage.name for stage in stages.plan(Options())]
    assert set(order) >= {"transcribe", "diarize", "identify", "embed", "first_scenes", "second_scenes"}
    for stage in stages.plan(Options()):
        assert all(order.index(need) < order.index(stage.name) for need in stage.needs if need in order)


def test_stages_are_chosen_by_name() -> None:
    assert [stage.name for stage in stages.plan(Options(only=("second_scenes", "embed")))] == ["embed", "second_scenes"]
    without = [stage.name for stage in stages.plan(Options(without=("diarize",)))]
    assert "diarize" not in without
    assert "transcribe" in without
    assert [stage.name for stage in stages.plan(Options(only=("embed",), without=("embed",)))] == []
    for wrong in (Options(only=("nonsense",)), Options(without=("nonsense",))):
        with pytest.raises(UsageError, match=r"no stage “nonsense”") as refused:
            stages.plan(wrong)
        assert "transcribe" in (refused.value.hint or "")


def test_stages_that_need_each_other_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import talkbase_test_stages

    monkeypatch.setattr(talkbase_test_stages.first, "needs", ("second_scenes",))
    with pytest.raises(UsageError, match=r"first_scenes.* need each other"):
        stages.plan(Options())


def test_an_analysis_writes_runs_and_rows_and_a_second_does_nothing(tb: Talkbase, tmp_path: Path) -> None:
    reports: list[tuple[str, float, float]] = []
    added = tb.add(meeting(tmp_path), options=FOREIGN, progress=lambda *report: reports.append(report))
    assert added.status == "completed"
    assert {stage for stage, _, _ in reports} == {"first_scenes", "second_scenes"}
    assert run_list(tb, added.id) == [("first_scenes", "completed"), ("second_scenes", "completed")]
    runs = tb.runs(added.id or "")
    assert runs[1].counts == {"scenes": 8, "before": 8}
    again = tb.analyze(added.id or "", FOREIGN)
    assert (again.status, dict(again.ran)) == ("completed", {})
    assert set(again.skipped) >= {"first_scenes", "second_scenes", "transcribe"}
    assert len(tb.runs(added.id or "")) == 2
    with tb.database.reading() as reading:
        assert reading.value("SELECT count(*) FROM scenes") == 16


def test_a_stage_whose_recipe_changed_is_done_again_and_those_after_it(
    tb: Talkbase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import talkbase_test_stages

    added = tb.add(meeting(tmp_path), options=FOREIGN)
    monkeypatch.setattr(talkbase_test_stages.second, "version", "2")
    assert list(tb.analyze(added.id or "", FOREIGN).ran) == ["second_scenes"]
    monkeypatch.setattr(talkbase_test_stages.first, "version", "2")
    assert list(tb.analyze(added.id or "", FOREIGN).ran) == ["first_scenes", "second_scenes"]
    with tb.database.reading() as reading:
        assert reading.value("SELECT count(*) FROM scenes") == 16
        assert reading.value("SELECT count(DISTINCT run_id) FROM scenes") == 2


def test_a_failed_stage_keeps_what_came_before_and_is_taken_up_again(
    tb: Talkbase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TALKBASE_TEST_FAIL", "second_scenes")
    added = tb.add(meeting(tmp_path), options=FOREIGN)
    assert (added.status, added.error) == ("failed", "A planted failure.")
    assert run_list(tb, added.id) == [("first_scenes", "completed"), ("second_scenes", "failed")]
    state = tb.status(added.id)[0]
    assert (state.status, state.error, state.stage) == ("failed", "A planted failure.", "second_scenes")
    monkeypatch.delenv("TALKBASE_TEST_FAIL")
    again = tb.add(tmp_path / "meeting.vtt", options=FOREIGN)
    assert (again.id, again.status, again.duplicate, again.error) == (added.id, "completed", True, None)
    assert [status for _, status in run_list(tb, added.id)] == ["completed", "failed", "completed"]
    assert tb.status(added.id)[0].error is None


def test_an_interrupted_analysis_is_pending_again(tb: Talkbase, tmp_path: Path) -> None:
    def stop(stage: str, done: float, total: float) -> None:
        if stage == "second_scenes":
            raise Interrupted

    with pytest.raises(Interrupted):
        tb.add(meeting(tmp_path), options=FOREIGN, progress=stop)
    key = tb.list()[0].id
    assert tb.list()[0].status == "pending"
    assert run_list(tb, key) == [("first_scenes", "completed"), ("second_scenes", "cancelled")]
    assert list(tb.analyze(key, FOREIGN).ran) == ["second_scenes"]


def test_one_process_analyses_a_conversation_at_a_time(tb: Talkbase, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=FOREIGN)
    with tb.database.exclusive(f"analysis:{added.id}") as mine:
        assert mine
        with pytest.raises(Conflict, match="Another process"):
            tb.analyze(added.id or "", FOREIGN)
    assert tb.list()[0].status == "completed"


def test_a_killed_analysis_is_taken_up_at_the_stage_where_it_stopped(tb: Talkbase, tmp_path: Path) -> None:
    script = """
import os, signal, sys, talkbase
from talkbase.stages import Options
def die(stage, done, total):
    if stage == "second_scenes" and done >= 3: os.kill(os.getpid(), signal.SIGKILL)
with talkbase.open() as tb: tb.add(sys.argv[1], options=Options(without=("embed",)), progress=die)
"""
    path = meeting(tmp_path)
    died = subprocess.run([sys.executable, "-c", script, str(path)], env=environment(tb.database), check=False)
    assert died.returncode == -9
    key = tb.list()[0].id
    assert run_list(tb, key) == [("first_scenes", "completed"), ("second_scenes", "processing")]
    again = tb.analyze(key, FOREIGN)
    assert list(again.ran) == ["second_scenes"]
    assert [status for _, status in run_list(tb, key)] == ["completed", "cancelled", "completed"]
    with tb.database.reading() as reading:
        assert reading.rows("SELECT status, count(*) FROM analyses GROUP BY 1 ORDER BY 1") == [
            {"status": "cancelled", "count": 1}, {"status": "completed", "count": 1},
        ]  # fmt: skip


def test_a_conversation_that_is_deleted_meanwhile_ends_the_analysis(tb: Talkbase, tmp_path: Path) -> None:
    path = meeting(tmp_path)

    def delete(stage: str, done: float, total: float) -> None:
        if stage == "second_scenes" and done == 1:
            tb.delete(tb.list()[0].id)

    added = tb.add(path, options=WITHOUT_MODELS, queue=True)
    with pytest.raises(TalkbaseError) as ended:
        tb.analyze(added.id or "", FOREIGN, progress=delete)
    assert isinstance(ended.value, NotFound)
    with tb.database.as_owner() as owner:
        for table in ("conversations", "scenes", "runs", "analyses"):
            assert owner.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table  # type: ignore[arg-type]


def test_only_the_owner_may_analyse_or_queue(tb: Talkbase, database: Database, new_user: Any, tmp_path: Path) -> None:
    added = tb.add(meeting(tmp_path), options=FOREIGN)
    with database.writing() as writing:
        writing.execute("UPDATE conversations SET visibility = 'public'")
    other = Talkbase(tb.settings, user=new_user("other"), database=database)
    assert other.show(added.id or "").title == "meeting"
    for use in (other.analyze, other.enqueue):
        with pytest.raises(NotAllowed, match="Only its owner"):
            use(added.id or "")
    with pytest.raises(NotFound, match="Only its owner"):
        other.delete(added.id or "")
    assert tb.list()[0].status == "completed"
    tb.enqueue(added.id or "")


@pytest.mark.slow
def test_progress_is_written_and_told(tb: Talkbase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import talkbase_test_stages

    monkeypatch.setattr(talkbase_test_stages, "STEPS", 70)
    with tb.database.as_owner() as owner:
        owner.execute("LISTEN talkbase_progress")
        tb.add(meeting(tmp_path), options=Options(only=("first_scenes",)))
        told = [notice.payload for notice in owner.notifies(timeout=1)]
    assert told
    assert '"stage" : "first_scenes"' in told[0]
