"""Who said what when: speakers, utterances with every version of their text, and their vectors."""

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.types import Uuid

from talkbase.db.tables.base import (
    SCHEMA,
    TEXT_SEARCH_CONFIGS,
    HalfVector,
    child_key,
    child_ref,
    integer,
    json,
    moment,
    number,
    one_of,
    owner,
    ref,
    run,
    span_check,
    string,
    table,
    unit,
    utterance_key,
)
from talkbase.db.tables.conversations import text_search

speakers = table(
    "speakers",
    "A voice in one conversation; `people` says who it is across conversations.",
    *child_key(),
    string("label", "Short label, unique in the conversation.", null=False),
    string("name", "Name, once somebody knows it."),
    string("role", "Role in the conversation (host, guest, …)."),
    ref("person_id", "people", "Who it is."),
    Column("voice", HalfVector(256), comment="Voice vector, L2-normalised; only where voice identity is turned on."),
    string("voice_model", "Model that made the voice vector."),
    number("voice_seconds", "Seconds of clean speech behind the voice vector."),
    run(),
    UniqueConstraint("conversation_id", "label"),
)

utterances = table(
    "utterances",
    "Something one speaker said: the unit of text, vector, search hit and evidence. Partitioned by year.",
    *child_key(),
    integer("position", "Place in the conversation, from 0.", null=False),
    Column("speaker_id", Uuid, comment="Who said it; null where unknown."),
    number("start_time", "Start in seconds from the start of the recording; null where nothing timed it."),
    number("end_time", "End in seconds; null where nothing timed it."),
    moment("said_at", "Wall-clock time (chats)."),
    string("text", "The text as it stands now, corrections included.", null=False),
    string("machine_text", "The text as the machine or the source first gave it; never changed."),
    integer("version", "Version of the text, from 1; each correction adds one.", null=False, server_default="1"),
    string("language", "Language, as an ISO 639 code; null where unknown."),
    string("search_config", "PostgreSQL text search configuration of the text.", null=False, server_default="simple"),
    number("confidence", "How sure the recogniser was, 0 to 1; null where nothing measured it."),
    string("suspect", "Why the words may be invented (silence, repetition, …); null where nothing says so."),
    json("words", "Words with times and confidence: [{text, start, end, confidence}]."),
    json("platform_metadata", "What the source said of this utterance that has no column here."),
    run(),
    Column("tsv", TSVECTOR, text_search("text"), comment="Full-text vector of the text, in its own language."),
    *child_ref("utterances", "speaker_id", "speakers"),
    one_of("search_config", *TEXT_SEARCH_CONFIGS),
    one_of("suspect", "silence", "music", "noise", "repetition", "stock phrase", "improbable"),
    span_check(),
    CheckConstraint("position >= 0", name="position"),
    CheckConstraint("version >= 1", name="version"),
    *unit("confidence"),
    UniqueConstraint("conversation_id", "position", deferrable=True, initially="DEFERRED"),
    Index("ix_utterances_search_config", "search_config"),
    Index("ix_utterances_tsv", "tsv", postgresql_using="gin"),
    Index("ix_utterances_metadata", "platform_metadata", postgresql_using="gin",
          postgresql_ops={"platform_metadata": "jsonb_path_ops"}),
    postgresql_partition_by="RANGE (conversation_id)",
)  # fmt: skip

speaker_turns = table(
    "speaker_turns",
    "When a speaker's voice was heard; turns of different speakers may overlap, utterances do not.",
    *child_key(),
    Column("speaker_id", Uuid, nullable=False, comment="The speaker."),
    number("start_time", "Start in seconds.", null=False),
    number("end_time", "End in seconds.", null=False),
    run(),
    *child_ref("speaker_turns", "speaker_id", "speakers", ondelete="CASCADE"),
    span_check(),
    Index("ix_speaker_turns_time", "conversation_id", "start_time"),
)

utterance_texts = table(
    "utterance_texts",
    "Every version that the text of an utterance ever had; append-only. Evidence points here. Partitioned by year.",
    *utterance_key(),
    integer("version", "Version, from 1.", null=False, primary_key=True, autoincrement=False),
    string("text", "The text in that version.", null=False),
    postgresql_partition_by="RANGE (conversation_id)",
)

utterance_vectors = table(
    "utterance_vectors",
    "Embedding of an utterance with its speaker's name in front; one a model. Never partitioned: a nearest-neighbour "
    "search over ten partitions is eight times slower.",
    *utterance_key(),
    string("model", "Model that made the vector.", null=False, primary_key=True),
    integer("version", "Version of the text that was embedded.", null=False),
    integer("dimensions", "Width of the vector.", null=False),
    Column("embedding", HalfVector(), nullable=False, comment="The vector, L2-normalised."),
    run(),
    CheckConstraint("vector_dims(embedding) = dimensions", name="dimensions"),
    Index(
        "ix_utterance_vectors_384",
        text("(embedding::halfvec(384)) halfvec_cosine_ops"),
        postgresql_using="hnsw",
        postgresql_where=text("dimensions = 384"),
    ),
)

token_vectors = table(
    "token_vectors",
    "Compressed vectors of an utterance's tokens, for late-interaction re-ranking.",
    *utterance_key(),
    string("model", "Model and projection that made them.", null=False, primary_key=True),
    integer("version", "Version of the text that was embedded.", null=False),
    integer("tokens", "Number of tokens.", null=False),
    Column("vectors", LargeBinary, nullable=False, comment="tokens × width signed bytes, row by row."),
    run(),
)

lexemes = table(
    "lexemes",
    "In how many utterances of a user's conversations a lexeme occurs: the sum over its rows, since each change adds "
    "rows instead of waiting for others.",
    Column("id", Uuid, primary_key=True, server_default=text("gen_random_uuid()"), comment="Key."),
    owner(),
    string("search_config", "Text search configuration of the utterances.", null=False),
    string("lexeme", "The lexeme; the empty one counts all utterances.", null=False),
    Column("documents", BigInteger, nullable=False,
           comment="Utterances that came to have it; negative for those that lost it."),
    one_of("search_config", *TEXT_SEARCH_CONFIGS),
    Index("ix_lexemes_lexeme", "lexeme", "owner_id", "search_config", postgresql_include=["documents"]),
    Index("ix_lexemes_trigrams", "lexeme", postgresql_using="gin", postgresql_ops={"lexeme": "gin_trgm_ops"}),
)  # fmt: skip

conversation_vectors = table(
    "conversation_vectors",
    "Embedding of a whole conversation, of any width, with its model; mostly taken over from other systems.",
    Column("conversation_id", Uuid, ForeignKey(f"{SCHEMA}.conversations.id", ondelete="CASCADE"), primary_key=True,
           comment="The conversation."),
    string("model", "Model that made the vector.", null=False, primary_key=True),
    integer("dimensions", "Width of the vector.", null=False),
    Column("embedding", HalfVector(), nullable=False, comment="The vector."),
    Column("tokens", BigInteger, comment="Number of tokens behind it, where known."),
    run(),
    CheckConstraint("vector_dims(embedding) = dimensions", name="dimensions"),
)  # fmt: skip
