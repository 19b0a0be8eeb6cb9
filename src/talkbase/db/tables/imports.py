"""Taking over other systems' data: runs, the ledger of rows, and what was set aside."""

from sqlalchemy import Column, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.types import Uuid

from talkbase.db.tables.base import json, key, moment, one_of, owner, ref, string, table

import_runs = table(
    "import_runs",
    "One takeover of another system's data: verified and reversible.",
    key(),
    owner(),
    string("system", "Which system.", null=False),
    string("variant", "Which variant of it."),
    string("source", "Where the data was, without secrets.", null=False),
    string("status", "How far it is.", null=False, server_default="processing"),
    json("counts", "Rows read, imported, transformed and quarantined, by table.", null=False,
         server_default=text("'{}'")),
    json("hashes", "Content hash of the source and of what was rebuilt, by table.", null=False,
         server_default=text("'{}'")),
    string("receipt_sha256", "sha256 of the receipt."),
    string("error", "What went wrong."),
    moment("completed_at", "When it ended."),
    one_of("status", "processing", "completed", "failed", "undone"),
)  # fmt: skip

import_rows = table(
    "import_rows",
    "Which source row became which target row, by which rule, with its hash.",
    key(),
    ref("import_run_id", "import_runs", "The takeover.", null=False, ondelete="CASCADE"),
    string("source_table", "Table of the source.", null=False),
    string("source_key", "Key of the source row.", null=False),
    string("target_table", "Table here."),
    Column("target_id", Uuid, comment="Key of the row here."),
    string("rule", "Name of the rule that mapped it.", null=False),
    string("hash", "Hash of the source row.", null=False),
    UniqueConstraint("import_run_id", "source_table", "source_key", "target_table", "target_id",
                     name="uq_import_rows_row"),
    Index("ix_import_rows_target", "target_table", "target_id"),
)  # fmt: skip

quarantine = table(
    "quarantine",
    "Source rows that could not be taken over, with the reason; nothing disappears silently.",
    key(),
    ref("import_run_id", "import_runs", "The takeover.", null=False, ondelete="CASCADE"),
    string("source_table", "Table of the source.", null=False),
    string("source_key", "Key of the source row."),
    string("reason", "Why it was set aside.", null=False),
    json("content", "The row."),
    Column("content_raw", LargeBinary, comment="The row, byte-exact, where JSONB cannot hold it."),
)
