"""Building blocks of the tables: naming, column helpers, and the kinds that recur."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.sql.schema import SchemaItem
from sqlalchemy.types import UserDefinedType

SCHEMA = "talkbase"

metadata = MetaData(
    schema=SCHEMA,
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    },
)

TEXT_SEARCH_CONFIGS = (
    "simple", "arabic", "armenian", "basque", "catalan", "danish", "dutch", "english", "finnish", "french", "german",
    "greek", "hindi", "hungarian", "indonesian", "irish", "italian", "lithuanian", "nepali", "norwegian",
    "portuguese", "romanian", "russian", "serbian", "spanish", "swedish", "tamil", "turkish", "yiddish",
)  # fmt: skip
"""The configurations that every PostgreSQL from 14 on ships."""


class HalfVector(UserDefinedType[str]):
    """pgvector's `halfvec`: half-precision floats, of a fixed width where one is given."""

    cache_ok = True

    def __init__(self, dimensions: int | None = None) -> None:
        self.dimensions = dimensions

    def get_col_spec(self, **_: Any) -> str:
        """The type as SQL writes it."""
        return f"halfvec({self.dimensions})" if self.dimensions else "halfvec"


postgresql.base.ischema_names["halfvec"] = HalfVector


def table(name: str, comment: str, *items: SchemaItem, **options: Any) -> Table:
    """A table of the schema with the two timestamps that every table has; `options` are the dialect's."""
    stamps = (
        Column("created_at", DateTime(True), nullable=False, server_default=text("now()"),
               comment="When the row was made."),
        Column("updated_at", DateTime(True), nullable=False, server_default=text("now()"),
               comment="When the row last changed (kept by a trigger)."),
    )  # fmt: skip
    columns = [item for item in items if isinstance(item, Column)]
    rules = [item for item in items if not isinstance(item, Column)]
    return Table(name, metadata, *columns, *stamps, *rules, comment=comment, **options)


def key(comment: str = "Key: a UUIDv7 made when the row was made.") -> Column[Any]:
    """The primary key of a table that has one column as key."""
    return Column("id", Uuid, primary_key=True, comment=comment)


def child_key() -> tuple[Column[Any], Column[Any], ForeignKeyConstraint]:
    """The key (conversation_id, id) of what belongs to a conversation and goes with it."""
    return (
        Column("conversation_id", Uuid, primary_key=True, comment="The conversation that it belongs to."),
        Column("id", Uuid, primary_key=True, comment="Key within the conversation: a UUIDv7."),
        ForeignKeyConstraint(["conversation_id"], [f"{SCHEMA}.conversations.id"], ondelete="CASCADE"),
    )


def owner() -> Column[Any]:
    """The user to whom a row belongs."""
    return Column("owner_id", Uuid, ForeignKey(f"{SCHEMA}.users.id", ondelete="CASCADE"), nullable=False, index=True,
                  comment="The user to whom it belongs.")  # fmt: skip


def ref(name: str, target: str, comment: str, *, null: bool = True, ondelete: str = "SET NULL") -> Column[Any]:
    """An indexed foreign key to a table whose key is one column."""
    return Column(name, Uuid, ForeignKey(f"{SCHEMA}.{target}.id", ondelete=ondelete), nullable=null, index=True,
                  comment=comment)  # fmt: skip


def child_ref(table_name: str, column: str, target: str, *, ondelete: str | None = None) -> tuple[SchemaItem, ...]:
    """A foreign key (conversation_id, column) to a child of the same conversation, with its index.

    Without `ondelete` it is checked at commit, so that deleting a whole conversation may reach the children in any
    order (`SET NULL (column)` would say more, but PostgreSQL 14 does not know it).
    """
    check = {"ondelete": ondelete} if ondelete else {"deferrable": True, "initially": "DEFERRED"}
    return (
        ForeignKeyConstraint(["conversation_id", column],
                             [f"{SCHEMA}.{target}.conversation_id", f"{SCHEMA}.{target}.id"], **check),
        Index(f"ix_{table_name}_{column}", "conversation_id", column),
    )  # fmt: skip


def utterance_key() -> tuple[SchemaItem, ...]:
    """The key (conversation_id, utterance_id) of what belongs to an utterance and goes with it."""
    return (
        Column("conversation_id", Uuid, primary_key=True, comment="The conversation."),
        Column("utterance_id", Uuid, primary_key=True, comment="The utterance."),
        ForeignKeyConstraint(["conversation_id", "utterance_id"],
                             [f"{SCHEMA}.utterances.conversation_id", f"{SCHEMA}.utterances.id"], ondelete="CASCADE"),
    )  # fmt: skip


def run() -> Column[Any]:
    """The run that made a derived row."""
    return ref("run_id", "runs", "The run that made it; null where a person or another system did.")


def string(name: str, comment: str, *, null: bool = True, **more: Any) -> Column[Any]:
    """A text column."""
    return Column(name, Text, nullable=null, comment=comment, **more)


def json(name: str, comment: str, *, null: bool = True, **more: Any) -> Column[Any]:
    """A JSONB column."""
    return Column(name, JSONB(none_as_null=True), nullable=null, comment=comment, **more)


def number(name: str, comment: str, *, null: bool = True, **more: Any) -> Column[Any]:
    """A double precision column; seconds where it is a time."""
    return Column(name, Double, nullable=null, comment=comment, **more)


def integer(name: str, comment: str, *, null: bool = True, **more: Any) -> Column[Any]:
    """An integer column."""
    return Column(name, Integer, nullable=null, comment=comment, **more)


def flag(name: str, comment: str, *, default: bool = False) -> Column[Any]:
    """A boolean that is never null."""
    return Column(name, Boolean, nullable=False, server_default=text(str(default).lower()), comment=comment)


def moment(name: str, comment: str, *, null: bool = True, **more: Any) -> Column[Any]:
    """A point in wall-clock time."""
    return Column(name, DateTime(True), nullable=null, comment=comment, **more)


def one_of(column: str, *values: str) -> CheckConstraint:
    """A CHECK that a text column holds one of these words (or null)."""
    words = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({words})", name=column)


def unit(*columns: str) -> tuple[CheckConstraint, ...]:
    """CHECKs that these columns are between 0 and 1 (NaN fails: it sorts above 1)."""
    return tuple(CheckConstraint(f"{c} >= 0 AND {c} <= 1", name=c) for c in columns)


def span_check() -> CheckConstraint:
    """A CHECK that what ends does not end before it starts."""
    return CheckConstraint("end_time >= start_time", name="span")
