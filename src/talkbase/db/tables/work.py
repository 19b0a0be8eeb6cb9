"""What was computed: analyses and their runs, exports, calls of remote models."""

from sqlalchemy import CheckConstraint, Column, Index, Numeric, text

from talkbase.db.tables.base import (
    integer,
    json,
    key,
    moment,
    number,
    one_of,
    owner,
    ref,
    string,
    table,
)

_STATUS = ("pending", "processing", "completed", "failed", "cancelled")

analyses = table(
    "analyses",
    "One analysis of a conversation: which stages were asked for, and how far they are.",
    key(),
    ref("conversation_id", "conversations", "What is analysed.", null=False, ondelete="CASCADE"),
    json("options", "What was asked for: stages, profile, number of speakers, language.", null=False,
         server_default=text("'{}'")),
    string("status", "How far it is.", null=False, server_default="pending"),
    string("stage", "The stage that runs."),
    number("progress", "Percent done, 0 to 100.", null=False, server_default="0"),
    string("error", "Why it failed, in one sentence for people."),
    moment("started_at", "When it began."),
    moment("completed_at", "When it ended."),
    one_of("status", *_STATUS),
    CheckConstraint("progress >= 0 AND progress <= 100", name="progress"),
    Index("ix_analyses_open", "created_at", postgresql_where=text("status IN ('pending', 'processing')")),
)  # fmt: skip

runs = table(
    "runs",
    "One run of one stage: everything derived names it. An equal run is not done again.",
    key(),
    ref("conversation_id", "conversations", "What it ran on.", ondelete="CASCADE"),
    ref("analysis_id", "analyses", "The analysis that it was part of."),
    string("stage", "Name of the stage.", null=False),
    string("stage_version", "Version of the stage's code.", null=False),
    string("model", "Model, where one was used."),
    string("model_sha256", "sha256 of its weights."),
    json("settings", "Settings that shape the result.", null=False, server_default=text("'{}'")),
    string("input_hash", "sha256 over what went in; equal hashes give equal results.", null=False),
    string("status", "How it ended.", null=False, server_default="processing"),
    string("error", "Why it failed, in one sentence for people."),
    json("counts", "Rows that it wrote, and seconds of media.", null=False, server_default=text("'{}'")),
    moment("started_at", "When it began.", null=False, server_default=text("now()")),
    moment("completed_at", "When it ended."),
    one_of("status", *_STATUS),
    Index("ix_runs_stage", "conversation_id", "stage", text("created_at DESC")),
)

exports = table(
    "exports",
    "A file made from a conversation.",
    key(),
    owner(),
    ref("conversation_id", "conversations", "What is exported.", ondelete="CASCADE"),
    string("type", "Format.", null=False),
    string("status", "How far it is.", null=False, server_default="pending"),
    number("progress", "Percent done, 0 to 100.", null=False, server_default="0"),
    string("error", "Why it failed."),
    string("sha256", "The file in the media store."),
    string("name", "Name of the file."),
    moment("expires_at", "When the file goes."),
    string("source_key", "Its key in the system it was taken over from."),
    json("source_metadata", "What the source said that has no column here."),
    one_of("status", *_STATUS),
    CheckConstraint("progress >= 0 AND progress <= 100", name="progress"),
)

model_calls = table(
    "model_calls",
    "A call of a language model: what it cost and how long it took.",
    key(),
    owner(),
    ref("conversation_id", "conversations", "For which conversation."),
    string("feature", "What for.", null=False),
    string("provider", "Who runs the model.", null=False),
    string("model", "Model.", null=False),
    string("endpoint", "What was called."),
    integer("prompt_tokens", "Tokens sent."),
    integer("completion_tokens", "Tokens received."),
    Column("cost_usd", Numeric(14, 8), comment="Cost in US dollars; null where unknown."),
    integer("latency_ms", "How long it took."),
    string("status", "How it ended.", null=False),
    string("error", "What went wrong."),
    string("request_id", "The provider's id of the call."),
    moment("started_at", "When it began.", null=False, server_default=text("now()")),
    moment("completed_at", "When it ended."),
    json("source_metadata", "What the source said that has no column here."),
    one_of("status", "success", "error", "timeout"),
    CheckConstraint("prompt_tokens >= 0 AND completion_tokens >= 0", name="tokens"),
    CheckConstraint("cost_usd >= 0", name="cost"),
    Index("ix_model_calls_time", "started_at"),
)
