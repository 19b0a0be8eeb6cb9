"""Looking: pages, whole conversations and how many queries they take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

import pytest

from talkbase.actions.library import Talkbase
from talkbase.db.session import Database
from talkbase.domain.ids import uuid7
from talkbase.errors import Ambiguous, NotFound, UsageError


def library(database: Database, conversations: int, utterances: int = 1) -> list[UUID]:
    """Write conversations with utterances of two speakers; returns their ids, newest first."""
    keys = [uuid7() for _ in range(conversations)]
    with database.writing() as writing:
        writing.copy("conversations", ("id", "owner_id", "title", "kind", "created_at"),
                     ((key, database.local_user, f"Talk {n}", ("talk", "meeting")[n % 2],
                       f"2026-03-01 00:00:{n // 20:02}+00") for n, key in enumerate(keys)))  # fmt: skip
        speakers = [(key, uuid7(), label, None) for key in keys for label in ("S1", "S2")]
        writing.copy("speakers", ("conversation_id", "id", "label", "name"), speakers)
        writing.copy("utterances", ("conversation_id", "id", "position", "speaker_id", "text"),
                     ((key, uuid7(), n, speakers[2 * i + n % 2][1], f"line {n}")
                      for i, key in enumerate(keys) for n in range(utterances)))  # fmt: skip
    return keys[::-1]


@contextmanager
def counted(database: Database) -> Iterator[Callable[[], int]]:
    """Counts the statements over talkbase's tables that this database has run meanwhile."""
    with database.as_owner() as owner:
        owner.execute("SELECT public.pg_stat_statements_reset(0, (SELECT oid FROM pg_database"
                      " WHERE datname = current_database()), 0)")  # fmt: skip

        def count() -> int:
            row = owner.execute(
                "SELECT coalesce(sum(calls), 0)::int FROM public.pg_stat_statements WHERE toplevel"
                " AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())"
                " AND query ~ '(FROM|JOIN) (conversations|speakers|utterances)'"
            ).fetchone()
            assert row is not None
            return int(row[0])

        yield count


@pytest.mark.parametrize("size", [3, 1000])
def test_a_page_takes_one_query_however_large_the_library(tb: Talkbase, size: int) -> None:
    library(tb.database, size)
    with counted(tb.database) as queries:
        page = tb.list(limit=1000)
        assert queries() == 1
    assert len(page) == size
    assert page[0].speakers == ["S1", "S2"]
    assert page[0].utterances == 1


@pytest.mark.parametrize("length", [1, 3000])
def test_a_conversation_takes_one_query_to_find_and_three_to_read(tb: Talkbase, length: int) -> None:
    key = library(tb.database, 2, length)[0]
    with counted(tb.database) as queries:
        found = tb.show(str(key))
        assert queries() == 4
    assert [u.position for u in found.utterances] == list(range(length))


def test_pages_follow_each_other_without_gap_or_repetition_while_new_ones_come(tb: Talkbase) -> None:
    keys = library(tb.database, 95)  # many of one created_at, so that the key has to break the tie
    seen: list[UUID] = []
    after: str | None = None
    while True:
        page = tb.list(limit=10, after=after)
        seen += [row.id for row in page]
        with tb.database.writing() as writing:
            writing.insert("conversations", {"id": uuid7(), "owner_id": tb.user, "title": "new"})
        after = page.next
        if after is None:
            break
    assert seen == keys
    assert [row.kind for row in tb.list(kind="meeting", limit=2)] == ["meeting"] * 2


@pytest.mark.parametrize(
    "cursor", ["x", "", "W10=", "WzEsMl0=", "e30=", "WyIyMDI2LTAxLTAxIiwgInh4Il0=", "WyJ4IiwgNV0=", "é"]
)
def test_a_cursor_that_is_none_is_refused(tb: Talkbase, cursor: str) -> None:
    if cursor == "":
        assert tb.list(after=cursor) == []  # no cursor
        return
    with pytest.raises(UsageError, match="cursor"):
        tb.list(after=cursor)


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_below_one_is_refused(tb: Talkbase, limit: int) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        tb.list(limit=limit)


def test_a_conversation_is_found_by_id_prefix_and_title(tb: Talkbase) -> None:
    with tb.database.writing() as writing:
        for key, title in (("0197a000-0000-7000-8000-000000000001", "Budget 100%"),
                           ("0197a111-0000-7000-8000-000000000002", "Budget_review"),
                           ("0197b000-0000-7000-8000-000000000003", "Retrospective")):  # fmt: skip
            writing.insert("conversations", {"id": key, "owner_id": tb.user, "title": title})
    for reference, title in {
        "0197b000-0000-7000-8000-000000000003": "Retrospective",
        "0197B0": "Retrospective",
        "0197a1": "Budget_review",
        "retrospective": "Retrospective",
        "rospec": "Retrospective",
        "Budget 100%": "Budget 100%",
        "100%": "Budget 100%",
        "get_r": "Budget_review",
        "  Retrospective  ": "Retrospective",
    }.items():
        assert tb.show(reference).title == title, reference
    for reference in ("0197a", "budget"):
        with pytest.raises(Ambiguous, match="several"):
            tb.show(reference)
    for reference in ("nothing", "%", "____", "\\", "'; --", "", "019", "a\0b"):
        with pytest.raises((NotFound, UsageError)):
            tb.show(reference)


def test_what_is_in_the_bin_is_hidden(tb: Talkbase) -> None:
    key = library(tb.database, 1)[0]
    with tb.database.writing() as writing:
        writing.execute("UPDATE conversations SET deleted_at = now()")
    assert tb.list() == []
    with pytest.raises(NotFound):
        tb.show(key)


def test_status_tells_what_is_not_finished(tb: Talkbase) -> None:
    key = library(tb.database, 2)[0]
    with tb.database.writing() as writing:
        writing.execute("UPDATE conversations SET status = 'completed' WHERE id <> %(id)s", id=key)
    assert [(row.conversation_id, row.status) for row in tb.status()] == [(key, "pending")]
    done: Any = tb.list()[1].id
    assert [(row.conversation_id, row.status) for row in tb.status(done)] == [(done, "completed")]
