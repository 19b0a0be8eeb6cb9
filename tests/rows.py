"""Fills a database with rows in every table for two users, from the models: a new table is filled by itself."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb
from sqlalchemy import CheckConstraint, Column, Table
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSVECTOR
from sqlalchemy.types import BigInteger, Boolean, DateTime, Double, Integer, LargeBinary, Numeric, Text, Uuid

from talkbase.db.tables import metadata
from talkbase.db.tables.base import HalfVector
from talkbase.domain.ids import uuid7

COUNTED = "lexemes"
"""A table that only the database itself writes, from utterances (tests/db/test_search_functions.py)."""
TABLES: dict[str, Table] = {table.name: table for table in metadata.sorted_tables if table.name != COUNTED}
BY_TRIGGER = "utterance_texts"
SAID = ("We cannot raise the budget before March.", "Then the workshop has to wait.")
_START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Place:
    """Whose row: user, which of the user's two conversations, which of its two rows."""

    user: int
    conversation: int
    row: int


@dataclass(slots=True)
class Filled:
    """Two users and the rows of each, by table and place."""

    users: list[UUID] = field(default_factory=list)
    rows: dict[str, dict[Place, dict[str, Any]]] = field(default_factory=dict)

    def conversations(self, user: int) -> list[UUID]:
        """The ids of a user's two conversations."""
        return [row["id"] for place, row in self.rows["conversations"].items() if place.user == user]


def fill(connection: psycopg.Connection[Any]) -> Filled:
    """Write two users, two conversations each, and two rows a conversation in every table; as the owner."""
    filled = Filled()
    with connection.transaction():
        for name, table in TABLES.items():
            filled.rows[name] = {}
            if name == BY_TRIGGER:
                continue
            for place in _places(table):
                row = _row(table, place, filled)
                filled.rows[name][place] = row
                if name == "users":
                    filled.users.append(row["id"])
                insert(connection, name, row)
    return filled


def insert(connection: psycopg.Connection[Any], table: str, row: dict[str, Any]) -> None:
    """Insert one row."""
    connection.execute(
        sql.SQL("INSERT INTO talkbase.{} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, row)),
            sql.SQL(", ").join(map(sql.Placeholder, row)),
        ),
        row,
    )


def fresh(table: str, place: Place, filled: Filled) -> dict[str, Any]:
    """One more row of that place, which would be allowed to its owner."""
    return _row(TABLES[table], place, filled, again=True)


def _places(table: Table) -> list[Place]:
    if table.name == "users":
        return [Place(user, 0, 0) for user in range(2)]
    if table.name == "conversations" or "conversation_id" not in table.c:
        return [Place(user, row, row) for user in range(2) for row in range(2)]
    if table.name == "conversation_vectors":
        return [Place(user, conversation, 0) for user in range(2) for conversation in range(2)]
    return [Place(user, conversation, row) for user in range(2) for conversation in range(2) for row in range(2)]


def _row(table: Table, place: Place, filled: Filled, *, again: bool = False) -> dict[str, Any]:
    row: dict[str, Any] = {}
    words = _words(table)
    for column in table.c:
        if column.computed is not None or column.name in ("created_at", "updated_at"):
            continue
        row[column.name] = _value(table, column, place, words, again)
    if "conversation_id" in row:
        row["conversation_id"] = _of(filled, "conversations", place, place.conversation)["id"]
    for constraint in table.foreign_key_constraints:
        _point(table.name, constraint, place, filled, row)
    row |= _special(table.name, place, filled, again)
    return row


def _value(table: Table, column: Column[Any], place: Place, words: dict[str, str], again: bool) -> Any:
    kind, name = column.type, column.name
    unique = place.row + 2 * place.conversation + 4 * place.user + 8 * again
    if name in words:
        return words[name]
    values: list[tuple[type, Any]] = [
        (Uuid, uuid7() if name in ("id", "target_id") else None),
        (HalfVector, _vector(_width(table, column))),
        (JSONB, Jsonb([] if "'[]'" in str(getattr(column.server_default, "arg", "")) else {"n": unique})),
        (ARRAY, [1, 2] if isinstance(getattr(kind, "item_type", None), Integer) else ["a", "b"]),
        (TSVECTOR, None),
        (LargeBinary, b"\x00\x01"),
        (Boolean, False),
        (DateTime, _START + timedelta(hours=unique)),
        (BigInteger, 1000 + unique),
        (Integer, _width(table, column) if name == "dimensions" else 1 + place.row),
        (Numeric, "0.001"),
        (Double, 0.25 + 0.5 * name.startswith("end")),
        (Text, f"{name.replace('_', ' ')} {unique}"),
    ]
    return next(value for type_, value in values if isinstance(kind, type_))


