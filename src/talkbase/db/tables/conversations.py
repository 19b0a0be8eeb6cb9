"""The central noun, a conversation (a video, a meeting, a call, a chat), and the recordings that it is made from."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Computed, Index, LargeBinary, text
from sqlalchemy.dialects.postgresql import TSVECTOR

from talkbase.db.tables.base import (
    TEXT_SEARCH_CONFIGS,
    child_key,
    json,
    key,
    moment,
    number,
    one_of,
    owner,
    string,
    table,
)


def text_search(*sources: str) -> Computed:
    """A generated full-text vector of these columns in the language that the row's `search_config` names.

    A CASE of constants instead of a regconfig column: only then the expression is immutable, and pg_upgrade works.
    """
    body = " || ' ' || ".join(f"coalesce({source}, '')" for source in sources)
    cases = " ".join(f"WHEN '{name}' THEN to_tsvector('pg_catalog.{name}', {body})" for name in TEXT_SEARCH_CONFIGS[1:])
    return Computed(f"CASE search_config {cases} ELSE to_tsvector('pg_catalog.simple', {body}) END", persisted=True)


conversations = table(
    "conversations",
    "A conversation: a video, a meeting, a call, a chat, or any other recording of people talking.",
    key(),
    owner(),
    string("title", "Title for people.", null=False),
    string("kind", "What kind of conversation it is.", null=False, server_default="other"),
    string("source", "Where it came from: file, or the system it was taken over from.", null=False,
           server_default="file"),
    string("source_key", "Its key in that source, so that old ids keep working."),
    json("source_metadata", "What the source said that has no column here."),
    Column("source_raw", LargeBinary, comment="What the source said that JSONB cannot hold (NUL, NaN), byte-exact."),
    json("participants", "Who took part, as the source lists them."),
    json("goals", "What the participants wanted to reach."),
    json("goal_progress", "How far they came."),
    string("language", "Main language, as an ISO 639 code; null where unknown."),
    string("search_config", "PostgreSQL text search configuration of title and summary.", null=False,
           server_default="simple"),
    moment("started_at", "When the conversation began, where known."),
    moment("ended_at", "When it ended, where known."),
    number("duration", "Length in seconds; null where nothing measured it."),
    string("visibility", "Who may see it beside its owner.", null=False, server_default="private"),
    string("status", "How far its analysis is.", null=False, server_default="pending"),
    string("error", "Why the analysis failed, in one sentence for people."),
    string("summary", "Summary, where there is one."),
    Column("tsv", TSVECTOR, text_search("title", "summary"), comment="Full-text vector of title and summary."),
    moment("deleted_at", "When it was put into the bin; it is hidden from then on."),
    one_of("kind", "video", "audio", "meeting", "call", "chat", "transcript", "podcast", "interview", "talk", "other"),
    one_of("visibility", "private", "shared", "public"),
    one_of("status", "pending", "processing", "completed", "failed"),
    one_of("search_config", *TEXT_SEARCH_CONFIGS),
    CheckConstraint("duration >= 0 AND duration < 'Infinity'", name="duration"),
    CheckConstraint("ended_at >= started_at", name="period"),
    Index("ix_conversations_owner_created", "owner_id", text("created_at DESC"), text("id DESC")),
    Index("ix_conversations_source", "source", "source_key"),
    Index("ix_conversations_tsv", "tsv", postgresql_using="gin"),
    Index("ix_conversations_status", "status", postgresql_where=text("status IN ('pending', 'processing')")),
)  # fmt: skip

media = table(
    "media",
    "A file that belongs to a conversation; its bytes lie in the media store under their sha256.",
    *child_key(),
    string("kind", "What the file holds.", null=False),
    string("name", "Name of the file as it was given.", null=False),
    string("sha256", "sha256 of the bytes, as hex: the key in the media store.", null=False),
    Column("size", BigInteger, nullable=False, comment="Size in bytes."),
    string("mime", "Media type, found by content."),
    number("duration", "Length in seconds; null where it has none or nothing measured it."),
    json("streams", "Streams of the container: codec, channels, rate, width, height."),
    string("damaged", "What is wrong with the file, where something is."),
    moment("stored_at", "When the bytes were stored.", null=False, server_default=text("now()")),
    one_of("kind", "audio", "video", "image", "transcript", "other"),
    CheckConstraint("size >= 0", name="size"),
    CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'", name="sha256"),
    CheckConstraint("duration >= 0", name="duration"),
    Index("ix_media_sha256", "sha256"),
)
