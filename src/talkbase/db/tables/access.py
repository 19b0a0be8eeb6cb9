"""Who may see and do what: users, their tokens, and what is shared with whom."""

from sqlalchemy import Column, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Text

from talkbase.db.tables.base import flag, json, key, moment, one_of, owner, ref, string, table

users = table(
    "users",
    "A person or program that signs in; the local single user is a user like any other.",
    key(),
    string("name", "Name for people.", null=False),
    string("email", "E-mail address, unique without regard to case."),
    string("username", "Sign-in name, unique without regard to case."),
    string("password_hash", "Hash of the password with its scheme; null where nobody can sign in by password."),
    string("role", "What the user may do.", null=False, server_default="member"),
    flag("is_local", "Whether this is the single user of a local installation."),
    flag("is_locked", "Whether signing in is refused."),
    json("settings", "Preferences of the user.", null=False, server_default=text("'{}'")),
    moment("last_seen_at", "When the user last did something."),
    one_of("role", "owner", "admin", "member"),
    Index("uq_users_email", text("lower(email)"), unique=True),
    Index("uq_users_username", text("lower(username)"), unique=True),
    Index("uq_users_is_local", "is_local", unique=True, postgresql_where=text("is_local")),
)

tokens = table(
    "tokens",
    "A secret that lets a program act for a user; only its hash is kept.",
    key(),
    owner(),
    string("name", "What the token is for.", null=False),
    string("token_hash", "sha256 of the secret, as hex.", null=False),
    Column("scopes", ARRAY(Text), nullable=False, server_default=text("'{}'"), comment="What it may do."),
    moment("expires_at", "When it stops to work; null for never."),
    moment("last_used_at", "When it was last used."),
    moment("revoked_at", "When it was revoked."),
    UniqueConstraint("token_hash"),
)

shares = table(
    "shares",
    "A conversation shown to another user, or to whoever holds a link.",
    key(),
    owner(),
    ref("conversation_id", "conversations", "What is shared.", null=False, ondelete="CASCADE"),
    ref("user_id", "users", "With whom; null for a link.", ondelete="CASCADE"),
    string("link_hash", "sha256 of the link's secret, as hex."),
    string("permission", "What the share allows.", null=False, server_default="read"),
    moment("expires_at", "When the share ends; null for never."),
    one_of("permission", "read", "comment", "edit"),
    UniqueConstraint("conversation_id", "user_id"),
    UniqueConstraint("link_hash"),
)