def _words(table: Table) -> dict[str, str]:
    """The first allowed word of each column that may hold only some."""
    allowed = {}
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            found = re.match(r"(\w+) IN \('([^']+)'", str(constraint.sqltext))
            if found:
                allowed[found[1]] = found[2]
    return allowed


def _width(table: Table, column: Column[Any]) -> int:
    return getattr(column.type, "dimensions", None) or (384 if table.name == "utterance_vectors" else 3)


def _vector(width: int) -> str:
    return "[" + ",".join(["1"] + ["0"] * (width - 1)) + "]"


def _point(table: str, constraint: Any, place: Place, filled: Filled, row: dict[str, Any]) -> None:
    """Point a foreign key to the row of the same place, or to the other row where the column begins with `to_`."""
    target = constraint.referred_table.name
    names = [column.name for column in constraint.columns]
    free = [name for name in names if name != "conversation_id"] or names
    if target in (BY_TRIGGER, "users") and free != ["owner_id"] and free != ["author_id"]:
        return
    if target == "users":
        row[free[0]] = filled.users[place.user]
    elif target == table:  # a chain, so that no row points to itself: the second row to the first
        row[free[0]] = filled.rows[target][Place(place.user, place.conversation, 0)]["id"] if place.row else None
    elif target != "conversations":
        wanted = 1 - place.row if free[0].startswith("to_") else place.row
        row[free[0]] = _of(filled, target, place, wanted)["id"]


def _of(filled: Filled, table: str, place: Place, wanted: int) -> dict[str, Any]:
    rows = filled.rows[table]
    return rows.get(Place(place.user, place.conversation, wanted)) or rows[Place(place.user, wanted, wanted)]


def _special(table: str, place: Place, filled: Filled, again: bool) -> dict[str, Any]:
    """What the model alone does not tell."""
    digest = f"{place.user}{place.conversation}{place.row}{int(again)}" * 16
    number = f"{place.user}{int(again)}"
    tables: dict[str, dict[str, Any]] = {
        "users": {"id": uuid7(), "email": f"user{number}@example.org", "username": f"u{number}",
                  "password_hash": f"scrypt$secret-of-{place.user}"},
        "conversations": {"title": f"Budget {place.conversation} of user {place.user}", "visibility": "private",
                          "search_config": "english", "language": "en", "ended_at": _START + timedelta(days=1),
                          "deleted_at": None},
        "media": {"sha256": digest},
        "utterances": {"position": place.row + 2 * again, "text": SAID[place.row], "machine_text": SAID[place.row],
                       "version": 1, "search_config": "english", "suspect": None,
                       "words": Jsonb([{"text": "We", "start": 0.25, "end": 0.5, "confidence": 0.9}])},
        "statements": {"author": "machine", "support": "evidence", "support_reason": None},
        "insights": {"persuasion_score": 7.5} | ({"analysis_id": None} if again else {}),
        "shares": {"user_id": None, "link_hash": digest, "expires_at": None},
        "tokens": {"token_hash": digest},
        "topics": {"name": f"topic {place.row}{number}"},
    }  # fmt: skip
    if table == "evidence":
        return _evidence(place, filled)
    if table == "voice_matches":
        return _match(place, filled, again)
    if again and table in ("cluster_nodes", "node_utterances"):  # the pair of the one with the other
        column, target = ("node_id", "nodes") if table == "cluster_nodes" else ("utterance_id", "utterances")
        return {column: _of(filled, target, place, 1 - place.row)["id"]}
    return tables.get(table, {})


def _match(place: Place, filled: Filled, again: bool) -> dict[str, Any]:
    speakers = filled.rows["speakers"]
    other = speakers[Place(place.user, 1 - place.conversation, 0 if again else place.row)]
    mine = speakers[Place(place.user, place.conversation, 1 if again else place.row)]
    return {"other_conversation_id": other["conversation_id"], "other_speaker_id": other["id"],
            "speaker_id": mine["id"]}  # fmt: skip


def _evidence(place: Place, filled: Filled) -> dict[str, Any]:
    nothing = dict.fromkeys(("utterance_id", "version", "start_char", "end_char", "emotion_id", "gesture_id",
                             "scene_id", "start_time", "end_time"))  # fmt: skip
    if place.row:
        return nothing | {"start_time": 1.0, "end_time": 2.0}
    said = filled.rows["utterances"][place]["id"]
    return nothing | {"utterance_id": said, "version": 1, "start_char": 0, "end_char": 9}
