-- The core schema: every family of the data model, its keys, checks, indexes and comments.
-- The roles are made before (db/roles.py); extensions lie in public, so that they can be shared.

CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;
CREATE EXTENSION IF NOT EXISTS btree_gist WITH SCHEMA public;

CREATE TABLE talkbase.users (
    id UUID NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    username TEXT,
    password_hash TEXT,
    role TEXT DEFAULT 'member' NOT NULL,
    is_local BOOLEAN DEFAULT false NOT NULL,
    is_locked BOOLEAN DEFAULT false NOT NULL,
    settings JSONB DEFAULT '{}' NOT NULL,
    last_seen_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_users PRIMARY KEY (id),
    CONSTRAINT ck_users_role CHECK (role IN ('owner', 'admin', 'member'))
);
CREATE UNIQUE INDEX uq_users_email ON talkbase.users (lower(email));
CREATE UNIQUE INDEX uq_users_is_local ON talkbase.users (is_local) WHERE is_local;
CREATE UNIQUE INDEX uq_users_username ON talkbase.users (lower(username));
COMMENT ON TABLE talkbase.users IS 'A person or program that signs in; the local single user is a user like any other.';
COMMENT ON COLUMN talkbase.users.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.users.name IS 'Name for people.';
COMMENT ON COLUMN talkbase.users.email IS 'E-mail address, unique without regard to case.';
COMMENT ON COLUMN talkbase.users.username IS 'Sign-in name, unique without regard to case.';
COMMENT ON COLUMN talkbase.users.password_hash IS 'Hash of the password with its scheme; null where nobody can sign in by password.';
COMMENT ON COLUMN talkbase.users.role IS 'What the user may do.';
COMMENT ON COLUMN talkbase.users.is_local IS 'Whether this is the single user of a local installation.';
COMMENT ON COLUMN talkbase.users.is_locked IS 'Whether signing in is refused.';
COMMENT ON COLUMN talkbase.users.settings IS 'Preferences of the user.';
COMMENT ON COLUMN talkbase.users.last_seen_at IS 'When the user last did something.';
COMMENT ON COLUMN talkbase.users.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.users.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.conversations (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    title TEXT NOT NULL,
    kind TEXT DEFAULT 'other' NOT NULL,
    source TEXT DEFAULT 'file' NOT NULL,
    source_key TEXT,
    source_metadata JSONB,
    source_raw BYTEA,
    participants JSONB,
    goals JSONB,
    goal_progress JSONB,
    language TEXT,
    search_config TEXT DEFAULT 'simple' NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE,
    ended_at TIMESTAMP WITH TIME ZONE,
    duration DOUBLE PRECISION,
    visibility TEXT DEFAULT 'private' NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    error TEXT,
    summary TEXT,
    tsv TSVECTOR GENERATED ALWAYS AS (CASE search_config WHEN 'arabic' THEN to_tsvector('pg_catalog.arabic', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'armenian' THEN to_tsvector('pg_catalog.armenian', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'basque' THEN to_tsvector('pg_catalog.basque', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'catalan' THEN to_tsvector('pg_catalog.catalan', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'danish' THEN to_tsvector('pg_catalog.danish', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'dutch' THEN to_tsvector('pg_catalog.dutch', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'english' THEN to_tsvector('pg_catalog.english', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'finnish' THEN to_tsvector('pg_catalog.finnish', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'french' THEN to_tsvector('pg_catalog.french', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'german' THEN to_tsvector('pg_catalog.german', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'greek' THEN to_tsvector('pg_catalog.greek', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'hindi' THEN to_tsvector('pg_catalog.hindi', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'hungarian' THEN to_tsvector('pg_catalog.hungarian', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'indonesian' THEN to_tsvector('pg_catalog.indonesian', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'irish' THEN to_tsvector('pg_catalog.irish', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'italian' THEN to_tsvector('pg_catalog.italian', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'lithuanian' THEN to_tsvector('pg_catalog.lithuanian', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'nepali' THEN to_tsvector('pg_catalog.nepali', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'norwegian' THEN to_tsvector('pg_catalog.norwegian', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'portuguese' THEN to_tsvector('pg_catalog.portuguese', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'romanian' THEN to_tsvector('pg_catalog.romanian', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'russian' THEN to_tsvector('pg_catalog.russian', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'serbian' THEN to_tsvector('pg_catalog.serbian', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'spanish' THEN to_tsvector('pg_catalog.spanish', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'swedish' THEN to_tsvector('pg_catalog.swedish', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'tamil' THEN to_tsvector('pg_catalog.tamil', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'turkish' THEN to_tsvector('pg_catalog.turkish', coalesce(title, '') || ' ' || coalesce(summary, '')) WHEN 'yiddish' THEN to_tsvector('pg_catalog.yiddish', coalesce(title, '') || ' ' || coalesce(summary, '')) ELSE to_tsvector('pg_catalog.simple', coalesce(title, '') || ' ' || coalesce(summary, '')) END) STORED,
    deleted_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_conversations PRIMARY KEY (id),
    CONSTRAINT ck_conversations_kind CHECK (kind IN ('video', 'audio', 'meeting', 'call', 'chat', 'transcript', 'podcast', 'interview', 'talk', 'other')),
    CONSTRAINT ck_conversations_visibility CHECK (visibility IN ('private', 'shared', 'public')),
    CONSTRAINT ck_conversations_status CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    CONSTRAINT ck_conversations_search_config CHECK (search_config IN ('simple', 'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'finnish', 'french', 'german', 'greek', 'hindi', 'hungarian', 'indonesian', 'irish', 'italian', 'lithuanian', 'nepali', 'norwegian', 'portuguese', 'romanian', 'russian', 'serbian', 'spanish', 'swedish', 'tamil', 'turkish', 'yiddish')),
    CONSTRAINT ck_conversations_duration CHECK (duration >= 0 AND duration < 'Infinity'),
    CONSTRAINT ck_conversations_period CHECK (ended_at >= started_at),
    CONSTRAINT fk_conversations_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE
);
CREATE INDEX ix_conversations_owner_created ON talkbase.conversations (owner_id, created_at DESC, id DESC);
CREATE INDEX ix_conversations_owner_id ON talkbase.conversations (owner_id);
CREATE INDEX ix_conversations_source ON talkbase.conversations (source, source_key);
CREATE INDEX ix_conversations_status ON talkbase.conversations (status) WHERE status IN ('pending', 'processing');
CREATE INDEX ix_conversations_tsv ON talkbase.conversations USING gin (tsv);
COMMENT ON TABLE talkbase.conversations IS 'A conversation: a video, a meeting, a call, a chat, or any other recording of people talking.';
COMMENT ON COLUMN talkbase.conversations.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.conversations.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.conversations.title IS 'Title for people.';
COMMENT ON COLUMN talkbase.conversations.kind IS 'What kind of conversation it is.';
COMMENT ON COLUMN talkbase.conversations.source IS 'Where it came from: file, or the system it was taken over from.';
COMMENT ON COLUMN talkbase.conversations.source_key IS 'Its key in that source, so that old ids keep working.';
COMMENT ON COLUMN talkbase.conversations.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.conversations.source_raw IS 'What the source said that JSONB cannot hold (NUL, NaN), byte-exact.';
COMMENT ON COLUMN talkbase.conversations.participants IS 'Who took part, as the source lists them.';
COMMENT ON COLUMN talkbase.conversations.goals IS 'What the participants wanted to reach.';
COMMENT ON COLUMN talkbase.conversations.goal_progress IS 'How far they came.';
COMMENT ON COLUMN talkbase.conversations.language IS 'Main language, as an ISO 639 code; null where unknown.';
COMMENT ON COLUMN talkbase.conversations.search_config IS 'PostgreSQL text search configuration of title and summary.';
COMMENT ON COLUMN talkbase.conversations.started_at IS 'When the conversation began, where known.';
COMMENT ON COLUMN talkbase.conversations.ended_at IS 'When it ended, where known.';
COMMENT ON COLUMN talkbase.conversations.duration IS 'Length in seconds; null where nothing measured it.';
COMMENT ON COLUMN talkbase.conversations.visibility IS 'Who may see it beside its owner.';
COMMENT ON COLUMN talkbase.conversations.status IS 'How far its analysis is.';
COMMENT ON COLUMN talkbase.conversations.error IS 'Why the analysis failed, in one sentence for people.';
COMMENT ON COLUMN talkbase.conversations.summary IS 'Summary, where there is one.';
COMMENT ON COLUMN talkbase.conversations.tsv IS 'Full-text vector of title and summary.';
COMMENT ON COLUMN talkbase.conversations.deleted_at IS 'When it was put into the bin; it is hidden from then on.';
COMMENT ON COLUMN talkbase.conversations.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.conversations.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.import_runs (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    system TEXT NOT NULL,
    variant TEXT,
    source TEXT NOT NULL,
    status TEXT DEFAULT 'processing' NOT NULL,
    counts JSONB DEFAULT '{}' NOT NULL,
    hashes JSONB DEFAULT '{}' NOT NULL,
    receipt_sha256 TEXT,
    error TEXT,
    completed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_import_runs PRIMARY KEY (id),
    CONSTRAINT ck_import_runs_status CHECK (status IN ('processing', 'completed', 'failed', 'undone')),
    CONSTRAINT fk_import_runs_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE
);
CREATE INDEX ix_import_runs_owner_id ON talkbase.import_runs (owner_id);
COMMENT ON TABLE talkbase.import_runs IS 'One takeover of another system''s data: verified and reversible.';
COMMENT ON COLUMN talkbase.import_runs.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.import_runs.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.import_runs.system IS 'Which system.';
COMMENT ON COLUMN talkbase.import_runs.variant IS 'Which variant of it.';
COMMENT ON COLUMN talkbase.import_runs.source IS 'Where the data was, without secrets.';
COMMENT ON COLUMN talkbase.import_runs.status IS 'How far it is.';
COMMENT ON COLUMN talkbase.import_runs.counts IS 'Rows read, imported, transformed and quarantined, by table.';
COMMENT ON COLUMN talkbase.import_runs.hashes IS 'Content hash of the source and of what was rebuilt, by table.';
COMMENT ON COLUMN talkbase.import_runs.receipt_sha256 IS 'sha256 of the receipt.';
COMMENT ON COLUMN talkbase.import_runs.error IS 'What went wrong.';
COMMENT ON COLUMN talkbase.import_runs.completed_at IS 'When it ended.';
COMMENT ON COLUMN talkbase.import_runs.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.import_runs.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.people (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    email TEXT,
    phone TEXT,
    notes TEXT,
    relationship TEXT,
    image_url TEXT,
    image_sha256 TEXT,
    face halfvec,
    face_model TEXT,
    voice halfvec(256),
    voice_model TEXT,
    consent TEXT DEFAULT 'unknown' NOT NULL,
    source_metadata JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_people PRIMARY KEY (id),
    CONSTRAINT ck_people_consent CHECK (consent IN ('unknown', 'given', 'withdrawn')),
    CONSTRAINT fk_people_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE
);
CREATE INDEX ix_people_owner_id ON talkbase.people (owner_id);
CREATE INDEX ix_people_owner_name ON talkbase.people (owner_id, name);
COMMENT ON TABLE talkbase.people IS 'A person, across conversations.';
COMMENT ON COLUMN talkbase.people.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.people.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.people.name IS 'Name.';
COMMENT ON COLUMN talkbase.people.email IS 'E-mail address.';
COMMENT ON COLUMN talkbase.people.phone IS 'Telephone number.';
COMMENT ON COLUMN talkbase.people.notes IS 'Notes.';
COMMENT ON COLUMN talkbase.people.relationship IS 'What the person is to the owner.';
COMMENT ON COLUMN talkbase.people.image_url IS 'Address of a picture.';
COMMENT ON COLUMN talkbase.people.image_sha256 IS 'Picture in the media store.';
COMMENT ON COLUMN talkbase.people.face IS 'Face vector; only where identity by face is turned on.';
COMMENT ON COLUMN talkbase.people.face_model IS 'Model that made the face vector.';
COMMENT ON COLUMN talkbase.people.voice IS 'Voice vector; only where voice identity is turned on.';
COMMENT ON COLUMN talkbase.people.voice_model IS 'Model that made the voice vector.';
COMMENT ON COLUMN talkbase.people.consent IS 'What the person agreed to.';
COMMENT ON COLUMN talkbase.people.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.people.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.people.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.receipts (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    kind TEXT NOT NULL,
    target_id UUID NOT NULL,
    counts JSONB NOT NULL,
    media JSONB DEFAULT '[]' NOT NULL,
    author_id UUID,
    reason TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_receipts PRIMARY KEY (id),
    CONSTRAINT ck_receipts_kind CHECK (kind IN ('conversation', 'person', 'user')),
    CONSTRAINT fk_receipts_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE,
    CONSTRAINT fk_receipts_author_id FOREIGN KEY(author_id) REFERENCES talkbase.users (id) ON DELETE SET NULL
);
CREATE INDEX ix_receipts_author_id ON talkbase.receipts (author_id);
CREATE INDEX ix_receipts_owner_id ON talkbase.receipts (owner_id);
CREATE INDEX ix_receipts_target ON talkbase.receipts (target_id);
COMMENT ON TABLE talkbase.receipts IS 'That something was forgotten, without its content: replayed after a restore from a backup.';
COMMENT ON COLUMN talkbase.receipts.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.receipts.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.receipts.kind IS 'What was forgotten.';
COMMENT ON COLUMN talkbase.receipts.target_id IS 'Key of what was forgotten.';
COMMENT ON COLUMN talkbase.receipts.counts IS 'How many rows and files went, by table.';
COMMENT ON COLUMN talkbase.receipts.media IS 'sha256 of the files that went.';
COMMENT ON COLUMN talkbase.receipts.author_id IS 'Who asked for it.';
COMMENT ON COLUMN talkbase.receipts.reason IS 'Why, as the author put it.';
COMMENT ON COLUMN talkbase.receipts.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.receipts.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.standing_questions (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    text TEXT NOT NULL,
    mode TEXT DEFAULT 'search' NOT NULL,
    filters JSONB DEFAULT '{}' NOT NULL,
    active BOOLEAN DEFAULT true NOT NULL,
    last_checked_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_standing_questions PRIMARY KEY (id),
    CONSTRAINT ck_standing_questions_mode CHECK (mode IN ('search', 'question')),
    CONSTRAINT fk_standing_questions_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE
);
CREATE INDEX ix_standing_questions_owner_id ON talkbase.standing_questions (owner_id);
COMMENT ON TABLE talkbase.standing_questions IS 'A saved search or question that reports new matches as they arrive.';
COMMENT ON COLUMN talkbase.standing_questions.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.standing_questions.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.standing_questions.text IS 'The search or question.';
COMMENT ON COLUMN talkbase.standing_questions.mode IS 'What it is.';
COMMENT ON COLUMN talkbase.standing_questions.filters IS 'To what it is limited.';
COMMENT ON COLUMN talkbase.standing_questions.active IS 'Whether it reports.';
COMMENT ON COLUMN talkbase.standing_questions.last_checked_at IS 'When it last looked.';
COMMENT ON COLUMN talkbase.standing_questions.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.standing_questions.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.tokens (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    token_hash TEXT NOT NULL,
    scopes TEXT[] DEFAULT '{}' NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    last_used_at TIMESTAMP WITH TIME ZONE,
    revoked_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_tokens PRIMARY KEY (id),
    CONSTRAINT uq_tokens_token_hash UNIQUE (token_hash),
    CONSTRAINT fk_tokens_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE
);
CREATE INDEX ix_tokens_owner_id ON talkbase.tokens (owner_id);
COMMENT ON TABLE talkbase.tokens IS 'A secret that lets a program act for a user; only its hash is kept.';
COMMENT ON COLUMN talkbase.tokens.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.tokens.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.tokens.name IS 'What the token is for.';
COMMENT ON COLUMN talkbase.tokens.token_hash IS 'sha256 of the secret, as hex.';
COMMENT ON COLUMN talkbase.tokens.scopes IS 'What it may do.';
COMMENT ON COLUMN talkbase.tokens.expires_at IS 'When it stops to work; null for never.';
COMMENT ON COLUMN talkbase.tokens.last_used_at IS 'When it was last used.';
COMMENT ON COLUMN talkbase.tokens.revoked_at IS 'When it was revoked.';
COMMENT ON COLUMN talkbase.tokens.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.tokens.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.topics (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    name TEXT NOT NULL,
    category TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_topics PRIMARY KEY (id),
    CONSTRAINT fk_topics_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE
);
CREATE INDEX ix_topics_owner_id ON talkbase.topics (owner_id);
CREATE UNIQUE INDEX uq_topics_owner_name ON talkbase.topics (owner_id, lower(name));
COMMENT ON TABLE talkbase.topics IS 'A topic, across conversations.';
COMMENT ON COLUMN talkbase.topics.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.topics.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.topics.name IS 'Name.';
COMMENT ON COLUMN talkbase.topics.category IS 'Category.';
COMMENT ON COLUMN talkbase.topics.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.topics.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.analyses (
    id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    options JSONB DEFAULT '{}' NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    stage TEXT,
    progress DOUBLE PRECISION DEFAULT '0' NOT NULL,
    error TEXT,
    started_at TIMESTAMP WITH TIME ZONE,
    completed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_analyses PRIMARY KEY (id),
    CONSTRAINT ck_analyses_status CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    CONSTRAINT ck_analyses_progress CHECK (progress >= 0 AND progress <= 100),
    CONSTRAINT fk_analyses_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE
);
CREATE INDEX ix_analyses_conversation_id ON talkbase.analyses (conversation_id);
CREATE INDEX ix_analyses_open ON talkbase.analyses (created_at) WHERE status IN ('pending', 'processing');
COMMENT ON TABLE talkbase.analyses IS 'One analysis of a conversation: which stages were asked for, and how far they are.';
COMMENT ON COLUMN talkbase.analyses.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.analyses.conversation_id IS 'What is analysed.';
COMMENT ON COLUMN talkbase.analyses.options IS 'What was asked for: stages, profile, number of speakers, language.';
COMMENT ON COLUMN talkbase.analyses.status IS 'How far it is.';
COMMENT ON COLUMN talkbase.analyses.stage IS 'The stage that runs.';
COMMENT ON COLUMN talkbase.analyses.progress IS 'Percent done, 0 to 100.';
COMMENT ON COLUMN talkbase.analyses.error IS 'Why it failed, in one sentence for people.';
COMMENT ON COLUMN talkbase.analyses.started_at IS 'When it began.';
COMMENT ON COLUMN talkbase.analyses.completed_at IS 'When it ended.';
COMMENT ON COLUMN talkbase.analyses.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.analyses.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.edits (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    conversation_id UUID,
    target_type TEXT NOT NULL,
    target_id UUID NOT NULL,
    field TEXT NOT NULL,
    old_value JSONB,
    new_value JSONB,
    kind TEXT NOT NULL,
    comment TEXT,
    author_id UUID,
    confidence DOUBLE PRECISION,
    undoes_id UUID,
    exported_for_training BOOLEAN DEFAULT false NOT NULL,
    training_dataset TEXT,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_edits PRIMARY KEY (id),
    CONSTRAINT ck_edits_target_type CHECK (target_type IN ('conversation', 'utterance', 'speaker', 'person', 'topic', 'fact', 'node', 'relationship', 'cluster', 'claim')),
    CONSTRAINT ck_edits_kind CHECK (kind IN ('correction', 'addition', 'deletion', 'merge', 'split', 'undo', 'redo')),
    CONSTRAINT ck_edits_confidence CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT fk_edits_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE,
    CONSTRAINT fk_edits_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_edits_author_id FOREIGN KEY(author_id) REFERENCES talkbase.users (id) ON DELETE SET NULL,
    CONSTRAINT fk_edits_undoes_id FOREIGN KEY(undoes_id) REFERENCES talkbase.edits (id) ON DELETE SET NULL
);
CREATE INDEX ix_edits_author_id ON talkbase.edits (author_id);
CREATE INDEX ix_edits_conversation_id ON talkbase.edits (conversation_id);
CREATE INDEX ix_edits_owner_id ON talkbase.edits (owner_id);
CREATE INDEX ix_edits_target ON talkbase.edits (target_type, target_id);
CREATE INDEX ix_edits_training ON talkbase.edits (created_at) WHERE NOT exported_for_training;
CREATE INDEX ix_edits_undoes_id ON talkbase.edits (undoes_id);
COMMENT ON TABLE talkbase.edits IS 'What a person changed: an overlay over the machine''s output, with author, time and reason.';
COMMENT ON COLUMN talkbase.edits.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.edits.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.edits.conversation_id IS 'Where.';
COMMENT ON COLUMN talkbase.edits.target_type IS 'What was changed.';
COMMENT ON COLUMN talkbase.edits.target_id IS 'Key of what was changed.';
COMMENT ON COLUMN talkbase.edits.field IS 'Which field.';
COMMENT ON COLUMN talkbase.edits.old_value IS 'Value before.';
COMMENT ON COLUMN talkbase.edits.new_value IS 'Value after.';
COMMENT ON COLUMN talkbase.edits.kind IS 'Kind of edit.';
COMMENT ON COLUMN talkbase.edits.comment IS 'Why.';
COMMENT ON COLUMN talkbase.edits.author_id IS 'Who.';
COMMENT ON COLUMN talkbase.edits.confidence IS 'How sure the author was, 0 to 1.';
COMMENT ON COLUMN talkbase.edits.undoes_id IS 'The edit that this one takes back.';
COMMENT ON COLUMN talkbase.edits.exported_for_training IS 'Whether it was exported as training data.';
COMMENT ON COLUMN talkbase.edits.training_dataset IS 'Name of the data set it went into.';
COMMENT ON COLUMN talkbase.edits.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.edits.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.exports (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    conversation_id UUID,
    type TEXT NOT NULL,
    status TEXT DEFAULT 'pending' NOT NULL,
    progress DOUBLE PRECISION DEFAULT '0' NOT NULL,
    error TEXT,
    sha256 TEXT,
    name TEXT,
    expires_at TIMESTAMP WITH TIME ZONE,
    source_key TEXT,
    source_metadata JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_exports PRIMARY KEY (id),
    CONSTRAINT ck_exports_status CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    CONSTRAINT ck_exports_progress CHECK (progress >= 0 AND progress <= 100),
    CONSTRAINT fk_exports_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE,
    CONSTRAINT fk_exports_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE
);
CREATE INDEX ix_exports_conversation_id ON talkbase.exports (conversation_id);
CREATE INDEX ix_exports_owner_id ON talkbase.exports (owner_id);
COMMENT ON TABLE talkbase.exports IS 'A file made from a conversation.';
COMMENT ON COLUMN talkbase.exports.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.exports.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.exports.conversation_id IS 'What is exported.';
COMMENT ON COLUMN talkbase.exports.type IS 'Format.';
COMMENT ON COLUMN talkbase.exports.status IS 'How far it is.';
COMMENT ON COLUMN talkbase.exports.progress IS 'Percent done, 0 to 100.';
COMMENT ON COLUMN talkbase.exports.error IS 'Why it failed.';
COMMENT ON COLUMN talkbase.exports.sha256 IS 'The file in the media store.';
COMMENT ON COLUMN talkbase.exports.name IS 'Name of the file.';
COMMENT ON COLUMN talkbase.exports.expires_at IS 'When the file goes.';
COMMENT ON COLUMN talkbase.exports.source_key IS 'Its key in the system it was taken over from.';
COMMENT ON COLUMN talkbase.exports.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.exports.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.exports.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.import_rows (
    id UUID NOT NULL,
    import_run_id UUID NOT NULL,
    source_table TEXT NOT NULL,
    source_key TEXT NOT NULL,
    target_table TEXT,
    target_id UUID,
    rule TEXT NOT NULL,
    hash TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_import_rows PRIMARY KEY (id),
    CONSTRAINT uq_import_rows_row UNIQUE (import_run_id, source_table, source_key, target_table, target_id),
    CONSTRAINT fk_import_rows_import_run_id FOREIGN KEY(import_run_id) REFERENCES talkbase.import_runs (id) ON DELETE CASCADE
);
CREATE INDEX ix_import_rows_import_run_id ON talkbase.import_rows (import_run_id);
CREATE INDEX ix_import_rows_target ON talkbase.import_rows (target_table, target_id);
COMMENT ON TABLE talkbase.import_rows IS 'Which source row became which target row, by which rule, with its hash.';
COMMENT ON COLUMN talkbase.import_rows.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.import_rows.import_run_id IS 'The takeover.';
COMMENT ON COLUMN talkbase.import_rows.source_table IS 'Table of the source.';
COMMENT ON COLUMN talkbase.import_rows.source_key IS 'Key of the source row.';
COMMENT ON COLUMN talkbase.import_rows.target_table IS 'Table here.';
COMMENT ON COLUMN talkbase.import_rows.target_id IS 'Key of the row here.';
COMMENT ON COLUMN talkbase.import_rows.rule IS 'Name of the rule that mapped it.';
COMMENT ON COLUMN talkbase.import_rows.hash IS 'Hash of the source row.';
COMMENT ON COLUMN talkbase.import_rows.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.import_rows.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.media (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size BIGINT NOT NULL,
    mime TEXT,
    duration DOUBLE PRECISION,
    streams JSONB,
    damaged TEXT,
    stored_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_media PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_media_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_media_kind CHECK (kind IN ('audio', 'video', 'image', 'transcript', 'other')),
    CONSTRAINT ck_media_size CHECK (size >= 0),
    CONSTRAINT ck_media_sha256 CHECK (sha256 ~ '^[0-9a-f]{64}$'),
    CONSTRAINT ck_media_duration CHECK (duration >= 0)
);
CREATE INDEX ix_media_sha256 ON talkbase.media (sha256);
COMMENT ON TABLE talkbase.media IS 'A file that belongs to a conversation; its bytes lie in the media store under their sha256.';
COMMENT ON COLUMN talkbase.media.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.media.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.media.kind IS 'What the file holds.';
COMMENT ON COLUMN talkbase.media.name IS 'Name of the file as it was given.';
COMMENT ON COLUMN talkbase.media.sha256 IS 'sha256 of the bytes, as hex: the key in the media store.';
COMMENT ON COLUMN talkbase.media.size IS 'Size in bytes.';
COMMENT ON COLUMN talkbase.media.mime IS 'Media type, found by content.';
COMMENT ON COLUMN talkbase.media.duration IS 'Length in seconds; null where it has none or nothing measured it.';
COMMENT ON COLUMN talkbase.media.streams IS 'Streams of the container: codec, channels, rate, width, height.';
COMMENT ON COLUMN talkbase.media.damaged IS 'What is wrong with the file, where something is.';
COMMENT ON COLUMN talkbase.media.stored_at IS 'When the bytes were stored.';
COMMENT ON COLUMN talkbase.media.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.media.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.model_calls (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    conversation_id UUID,
    feature TEXT NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    endpoint TEXT,
    prompt_tokens INTEGER,
    completion_tokens INTEGER,
    cost_usd NUMERIC(14, 8),
    latency_ms INTEGER,
    status TEXT NOT NULL,
    error TEXT,
    request_id TEXT,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,
    source_metadata JSONB,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_model_calls PRIMARY KEY (id),
    CONSTRAINT ck_model_calls_status CHECK (status IN ('success', 'error', 'timeout')),
    CONSTRAINT ck_model_calls_tokens CHECK (prompt_tokens >= 0 AND completion_tokens >= 0),
    CONSTRAINT ck_model_calls_cost CHECK (cost_usd >= 0),
    CONSTRAINT fk_model_calls_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE,
    CONSTRAINT fk_model_calls_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE SET NULL
);
CREATE INDEX ix_model_calls_conversation_id ON talkbase.model_calls (conversation_id);
CREATE INDEX ix_model_calls_owner_id ON talkbase.model_calls (owner_id);
CREATE INDEX ix_model_calls_time ON talkbase.model_calls (started_at);
COMMENT ON TABLE talkbase.model_calls IS 'A call of a language model: what it cost and how long it took.';
COMMENT ON COLUMN talkbase.model_calls.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.model_calls.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.model_calls.conversation_id IS 'For which conversation.';
COMMENT ON COLUMN talkbase.model_calls.feature IS 'What for.';
COMMENT ON COLUMN talkbase.model_calls.provider IS 'Who runs the model.';
COMMENT ON COLUMN talkbase.model_calls.model IS 'Model.';
COMMENT ON COLUMN talkbase.model_calls.endpoint IS 'What was called.';
COMMENT ON COLUMN talkbase.model_calls.prompt_tokens IS 'Tokens sent.';
COMMENT ON COLUMN talkbase.model_calls.completion_tokens IS 'Tokens received.';
COMMENT ON COLUMN talkbase.model_calls.cost_usd IS 'Cost in US dollars; null where unknown.';
COMMENT ON COLUMN talkbase.model_calls.latency_ms IS 'How long it took.';
COMMENT ON COLUMN talkbase.model_calls.status IS 'How it ended.';
COMMENT ON COLUMN talkbase.model_calls.error IS 'What went wrong.';
COMMENT ON COLUMN talkbase.model_calls.request_id IS 'The provider''s id of the call.';
COMMENT ON COLUMN talkbase.model_calls.started_at IS 'When it began.';
COMMENT ON COLUMN talkbase.model_calls.completed_at IS 'When it ended.';
COMMENT ON COLUMN talkbase.model_calls.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.model_calls.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.model_calls.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.quarantine (
    id UUID NOT NULL,
    import_run_id UUID NOT NULL,
    source_table TEXT NOT NULL,
    source_key TEXT,
    reason TEXT NOT NULL,
    content JSONB,
    content_raw BYTEA,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_quarantine PRIMARY KEY (id),
    CONSTRAINT fk_quarantine_import_run_id FOREIGN KEY(import_run_id) REFERENCES talkbase.import_runs (id) ON DELETE CASCADE
);
CREATE INDEX ix_quarantine_import_run_id ON talkbase.quarantine (import_run_id);
COMMENT ON TABLE talkbase.quarantine IS 'Source rows that could not be taken over, with the reason; nothing disappears silently.';
COMMENT ON COLUMN talkbase.quarantine.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.quarantine.import_run_id IS 'The takeover.';
COMMENT ON COLUMN talkbase.quarantine.source_table IS 'Table of the source.';
COMMENT ON COLUMN talkbase.quarantine.source_key IS 'Key of the source row.';
COMMENT ON COLUMN talkbase.quarantine.reason IS 'Why it was set aside.';
COMMENT ON COLUMN talkbase.quarantine.content IS 'The row.';
COMMENT ON COLUMN talkbase.quarantine.content_raw IS 'The row, byte-exact, where JSONB cannot hold it.';
COMMENT ON COLUMN talkbase.quarantine.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.quarantine.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.shares (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    conversation_id UUID NOT NULL,
    user_id UUID,
    link_hash TEXT,
    permission TEXT DEFAULT 'read' NOT NULL,
    expires_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_shares PRIMARY KEY (id),
    CONSTRAINT ck_shares_permission CHECK (permission IN ('read', 'comment', 'edit')),
    CONSTRAINT uq_shares_conversation_id_user_id UNIQUE (conversation_id, user_id),
    CONSTRAINT uq_shares_link_hash UNIQUE (link_hash),
    CONSTRAINT fk_shares_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE,
    CONSTRAINT fk_shares_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_shares_user_id FOREIGN KEY(user_id) REFERENCES talkbase.users (id) ON DELETE CASCADE
);
CREATE INDEX ix_shares_conversation_id ON talkbase.shares (conversation_id);
CREATE INDEX ix_shares_owner_id ON talkbase.shares (owner_id);
CREATE INDEX ix_shares_user_id ON talkbase.shares (user_id);
COMMENT ON TABLE talkbase.shares IS 'A conversation shown to another user, or to whoever holds a link.';
COMMENT ON COLUMN talkbase.shares.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.shares.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.shares.conversation_id IS 'What is shared.';
COMMENT ON COLUMN talkbase.shares.user_id IS 'With whom; null for a link.';
COMMENT ON COLUMN talkbase.shares.link_hash IS 'sha256 of the link''s secret, as hex.';
COMMENT ON COLUMN talkbase.shares.permission IS 'What the share allows.';
COMMENT ON COLUMN talkbase.shares.expires_at IS 'When the share ends; null for never.';
COMMENT ON COLUMN talkbase.shares.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.shares.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.runs (
    id UUID NOT NULL,
    conversation_id UUID,
    analysis_id UUID,
    stage TEXT NOT NULL,
    stage_version TEXT NOT NULL,
    model TEXT,
    model_sha256 TEXT,
    settings JSONB DEFAULT '{}' NOT NULL,
    input_hash TEXT NOT NULL,
    status TEXT DEFAULT 'processing' NOT NULL,
    error TEXT,
    counts JSONB DEFAULT '{}' NOT NULL,
    started_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    completed_at TIMESTAMP WITH TIME ZONE,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_runs PRIMARY KEY (id),
    CONSTRAINT ck_runs_status CHECK (status IN ('pending', 'processing', 'completed', 'failed', 'cancelled')),
    CONSTRAINT fk_runs_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_runs_analysis_id FOREIGN KEY(analysis_id) REFERENCES talkbase.analyses (id) ON DELETE SET NULL
);
CREATE INDEX ix_runs_analysis_id ON talkbase.runs (analysis_id);
CREATE INDEX ix_runs_conversation_id ON talkbase.runs (conversation_id);
CREATE INDEX ix_runs_stage ON talkbase.runs (conversation_id, stage, created_at DESC);
COMMENT ON TABLE talkbase.runs IS 'One run of one stage: everything derived names it. An equal run is not done again.';
COMMENT ON COLUMN talkbase.runs.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.runs.conversation_id IS 'What it ran on.';
COMMENT ON COLUMN talkbase.runs.analysis_id IS 'The analysis that it was part of.';
COMMENT ON COLUMN talkbase.runs.stage IS 'Name of the stage.';
COMMENT ON COLUMN talkbase.runs.stage_version IS 'Version of the stage''s code.';
COMMENT ON COLUMN talkbase.runs.model IS 'Model, where one was used.';
COMMENT ON COLUMN talkbase.runs.model_sha256 IS 'sha256 of its weights.';
COMMENT ON COLUMN talkbase.runs.settings IS 'Settings that shape the result.';
COMMENT ON COLUMN talkbase.runs.input_hash IS 'sha256 over what went in; equal hashes give equal results.';
COMMENT ON COLUMN talkbase.runs.status IS 'How it ended.';
COMMENT ON COLUMN talkbase.runs.error IS 'Why it failed, in one sentence for people.';
COMMENT ON COLUMN talkbase.runs.counts IS 'Rows that it wrote, and seconds of media.';
COMMENT ON COLUMN talkbase.runs.started_at IS 'When it began.';
COMMENT ON COLUMN talkbase.runs.completed_at IS 'When it ended.';
COMMENT ON COLUMN talkbase.runs.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.runs.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.clusters (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    level INTEGER DEFAULT '1' NOT NULL,
    parent_id UUID,
    summary TEXT,
    key_themes TEXT[],
    algorithm TEXT,
    auto_generated BOOLEAN DEFAULT true NOT NULL,
    confidence DOUBLE PRECISION,
    color TEXT,
    icon TEXT,
    source_metadata JSONB,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_clusters PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_clusters_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_clusters_confidence CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT fk_clusters_conversation_id_parent_id FOREIGN KEY(conversation_id, parent_id) REFERENCES talkbase.clusters (conversation_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_clusters_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_clusters_parent_id ON talkbase.clusters (conversation_id, parent_id);
CREATE INDEX ix_clusters_run_id ON talkbase.clusters (run_id);
COMMENT ON TABLE talkbase.clusters IS 'A group of nodes.';
COMMENT ON COLUMN talkbase.clusters.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.clusters.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.clusters.name IS 'Name.';
COMMENT ON COLUMN talkbase.clusters.level IS 'Level, from 1.';
COMMENT ON COLUMN talkbase.clusters.parent_id IS 'The cluster that it lies in.';
COMMENT ON COLUMN talkbase.clusters.summary IS 'Summary.';
COMMENT ON COLUMN talkbase.clusters.key_themes IS 'Themes.';
COMMENT ON COLUMN talkbase.clusters.algorithm IS 'How it was made.';
COMMENT ON COLUMN talkbase.clusters.auto_generated IS 'Whether a machine made it.';
COMMENT ON COLUMN talkbase.clusters.confidence IS '0 to 1.';
COMMENT ON COLUMN talkbase.clusters.color IS 'Colour.';
COMMENT ON COLUMN talkbase.clusters.icon IS 'Icon.';
COMMENT ON COLUMN talkbase.clusters.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.clusters.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.clusters.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.clusters.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.conversation_vectors (
    conversation_id UUID NOT NULL,
    model TEXT NOT NULL,
    dimensions INTEGER NOT NULL,
    embedding halfvec NOT NULL,
    tokens BIGINT,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_conversation_vectors PRIMARY KEY (conversation_id, model),
    CONSTRAINT ck_conversation_vectors_dimensions CHECK (vector_dims(embedding) = dimensions),
    CONSTRAINT fk_conversation_vectors_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_conversation_vectors_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_conversation_vectors_run_id ON talkbase.conversation_vectors (run_id);
COMMENT ON TABLE talkbase.conversation_vectors IS 'Embedding of a whole conversation, of any width, with its model; mostly taken over from other systems.';
COMMENT ON COLUMN talkbase.conversation_vectors.conversation_id IS 'The conversation.';
COMMENT ON COLUMN talkbase.conversation_vectors.model IS 'Model that made the vector.';
COMMENT ON COLUMN talkbase.conversation_vectors.dimensions IS 'Width of the vector.';
COMMENT ON COLUMN talkbase.conversation_vectors.embedding IS 'The vector.';
COMMENT ON COLUMN talkbase.conversation_vectors.tokens IS 'Number of tokens behind it, where known.';
COMMENT ON COLUMN talkbase.conversation_vectors.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.conversation_vectors.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.conversation_vectors.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.emotions (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    start_time DOUBLE PRECISION NOT NULL,
    end_time DOUBLE PRECISION,
    label TEXT NOT NULL,
    confidence DOUBLE PRECISION,
    valence DOUBLE PRECISION,
    arousal DOUBLE PRECISION,
    modality TEXT,
    person_id UUID,
    support TEXT DEFAULT 'evidence' NOT NULL,
    support_reason TEXT,
    source_metadata JSONB,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_emotions PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_emotions_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_emotions_label CHECK (label IN ('neutral', 'happy', 'serious', 'passionate', 'confident', 'hopeful')),
    CONSTRAINT ck_emotions_modality CHECK (modality IN ('face', 'voice', 'words', 'combined')),
    CONSTRAINT ck_emotions_support CHECK (support IN ('evidence', 'imported', 'unsupported')),
    CONSTRAINT ck_emotions_confidence CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT ck_emotions_valence CHECK (valence >= -1 AND valence <= 1),
    CONSTRAINT ck_emotions_arousal CHECK (arousal >= -1 AND arousal <= 1),
    CONSTRAINT ck_emotions_span CHECK (end_time >= start_time),
    CONSTRAINT fk_emotions_person_id FOREIGN KEY(person_id) REFERENCES talkbase.people (id) ON DELETE SET NULL,
    CONSTRAINT fk_emotions_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_emotions_label ON talkbase.emotions (label);
CREATE INDEX ix_emotions_person_id ON talkbase.emotions (person_id);
CREATE INDEX ix_emotions_run_id ON talkbase.emotions (run_id);
CREATE INDEX ix_emotions_time ON talkbase.emotions (conversation_id, start_time);
COMMENT ON TABLE talkbase.emotions IS 'A feeling at a second, with the inputs that the label was mapped from.';
COMMENT ON COLUMN talkbase.emotions.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.emotions.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.emotions.start_time IS 'Second in the recording.';
COMMENT ON COLUMN talkbase.emotions.end_time IS 'End in seconds, where it lasts.';
COMMENT ON COLUMN talkbase.emotions.label IS 'Feeling.';
COMMENT ON COLUMN talkbase.emotions.confidence IS '0 to 1; null where nothing measured it.';
COMMENT ON COLUMN talkbase.emotions.valence IS 'Pleasantness, -1 to 1 (Russell 1980).';
COMMENT ON COLUMN talkbase.emotions.arousal IS 'Activation, -1 to 1 (Russell 1980).';
COMMENT ON COLUMN talkbase.emotions.modality IS 'What it was read from.';
COMMENT ON COLUMN talkbase.emotions.person_id IS 'Whose feeling.';
COMMENT ON COLUMN talkbase.emotions.support IS 'What it rests on.';
COMMENT ON COLUMN talkbase.emotions.support_reason IS 'Why it is marked unsupported or imported.';
COMMENT ON COLUMN talkbase.emotions.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.emotions.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.emotions.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.emotions.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.faces (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    start_time DOUBLE PRECISION NOT NULL,
    end_time DOUBLE PRECISION,
    boxes JSONB,
    confidence DOUBLE PRECISION,
    vector halfvec,
    model TEXT,
    person_id UUID,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_faces PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_faces_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_faces_confidence CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT ck_faces_span CHECK (end_time >= start_time),
    CONSTRAINT fk_faces_person_id FOREIGN KEY(person_id) REFERENCES talkbase.people (id) ON DELETE SET NULL,
    CONSTRAINT fk_faces_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_faces_person_id ON talkbase.faces (person_id);
CREATE INDEX ix_faces_run_id ON talkbase.faces (run_id);
CREATE INDEX ix_faces_time ON talkbase.faces (conversation_id, start_time);
COMMENT ON TABLE talkbase.faces IS 'A face and where it was seen.';
COMMENT ON COLUMN talkbase.faces.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.faces.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.faces.start_time IS 'Start in seconds.';
COMMENT ON COLUMN talkbase.faces.end_time IS 'End in seconds.';
COMMENT ON COLUMN talkbase.faces.boxes IS 'Where it was: [{time, x, y, width, height}], as fractions of the picture.';
COMMENT ON COLUMN talkbase.faces.confidence IS '0 to 1.';
COMMENT ON COLUMN talkbase.faces.vector IS 'Face vector; only where identity by face is turned on.';
COMMENT ON COLUMN talkbase.faces.model IS 'Model that made the vector.';
COMMENT ON COLUMN talkbase.faces.person_id IS 'Whose face.';
COMMENT ON COLUMN talkbase.faces.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.faces.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.faces.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.gestures (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    start_time DOUBLE PRECISION NOT NULL,
    end_time DOUBLE PRECISION,
    type TEXT NOT NULL,
    description TEXT,
    confidence DOUBLE PRECISION,
    person_id UUID,
    support TEXT DEFAULT 'evidence' NOT NULL,
    support_reason TEXT,
    source_metadata JSONB,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_gestures PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_gestures_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_gestures_type CHECK (type IN ('hand_raise', 'pointing', 'open_arms', 'hand_gesture')),
    CONSTRAINT ck_gestures_support CHECK (support IN ('evidence', 'imported', 'unsupported')),
    CONSTRAINT ck_gestures_confidence CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT ck_gestures_span CHECK (end_time >= start_time),
    CONSTRAINT fk_gestures_person_id FOREIGN KEY(person_id) REFERENCES talkbase.people (id) ON DELETE SET NULL,
    CONSTRAINT fk_gestures_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_gestures_person_id ON talkbase.gestures (person_id);
CREATE INDEX ix_gestures_run_id ON talkbase.gestures (run_id);
CREATE INDEX ix_gestures_time ON talkbase.gestures (conversation_id, start_time);
CREATE INDEX ix_gestures_type ON talkbase.gestures (type);
COMMENT ON TABLE talkbase.gestures IS 'A gesture and when it was made.';
COMMENT ON COLUMN talkbase.gestures.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.gestures.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.gestures.start_time IS 'Start in seconds.';
COMMENT ON COLUMN talkbase.gestures.end_time IS 'End in seconds.';
COMMENT ON COLUMN talkbase.gestures.type IS 'Kind of gesture.';
COMMENT ON COLUMN talkbase.gestures.description IS 'Description for people.';
COMMENT ON COLUMN talkbase.gestures.confidence IS '0 to 1; null where nothing measured it.';
COMMENT ON COLUMN talkbase.gestures.person_id IS 'Whose gesture.';
COMMENT ON COLUMN talkbase.gestures.support IS 'What it rests on.';
COMMENT ON COLUMN talkbase.gestures.support_reason IS 'Why it is marked unsupported or imported.';
COMMENT ON COLUMN talkbase.gestures.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.gestures.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.gestures.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.gestures.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.insights (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    analysis_id UUID,
    main_topics JSONB DEFAULT '[]' NOT NULL,
    rhetorical_techniques JSONB DEFAULT '[]' NOT NULL,
    argument_structure JSONB DEFAULT '[]' NOT NULL,
    persuasive_elements JSONB DEFAULT '[]' NOT NULL,
    persuasion_score DOUBLE PRECISION,
    overall_tone TEXT,
    transcript_summary TEXT,
    support TEXT DEFAULT 'evidence' NOT NULL,
    support_reason TEXT,
    source_metadata JSONB,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_insights PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_insights_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT uq_insights_analysis_id UNIQUE (analysis_id),
    CONSTRAINT ck_insights_support CHECK (support IN ('evidence', 'imported', 'unsupported')),
    CONSTRAINT ck_insights_persuasion_score CHECK (persuasion_score >= 1 AND persuasion_score <= 10),
    CONSTRAINT fk_insights_analysis_id FOREIGN KEY(analysis_id) REFERENCES talkbase.analyses (id) ON DELETE CASCADE,
    CONSTRAINT fk_insights_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_insights_analysis_id ON talkbase.insights (analysis_id);
CREATE INDEX ix_insights_persuasion ON talkbase.insights (persuasion_score) WHERE persuasion_score IS NOT NULL;
CREATE INDEX ix_insights_run_id ON talkbase.insights (run_id);
CREATE INDEX ix_insights_topics ON talkbase.insights USING gin (main_topics);
COMMENT ON TABLE talkbase.insights IS 'What an analysis says of a talk as a whole; one an analysis.';
COMMENT ON COLUMN talkbase.insights.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.insights.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.insights.analysis_id IS 'The analysis.';
COMMENT ON COLUMN talkbase.insights.main_topics IS 'Topics, as an array.';
COMMENT ON COLUMN talkbase.insights.rhetorical_techniques IS 'Techniques, as an array.';
COMMENT ON COLUMN talkbase.insights.argument_structure IS 'How the argument is built, as an array.';
COMMENT ON COLUMN talkbase.insights.persuasive_elements IS 'What persuades, as an array.';
COMMENT ON COLUMN talkbase.insights.persuasion_score IS '1 to 10; null where no model supports it.';
COMMENT ON COLUMN talkbase.insights.overall_tone IS 'Tone in words.';
COMMENT ON COLUMN talkbase.insights.transcript_summary IS 'Summary of the transcript.';
COMMENT ON COLUMN talkbase.insights.support IS 'What it rests on.';
COMMENT ON COLUMN talkbase.insights.support_reason IS 'Why it is marked unsupported or imported.';
COMMENT ON COLUMN talkbase.insights.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.insights.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.insights.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.insights.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.questions (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    conversation_id UUID,
    parent_id UUID,
    question TEXT NOT NULL,
    answer TEXT,
    language TEXT,
    citations JSONB DEFAULT '[]' NOT NULL,
    candidates JSONB DEFAULT '[]' NOT NULL,
    model TEXT,
    refused BOOLEAN DEFAULT false NOT NULL,
    stale BOOLEAN DEFAULT false NOT NULL,
    asked_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    support TEXT DEFAULT 'evidence' NOT NULL,
    source_key TEXT,
    source_metadata JSONB,
    latency_ms INTEGER,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_questions PRIMARY KEY (id),
    CONSTRAINT ck_questions_support CHECK (support IN ('evidence', 'imported', 'unsupported')),
    CONSTRAINT fk_questions_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE,
    CONSTRAINT fk_questions_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_questions_parent_id FOREIGN KEY(parent_id) REFERENCES talkbase.questions (id) ON DELETE SET NULL,
    CONSTRAINT fk_questions_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_questions_conversation_id ON talkbase.questions (conversation_id);
CREATE INDEX ix_questions_owner_id ON talkbase.questions (owner_id);
CREATE INDEX ix_questions_parent_id ON talkbase.questions (parent_id);
CREATE INDEX ix_questions_run_id ON talkbase.questions (run_id);
COMMENT ON TABLE talkbase.questions IS 'A question that was asked, with all that is needed to replay its answer.';
COMMENT ON COLUMN talkbase.questions.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.questions.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.questions.conversation_id IS 'Limited to this conversation; null for all.';
COMMENT ON COLUMN talkbase.questions.parent_id IS 'The question that it follows up.';
COMMENT ON COLUMN talkbase.questions.question IS 'The question.';
COMMENT ON COLUMN talkbase.questions.answer IS 'The answer; null where it was refused.';
COMMENT ON COLUMN talkbase.questions.language IS 'Language of the question.';
COMMENT ON COLUMN talkbase.questions.citations IS 'Citations, in the order of the answer.';
COMMENT ON COLUMN talkbase.questions.candidates IS 'What was retrieved, with scores.';
COMMENT ON COLUMN talkbase.questions.model IS 'What answered.';
COMMENT ON COLUMN talkbase.questions.refused IS 'Whether no evidence was found.';
COMMENT ON COLUMN talkbase.questions.stale IS 'Whether cited evidence changed since.';
COMMENT ON COLUMN talkbase.questions.asked_at IS 'When.';
COMMENT ON COLUMN talkbase.questions.support IS 'What the answer rests on.';
COMMENT ON COLUMN talkbase.questions.source_key IS 'Its key in the system it was taken over from.';
COMMENT ON COLUMN talkbase.questions.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.questions.latency_ms IS 'How long it took.';
COMMENT ON COLUMN talkbase.questions.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.questions.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.questions.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.scenes (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    position INTEGER NOT NULL,
    start_time DOUBLE PRECISION NOT NULL,
    end_time DOUBLE PRECISION,
    text TEXT,
    image_sha256 TEXT,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_scenes PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_scenes_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_scenes_span CHECK (end_time >= start_time),
    CONSTRAINT fk_scenes_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_scenes_run_id ON talkbase.scenes (run_id);
CREATE INDEX ix_scenes_time ON talkbase.scenes (conversation_id, start_time);
COMMENT ON TABLE talkbase.scenes IS 'A stretch of the picture without a cut, and the text on it (slides).';
COMMENT ON COLUMN talkbase.scenes.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.scenes.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.scenes.position IS 'Place in the recording, from 0.';
COMMENT ON COLUMN talkbase.scenes.start_time IS 'Start in seconds.';
COMMENT ON COLUMN talkbase.scenes.end_time IS 'End in seconds.';
COMMENT ON COLUMN talkbase.scenes.text IS 'Text read from the picture.';
COMMENT ON COLUMN talkbase.scenes.image_sha256 IS 'Its picture in the media store.';
COMMENT ON COLUMN talkbase.scenes.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.scenes.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.scenes.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.speakers (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    label TEXT NOT NULL,
    name TEXT,
    role TEXT,
    person_id UUID,
    voice halfvec(256),
    voice_model TEXT,
    voice_seconds DOUBLE PRECISION,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_speakers PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_speakers_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT uq_speakers_conversation_id_label UNIQUE (conversation_id, label),
    CONSTRAINT fk_speakers_person_id FOREIGN KEY(person_id) REFERENCES talkbase.people (id) ON DELETE SET NULL,
    CONSTRAINT fk_speakers_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_speakers_person_id ON talkbase.speakers (person_id);
CREATE INDEX ix_speakers_run_id ON talkbase.speakers (run_id);
COMMENT ON TABLE talkbase.speakers IS 'A voice in one conversation; `people` says who it is across conversations.';
COMMENT ON COLUMN talkbase.speakers.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.speakers.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.speakers.label IS 'Short label, unique in the conversation.';
COMMENT ON COLUMN talkbase.speakers.name IS 'Name, once somebody knows it.';
COMMENT ON COLUMN talkbase.speakers.role IS 'Role in the conversation (host, guest, …).';
COMMENT ON COLUMN talkbase.speakers.person_id IS 'Who it is.';
COMMENT ON COLUMN talkbase.speakers.voice IS 'Voice vector, L2-normalised; only where voice identity is turned on.';
COMMENT ON COLUMN talkbase.speakers.voice_model IS 'Model that made the voice vector.';
COMMENT ON COLUMN talkbase.speakers.voice_seconds IS 'Seconds of clean speech behind the voice vector.';
COMMENT ON COLUMN talkbase.speakers.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.speakers.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.speakers.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.statements (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    conversation_id UUID,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    support TEXT NOT NULL,
    support_reason TEXT,
    stale BOOLEAN DEFAULT false NOT NULL,
    stale_at TIMESTAMP WITH TIME ZONE,
    author TEXT DEFAULT 'machine' NOT NULL,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_statements PRIMARY KEY (id),
    CONSTRAINT ck_statements_kind CHECK (kind IN ('insight', 'fact', 'claim', 'key_moment', 'summary', 'answer', 'topic', 'node')),
    CONSTRAINT ck_statements_support CHECK (support IN ('evidence', 'imported', 'unsupported')),
    CONSTRAINT ck_statements_author CHECK (author IN ('machine', 'person', 'source')),
    CONSTRAINT ck_statements_machine_has_run CHECK (author <> 'machine' OR run_id IS NOT NULL),
    CONSTRAINT fk_statements_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE,
    CONSTRAINT fk_statements_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_statements_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE CASCADE
);
CREATE INDEX ix_statements_conversation_id ON talkbase.statements (conversation_id);
CREATE INDEX ix_statements_owner_id ON talkbase.statements (owner_id);
CREATE INDEX ix_statements_run_id ON talkbase.statements (run_id);
CREATE INDEX ix_statements_stale ON talkbase.statements (conversation_id) WHERE stale;
COMMENT ON TABLE talkbase.statements IS 'The common kind behind everything asserted from words: insight item, fact, claim, key moment, summary or answer sentence. A machine-made one without evidence cannot be committed.';
COMMENT ON COLUMN talkbase.statements.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.statements.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.statements.conversation_id IS 'What it is about; null where it spans several.';
COMMENT ON COLUMN talkbase.statements.kind IS 'What kind of statement it is.';
COMMENT ON COLUMN talkbase.statements.text IS 'The statement in words.';
COMMENT ON COLUMN talkbase.statements.support IS 'What it rests on.';
COMMENT ON COLUMN talkbase.statements.support_reason IS 'Why it is marked imported or unsupported.';
COMMENT ON COLUMN talkbase.statements.stale IS 'Whether evidence changed since it was made.';
COMMENT ON COLUMN talkbase.statements.stale_at IS 'When it became stale.';
COMMENT ON COLUMN talkbase.statements.author IS 'Who made it.';
COMMENT ON COLUMN talkbase.statements.run_id IS 'The run that made it, with which it goes; null where none did.';
COMMENT ON COLUMN talkbase.statements.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.statements.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.conversation_topics (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    topic_id UUID NOT NULL,
    relevance DOUBLE PRECISION,
    start_time DOUBLE PRECISION,
    end_time DOUBLE PRECISION,
    statement_id UUID,
    source_metadata JSONB,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_conversation_topics PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_conversation_topics_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_conversation_topics_relevance CHECK (relevance >= 0 AND relevance <= 1),
    CONSTRAINT ck_conversation_topics_span CHECK (end_time >= start_time),
    CONSTRAINT fk_conversation_topics_topic_id FOREIGN KEY(topic_id) REFERENCES talkbase.topics (id) ON DELETE CASCADE,
    CONSTRAINT fk_conversation_topics_statement_id FOREIGN KEY(statement_id) REFERENCES talkbase.statements (id) ON DELETE CASCADE,
    CONSTRAINT fk_conversation_topics_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_conversation_topics_run_id ON talkbase.conversation_topics (run_id);
CREATE INDEX ix_conversation_topics_statement_id ON talkbase.conversation_topics (statement_id);
CREATE INDEX ix_conversation_topics_topic_id ON talkbase.conversation_topics (topic_id);
COMMENT ON TABLE talkbase.conversation_topics IS 'That a conversation is about a topic, and where in it.';
COMMENT ON COLUMN talkbase.conversation_topics.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.conversation_topics.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.conversation_topics.topic_id IS 'The topic.';
COMMENT ON COLUMN talkbase.conversation_topics.relevance IS 'How much, 0 to 1.';
COMMENT ON COLUMN talkbase.conversation_topics.start_time IS 'Where it starts, in seconds; null for the whole conversation.';
COMMENT ON COLUMN talkbase.conversation_topics.end_time IS 'Where it ends.';
COMMENT ON COLUMN talkbase.conversation_topics.statement_id IS 'The statement with its evidence.';
COMMENT ON COLUMN talkbase.conversation_topics.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.conversation_topics.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.conversation_topics.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.conversation_topics.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.facts (
    id UUID NOT NULL,
    owner_id UUID NOT NULL,
    person_id UUID,
    conversation_id UUID,
    category TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    confidence DOUBLE PRECISION,
    single_valued BOOLEAN DEFAULT false NOT NULL,
    valid_from TIMESTAMP WITH TIME ZONE,
    valid_to TIMESTAMP WITH TIME ZONE,
    recorded_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    superseded_by UUID,
    statement_id UUID,
    source_metadata JSONB,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_facts PRIMARY KEY (id),
    CONSTRAINT ck_facts_confidence CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT ck_facts_validity CHECK (valid_to >= valid_from),
    CONSTRAINT ex_facts_one_current EXCLUDE USING gist (person_id WITH =, category WITH =, key WITH =, tstzrange(valid_from, valid_to) WITH &&) WHERE (single_valued AND superseded_by IS NULL),
    CONSTRAINT fk_facts_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE,
    CONSTRAINT fk_facts_person_id FOREIGN KEY(person_id) REFERENCES talkbase.people (id) ON DELETE CASCADE,
    CONSTRAINT fk_facts_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_facts_superseded_by FOREIGN KEY(superseded_by) REFERENCES talkbase.facts (id) ON DELETE SET NULL,
    CONSTRAINT fk_facts_statement_id FOREIGN KEY(statement_id) REFERENCES talkbase.statements (id) ON DELETE CASCADE,
    CONSTRAINT fk_facts_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_facts_conversation_id ON talkbase.facts (conversation_id);
CREATE INDEX ix_facts_current ON talkbase.facts (person_id, category, key) WHERE superseded_by IS NULL;
CREATE INDEX ix_facts_owner_id ON talkbase.facts (owner_id);
CREATE INDEX ix_facts_person_id ON talkbase.facts (person_id);
CREATE INDEX ix_facts_run_id ON talkbase.facts (run_id);
CREATE INDEX ix_facts_statement_id ON talkbase.facts (statement_id);
CREATE INDEX ix_facts_superseded_by ON talkbase.facts (superseded_by);
COMMENT ON TABLE talkbase.facts IS 'Something known about a person, with the time in which it holds. Superseded, not deleted.';
COMMENT ON COLUMN talkbase.facts.id IS 'Key: a UUIDv7 made when the row was made.';
COMMENT ON COLUMN talkbase.facts.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.facts.person_id IS 'About whom.';
COMMENT ON COLUMN talkbase.facts.conversation_id IS 'From which conversation.';
COMMENT ON COLUMN talkbase.facts.category IS 'Category.';
COMMENT ON COLUMN talkbase.facts.key IS 'What the value is of.';
COMMENT ON COLUMN talkbase.facts.value IS 'The value.';
COMMENT ON COLUMN talkbase.facts.confidence IS '0 to 1; null where nothing measured it.';
COMMENT ON COLUMN talkbase.facts.single_valued IS 'Whether there can be only one value at a time.';
COMMENT ON COLUMN talkbase.facts.valid_from IS 'From when it holds; null for always.';
COMMENT ON COLUMN talkbase.facts.valid_to IS 'Until when it holds; null for still.';
COMMENT ON COLUMN talkbase.facts.recorded_at IS 'When it became known.';
COMMENT ON COLUMN talkbase.facts.superseded_by IS 'The fact that took its place.';
COMMENT ON COLUMN talkbase.facts.statement_id IS 'The statement with its evidence.';
COMMENT ON COLUMN talkbase.facts.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.facts.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.facts.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.facts.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.key_moments (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    start_time DOUBLE PRECISION,
    end_time DOUBLE PRECISION,
    type TEXT NOT NULL,
    description TEXT NOT NULL,
    score DOUBLE PRECISION,
    statement_id UUID,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_key_moments PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_key_moments_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_key_moments_type CHECK (type IN ('emotion', 'gesture', 'combined', 'speech', 'scene', 'decision', 'highlight')),
    CONSTRAINT ck_key_moments_score CHECK (score >= 0 AND score <= 1),
    CONSTRAINT ck_key_moments_span CHECK (end_time >= start_time),
    CONSTRAINT fk_key_moments_statement_id FOREIGN KEY(statement_id) REFERENCES talkbase.statements (id) ON DELETE CASCADE,
    CONSTRAINT fk_key_moments_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_key_moments_run_id ON talkbase.key_moments (run_id);
CREATE INDEX ix_key_moments_statement_id ON talkbase.key_moments (statement_id);
CREATE INDEX ix_key_moments_time ON talkbase.key_moments (conversation_id, start_time);
COMMENT ON TABLE talkbase.key_moments IS 'A moment worth going back to.';
COMMENT ON COLUMN talkbase.key_moments.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.key_moments.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.key_moments.start_time IS 'Second in the recording; null where nothing timed it.';
COMMENT ON COLUMN talkbase.key_moments.end_time IS 'End in seconds.';
COMMENT ON COLUMN talkbase.key_moments.type IS 'What makes it one.';
COMMENT ON COLUMN talkbase.key_moments.description IS 'Description for people.';
COMMENT ON COLUMN talkbase.key_moments.score IS 'How outstanding, 0 to 1.';
COMMENT ON COLUMN talkbase.key_moments.statement_id IS 'The statement with its evidence.';
COMMENT ON COLUMN talkbase.key_moments.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.key_moments.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.key_moments.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.nodes (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    name TEXT NOT NULL,
    summary TEXT,
    key_points TEXT[],
    type TEXT,
    level INTEGER DEFAULT '1' NOT NULL,
    parent_id UUID,
    predecessor_id UUID,
    successor_id UUID,
    zoom_levels INTEGER[],
    dialogue_type TEXT,
    speaker_info JSONB,
    speaker_transitions JSONB,
    start_time DOUBLE PRECISION,
    end_time DOUBLE PRECISION,
    confidence DOUBLE PRECISION,
    is_bookmark BOOLEAN DEFAULT false NOT NULL,
    is_contextual_progress BOOLEAN DEFAULT false NOT NULL,
    is_tangent BOOLEAN DEFAULT false NOT NULL,
    is_crux BOOLEAN DEFAULT false NOT NULL,
    canvas_x DOUBLE PRECISION,
    canvas_y DOUBLE PRECISION,
    canvas_width DOUBLE PRECISION,
    canvas_height DOUBLE PRECISION,
    canvas_color TEXT,
    statement_id UUID,
    source_metadata JSONB,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_nodes PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_nodes_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_nodes_level CHECK (level >= 1),
    CONSTRAINT ck_nodes_dialogue_type CHECK (dialogue_type IN ('monologue', 'dialogue', 'multi-party', 'consensus')),
    CONSTRAINT ck_nodes_confidence CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT ck_nodes_span CHECK (end_time >= start_time),
    CONSTRAINT fk_nodes_conversation_id_parent_id FOREIGN KEY(conversation_id, parent_id) REFERENCES talkbase.nodes (conversation_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_nodes_conversation_id_predecessor_id FOREIGN KEY(conversation_id, predecessor_id) REFERENCES talkbase.nodes (conversation_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_nodes_conversation_id_successor_id FOREIGN KEY(conversation_id, successor_id) REFERENCES talkbase.nodes (conversation_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_nodes_statement_id FOREIGN KEY(statement_id) REFERENCES talkbase.statements (id) ON DELETE SET NULL,
    CONSTRAINT fk_nodes_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_nodes_bookmarks ON talkbase.nodes (conversation_id) WHERE is_bookmark;
CREATE INDEX ix_nodes_level ON talkbase.nodes (conversation_id, level);
CREATE INDEX ix_nodes_parent_id ON talkbase.nodes (conversation_id, parent_id);
CREATE INDEX ix_nodes_predecessor_id ON talkbase.nodes (conversation_id, predecessor_id);
CREATE INDEX ix_nodes_run_id ON talkbase.nodes (run_id);
CREATE INDEX ix_nodes_statement_id ON talkbase.nodes (statement_id);
CREATE INDEX ix_nodes_successor_id ON talkbase.nodes (conversation_id, successor_id);
COMMENT ON TABLE talkbase.nodes IS 'A segment of a conversation''s threads at one zoom level.';
COMMENT ON COLUMN talkbase.nodes.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.nodes.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.nodes.name IS 'Name.';
COMMENT ON COLUMN talkbase.nodes.summary IS 'Summary.';
COMMENT ON COLUMN talkbase.nodes.key_points IS 'Key points.';
COMMENT ON COLUMN talkbase.nodes.type IS 'Type of node.';
COMMENT ON COLUMN talkbase.nodes.level IS 'Zoom level, from 1 (finest).';
COMMENT ON COLUMN talkbase.nodes.parent_id IS 'The node of the next coarser level.';
COMMENT ON COLUMN talkbase.nodes.predecessor_id IS 'The node before it in time.';
COMMENT ON COLUMN talkbase.nodes.successor_id IS 'The node after it in time.';
COMMENT ON COLUMN talkbase.nodes.zoom_levels IS 'Zoom levels at which it is visible.';
COMMENT ON COLUMN talkbase.nodes.dialogue_type IS 'How many speak.';
COMMENT ON COLUMN talkbase.nodes.speaker_info IS 'Who speaks how much in it.';
COMMENT ON COLUMN talkbase.nodes.speaker_transitions IS 'Who follows whom.';
COMMENT ON COLUMN talkbase.nodes.start_time IS 'Start in seconds.';
COMMENT ON COLUMN talkbase.nodes.end_time IS 'End in seconds.';
COMMENT ON COLUMN talkbase.nodes.confidence IS '0 to 1.';
COMMENT ON COLUMN talkbase.nodes.is_bookmark IS 'Whether a person marked it.';
COMMENT ON COLUMN talkbase.nodes.is_contextual_progress IS 'Whether it moves the conversation on.';
COMMENT ON COLUMN talkbase.nodes.is_tangent IS 'Whether it leads away.';
COMMENT ON COLUMN talkbase.nodes.is_crux IS 'Whether the matter turns on it.';
COMMENT ON COLUMN talkbase.nodes.canvas_x IS 'Place on the canvas.';
COMMENT ON COLUMN talkbase.nodes.canvas_y IS 'Place on the canvas.';
COMMENT ON COLUMN talkbase.nodes.canvas_width IS 'Width on the canvas.';
COMMENT ON COLUMN talkbase.nodes.canvas_height IS 'Height on the canvas.';
COMMENT ON COLUMN talkbase.nodes.canvas_color IS 'Colour on the canvas.';
COMMENT ON COLUMN talkbase.nodes.statement_id IS 'The statement with its evidence.';
COMMENT ON COLUMN talkbase.nodes.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.nodes.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.nodes.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.nodes.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.speaker_turns (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    speaker_id UUID NOT NULL,
    start_time DOUBLE PRECISION NOT NULL,
    end_time DOUBLE PRECISION NOT NULL,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_speaker_turns PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_speaker_turns_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_speaker_turns_conversation_id_speaker_id FOREIGN KEY(conversation_id, speaker_id) REFERENCES talkbase.speakers (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_speaker_turns_span CHECK (end_time >= start_time),
    CONSTRAINT fk_speaker_turns_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_speaker_turns_run_id ON talkbase.speaker_turns (run_id);
CREATE INDEX ix_speaker_turns_speaker_id ON talkbase.speaker_turns (conversation_id, speaker_id);
CREATE INDEX ix_speaker_turns_time ON talkbase.speaker_turns (conversation_id, start_time);
COMMENT ON TABLE talkbase.speaker_turns IS 'When a speaker''s voice was heard; turns of different speakers may overlap, utterances do not.';
COMMENT ON COLUMN talkbase.speaker_turns.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.speaker_turns.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.speaker_turns.speaker_id IS 'The speaker.';
COMMENT ON COLUMN talkbase.speaker_turns.start_time IS 'Start in seconds.';
COMMENT ON COLUMN talkbase.speaker_turns.end_time IS 'End in seconds.';
COMMENT ON COLUMN talkbase.speaker_turns.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.speaker_turns.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.speaker_turns.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.utterances (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    position INTEGER NOT NULL,
    speaker_id UUID,
    start_time DOUBLE PRECISION,
    end_time DOUBLE PRECISION,
    said_at TIMESTAMP WITH TIME ZONE,
    text TEXT NOT NULL,
    machine_text TEXT,
    version INTEGER DEFAULT '1' NOT NULL,
    language TEXT,
    search_config TEXT DEFAULT 'simple' NOT NULL,
    confidence DOUBLE PRECISION,
    suspect TEXT,
    words JSONB,
    platform_metadata JSONB,
    run_id UUID,
    tsv TSVECTOR GENERATED ALWAYS AS (CASE search_config WHEN 'arabic' THEN to_tsvector('pg_catalog.arabic', coalesce(text, '')) WHEN 'armenian' THEN to_tsvector('pg_catalog.armenian', coalesce(text, '')) WHEN 'basque' THEN to_tsvector('pg_catalog.basque', coalesce(text, '')) WHEN 'catalan' THEN to_tsvector('pg_catalog.catalan', coalesce(text, '')) WHEN 'danish' THEN to_tsvector('pg_catalog.danish', coalesce(text, '')) WHEN 'dutch' THEN to_tsvector('pg_catalog.dutch', coalesce(text, '')) WHEN 'english' THEN to_tsvector('pg_catalog.english', coalesce(text, '')) WHEN 'finnish' THEN to_tsvector('pg_catalog.finnish', coalesce(text, '')) WHEN 'french' THEN to_tsvector('pg_catalog.french', coalesce(text, '')) WHEN 'german' THEN to_tsvector('pg_catalog.german', coalesce(text, '')) WHEN 'greek' THEN to_tsvector('pg_catalog.greek', coalesce(text, '')) WHEN 'hindi' THEN to_tsvector('pg_catalog.hindi', coalesce(text, '')) WHEN 'hungarian' THEN to_tsvector('pg_catalog.hungarian', coalesce(text, '')) WHEN 'indonesian' THEN to_tsvector('pg_catalog.indonesian', coalesce(text, '')) WHEN 'irish' THEN to_tsvector('pg_catalog.irish', coalesce(text, '')) WHEN 'italian' THEN to_tsvector('pg_catalog.italian', coalesce(text, '')) WHEN 'lithuanian' THEN to_tsvector('pg_catalog.lithuanian', coalesce(text, '')) WHEN 'nepali' THEN to_tsvector('pg_catalog.nepali', coalesce(text, '')) WHEN 'norwegian' THEN to_tsvector('pg_catalog.norwegian', coalesce(text, '')) WHEN 'portuguese' THEN to_tsvector('pg_catalog.portuguese', coalesce(text, '')) WHEN 'romanian' THEN to_tsvector('pg_catalog.romanian', coalesce(text, '')) WHEN 'russian' THEN to_tsvector('pg_catalog.russian', coalesce(text, '')) WHEN 'serbian' THEN to_tsvector('pg_catalog.serbian', coalesce(text, '')) WHEN 'spanish' THEN to_tsvector('pg_catalog.spanish', coalesce(text, '')) WHEN 'swedish' THEN to_tsvector('pg_catalog.swedish', coalesce(text, '')) WHEN 'tamil' THEN to_tsvector('pg_catalog.tamil', coalesce(text, '')) WHEN 'turkish' THEN to_tsvector('pg_catalog.turkish', coalesce(text, '')) WHEN 'yiddish' THEN to_tsvector('pg_catalog.yiddish', coalesce(text, '')) ELSE to_tsvector('pg_catalog.simple', coalesce(text, '')) END) STORED,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_utterances PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_utterances_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_utterances_conversation_id_speaker_id FOREIGN KEY(conversation_id, speaker_id) REFERENCES talkbase.speakers (conversation_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT ck_utterances_search_config CHECK (search_config IN ('simple', 'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'finnish', 'french', 'german', 'greek', 'hindi', 'hungarian', 'indonesian', 'irish', 'italian', 'lithuanian', 'nepali', 'norwegian', 'portuguese', 'romanian', 'russian', 'serbian', 'spanish', 'swedish', 'tamil', 'turkish', 'yiddish')),
    CONSTRAINT ck_utterances_suspect CHECK (suspect IN ('silence', 'music', 'noise', 'repetition', 'stock phrase', 'improbable')),
    CONSTRAINT ck_utterances_span CHECK (end_time >= start_time),
    CONSTRAINT ck_utterances_position CHECK (position >= 0),
    CONSTRAINT ck_utterances_version CHECK (version >= 1),
    CONSTRAINT ck_utterances_confidence CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT uq_utterances_conversation_id_position UNIQUE (conversation_id, position) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_utterances_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
)
 PARTITION BY RANGE (conversation_id);
CREATE INDEX ix_utterances_metadata ON talkbase.utterances USING gin (platform_metadata jsonb_path_ops);
CREATE INDEX ix_utterances_run_id ON talkbase.utterances (run_id);
CREATE INDEX ix_utterances_speaker_id ON talkbase.utterances (conversation_id, speaker_id);
CREATE INDEX ix_utterances_search_config ON talkbase.utterances (search_config);
CREATE INDEX ix_utterances_tsv ON talkbase.utterances USING gin (tsv);
COMMENT ON TABLE talkbase.utterances IS 'Something one speaker said: the unit of text, vector, search hit and evidence. Partitioned by year.';
COMMENT ON COLUMN talkbase.utterances.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.utterances.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.utterances.position IS 'Place in the conversation, from 0.';
COMMENT ON COLUMN talkbase.utterances.speaker_id IS 'Who said it; null where unknown.';
COMMENT ON COLUMN talkbase.utterances.start_time IS 'Start in seconds from the start of the recording; null where nothing timed it.';
COMMENT ON COLUMN talkbase.utterances.end_time IS 'End in seconds; null where nothing timed it.';
COMMENT ON COLUMN talkbase.utterances.said_at IS 'Wall-clock time (chats).';
COMMENT ON COLUMN talkbase.utterances.text IS 'The text as it stands now, corrections included.';
COMMENT ON COLUMN talkbase.utterances.machine_text IS 'The text as the machine or the source first gave it; never changed.';
COMMENT ON COLUMN talkbase.utterances.version IS 'Version of the text, from 1; each correction adds one.';
COMMENT ON COLUMN talkbase.utterances.language IS 'Language, as an ISO 639 code; null where unknown.';
COMMENT ON COLUMN talkbase.utterances.search_config IS 'PostgreSQL text search configuration of the text.';
COMMENT ON COLUMN talkbase.utterances.confidence IS 'How sure the recogniser was, 0 to 1; null where nothing measured it.';
COMMENT ON COLUMN talkbase.utterances.suspect IS 'Why the words may be invented (silence, repetition, …); null where nothing says so.';
COMMENT ON COLUMN talkbase.utterances.words IS 'Words with times and confidence: [{text, start, end, confidence}].';
COMMENT ON COLUMN talkbase.utterances.platform_metadata IS 'What the source said of this utterance that has no column here.';
COMMENT ON COLUMN talkbase.utterances.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.utterances.tsv IS 'Full-text vector of the text, in its own language.';
COMMENT ON COLUMN talkbase.utterances.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.utterances.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.voice_matches (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    speaker_id UUID NOT NULL,
    other_conversation_id UUID NOT NULL,
    other_speaker_id UUID NOT NULL,
    person_id UUID,
    distance DOUBLE PRECISION NOT NULL,
    margin DOUBLE PRECISION,
    status TEXT DEFAULT 'proposed' NOT NULL,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_voice_matches PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_voice_matches_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_voice_matches_conversation_id_speaker_id FOREIGN KEY(conversation_id, speaker_id) REFERENCES talkbase.speakers (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_voice_matches_other_conversation_id_other_speaker_id FOREIGN KEY(other_conversation_id, other_speaker_id) REFERENCES talkbase.speakers (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT uq_voice_matches_pair UNIQUE (conversation_id, speaker_id, other_conversation_id, other_speaker_id),
    CONSTRAINT ck_voice_matches_distance CHECK (distance >= 0 AND distance <= 2),
    CONSTRAINT ck_voice_matches_status CHECK (status IN ('proposed', 'accepted', 'rejected')),
    CONSTRAINT fk_voice_matches_person_id FOREIGN KEY(person_id) REFERENCES talkbase.people (id) ON DELETE SET NULL,
    CONSTRAINT fk_voice_matches_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_voice_matches_other ON talkbase.voice_matches (other_conversation_id, other_speaker_id);
CREATE INDEX ix_voice_matches_person_id ON talkbase.voice_matches (person_id);
CREATE INDEX ix_voice_matches_run_id ON talkbase.voice_matches (run_id);
CREATE INDEX ix_voice_matches_speaker_id ON talkbase.voice_matches (conversation_id, speaker_id);
COMMENT ON TABLE talkbase.voice_matches IS 'The same voice in two recordings, as a proposal: nobody is merged without a person''s word.';
COMMENT ON COLUMN talkbase.voice_matches.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.voice_matches.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.voice_matches.speaker_id IS 'The speaker.';
COMMENT ON COLUMN talkbase.voice_matches.other_conversation_id IS 'The conversation of the other speaker.';
COMMENT ON COLUMN talkbase.voice_matches.other_speaker_id IS 'The speaker of the other recording.';
COMMENT ON COLUMN talkbase.voice_matches.person_id IS 'Who the other speaker is, where known.';
COMMENT ON COLUMN talkbase.voice_matches.distance IS 'Cosine distance of the two voices, 0 to 2.';
COMMENT ON COLUMN talkbase.voice_matches.margin IS 'How much farther the next best candidate is; null where there is none.';
COMMENT ON COLUMN talkbase.voice_matches.status IS 'What a person said to it.';
COMMENT ON COLUMN talkbase.voice_matches.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.voice_matches.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.voice_matches.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.claims (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    node_id UUID,
    text TEXT NOT NULL,
    type TEXT NOT NULL,
    speaker_id UUID,
    strength DOUBLE PRECISION,
    confidence DOUBLE PRECISION,
    is_verifiable BOOLEAN,
    verification_status TEXT,
    fact_check JSONB,
    details JSONB,
    embedding halfvec,
    embedding_model TEXT,
    statement_id UUID,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_claims PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_claims_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_claims_type CHECK (type IN ('factual', 'normative', 'worldview')),
    CONSTRAINT ck_claims_verification_status CHECK (verification_status IN ('verified', 'false', 'misleading', 'unverifiable', 'pending')),
    CONSTRAINT ck_claims_strength CHECK (strength >= 0 AND strength <= 1),
    CONSTRAINT ck_claims_confidence CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT fk_claims_conversation_id_node_id FOREIGN KEY(conversation_id, node_id) REFERENCES talkbase.nodes (conversation_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_claims_conversation_id_speaker_id FOREIGN KEY(conversation_id, speaker_id) REFERENCES talkbase.speakers (conversation_id, id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk_claims_statement_id FOREIGN KEY(statement_id) REFERENCES talkbase.statements (id) ON DELETE CASCADE,
    CONSTRAINT fk_claims_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_claims_node_id ON talkbase.claims (conversation_id, node_id);
CREATE INDEX ix_claims_run_id ON talkbase.claims (run_id);
CREATE INDEX ix_claims_speaker_id ON talkbase.claims (conversation_id, speaker_id);
CREATE INDEX ix_claims_statement_id ON talkbase.claims (statement_id);
COMMENT ON TABLE talkbase.claims IS 'Something asserted in a conversation.';
COMMENT ON COLUMN talkbase.claims.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.claims.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.claims.node_id IS 'The thread segment it was made in.';
COMMENT ON COLUMN talkbase.claims.text IS 'The claim.';
COMMENT ON COLUMN talkbase.claims.type IS 'What kind of claim.';
COMMENT ON COLUMN talkbase.claims.speaker_id IS 'Who made it.';
COMMENT ON COLUMN talkbase.claims.strength IS 'How strongly it was made, 0 to 1.';
COMMENT ON COLUMN talkbase.claims.confidence IS 'How sure its finder was, 0 to 1.';
COMMENT ON COLUMN talkbase.claims.is_verifiable IS 'Whether it can be checked.';
COMMENT ON COLUMN talkbase.claims.verification_status IS 'Result of a check.';
COMMENT ON COLUMN talkbase.claims.fact_check IS 'Details of the check.';
COMMENT ON COLUMN talkbase.claims.details IS 'Normative type, values, premises, markers, as the source gives them.';
COMMENT ON COLUMN talkbase.claims.embedding IS 'Vector of the claim, of any width.';
COMMENT ON COLUMN talkbase.claims.embedding_model IS 'Model that made it.';
COMMENT ON COLUMN talkbase.claims.statement_id IS 'The statement with its evidence.';
COMMENT ON COLUMN talkbase.claims.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.claims.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.claims.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.cluster_nodes (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    cluster_id UUID NOT NULL,
    node_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_cluster_nodes PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_cluster_nodes_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT uq_cluster_nodes_conversation_id_cluster_id_node_id UNIQUE (conversation_id, cluster_id, node_id),
    CONSTRAINT fk_cluster_nodes_conversation_id_cluster_id FOREIGN KEY(conversation_id, cluster_id) REFERENCES talkbase.clusters (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_cluster_nodes_conversation_id_node_id FOREIGN KEY(conversation_id, node_id) REFERENCES talkbase.nodes (conversation_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_cluster_nodes_cluster_id ON talkbase.cluster_nodes (conversation_id, cluster_id);
CREATE INDEX ix_cluster_nodes_node_id ON talkbase.cluster_nodes (conversation_id, node_id);
COMMENT ON TABLE talkbase.cluster_nodes IS 'Which nodes lie in a cluster.';
COMMENT ON COLUMN talkbase.cluster_nodes.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.cluster_nodes.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.cluster_nodes.cluster_id IS 'The cluster.';
COMMENT ON COLUMN talkbase.cluster_nodes.node_id IS 'The node.';
COMMENT ON COLUMN talkbase.cluster_nodes.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.cluster_nodes.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.node_utterances (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    node_id UUID NOT NULL,
    utterance_id UUID NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_node_utterances PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_node_utterances_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT uq_node_utterances_conversation_id_node_id_utterance_id UNIQUE (conversation_id, node_id, utterance_id),
    CONSTRAINT fk_node_utterances_conversation_id_node_id FOREIGN KEY(conversation_id, node_id) REFERENCES talkbase.nodes (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_node_utterances_conversation_id_utterance_id FOREIGN KEY(conversation_id, utterance_id) REFERENCES talkbase.utterances (conversation_id, id) ON DELETE CASCADE
);
CREATE INDEX ix_node_utterances_node_id ON talkbase.node_utterances (conversation_id, node_id);
CREATE INDEX ix_node_utterances_utterance_id ON talkbase.node_utterances (conversation_id, utterance_id);
COMMENT ON TABLE talkbase.node_utterances IS 'Which utterances a node covers; those of level 1 cover each exactly once in talkbase''s own graphs.';
COMMENT ON COLUMN talkbase.node_utterances.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.node_utterances.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.node_utterances.node_id IS 'The node.';
COMMENT ON COLUMN talkbase.node_utterances.utterance_id IS 'The utterance.';
COMMENT ON COLUMN talkbase.node_utterances.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.node_utterances.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.relationships (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    from_node_id UUID NOT NULL,
    to_node_id UUID NOT NULL,
    type TEXT NOT NULL,
    subtype TEXT,
    explanation TEXT,
    strength DOUBLE PRECISION,
    confidence DOUBLE PRECISION,
    is_bidirectional BOOLEAN DEFAULT false NOT NULL,
    statement_id UUID,
    source_metadata JSONB,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_relationships PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_relationships_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_relationships_no_loop CHECK (from_node_id <> to_node_id),
    CONSTRAINT ck_relationships_strength CHECK (strength >= 0 AND strength <= 1),
    CONSTRAINT ck_relationships_confidence CHECK (confidence >= 0 AND confidence <= 1),
    CONSTRAINT fk_relationships_conversation_id_from_node_id FOREIGN KEY(conversation_id, from_node_id) REFERENCES talkbase.nodes (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_relationships_conversation_id_to_node_id FOREIGN KEY(conversation_id, to_node_id) REFERENCES talkbase.nodes (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_relationships_statement_id FOREIGN KEY(statement_id) REFERENCES talkbase.statements (id) ON DELETE SET NULL,
    CONSTRAINT fk_relationships_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_relationships_from_node_id ON talkbase.relationships (conversation_id, from_node_id);
CREATE INDEX ix_relationships_run_id ON talkbase.relationships (run_id);
CREATE INDEX ix_relationships_statement_id ON talkbase.relationships (statement_id);
CREATE INDEX ix_relationships_to_node_id ON talkbase.relationships (conversation_id, to_node_id);
COMMENT ON TABLE talkbase.relationships IS 'How two nodes relate.';
COMMENT ON COLUMN talkbase.relationships.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.relationships.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.relationships.from_node_id IS 'From.';
COMMENT ON COLUMN talkbase.relationships.to_node_id IS 'To.';
COMMENT ON COLUMN talkbase.relationships.type IS 'How.';
COMMENT ON COLUMN talkbase.relationships.subtype IS 'Finer.';
COMMENT ON COLUMN talkbase.relationships.explanation IS 'Why.';
COMMENT ON COLUMN talkbase.relationships.strength IS '0 to 1.';
COMMENT ON COLUMN talkbase.relationships.confidence IS '0 to 1.';
COMMENT ON COLUMN talkbase.relationships.is_bidirectional IS 'Whether it holds both ways.';
COMMENT ON COLUMN talkbase.relationships.statement_id IS 'The statement with its evidence.';
COMMENT ON COLUMN talkbase.relationships.source_metadata IS 'What the source said that has no column here.';
COMMENT ON COLUMN talkbase.relationships.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.relationships.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.relationships.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.token_vectors (
    conversation_id UUID NOT NULL,
    utterance_id UUID NOT NULL,
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    tokens INTEGER NOT NULL,
    vectors BYTEA NOT NULL,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_token_vectors PRIMARY KEY (conversation_id, utterance_id, model),
    CONSTRAINT fk_token_vectors_conversation_id_utterance_id FOREIGN KEY(conversation_id, utterance_id) REFERENCES talkbase.utterances (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_token_vectors_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_token_vectors_run_id ON talkbase.token_vectors (run_id);
COMMENT ON TABLE talkbase.token_vectors IS 'Compressed vectors of an utterance''s tokens, for late-interaction re-ranking.';
COMMENT ON COLUMN talkbase.token_vectors.conversation_id IS 'The conversation.';
COMMENT ON COLUMN talkbase.token_vectors.utterance_id IS 'The utterance.';
COMMENT ON COLUMN talkbase.token_vectors.model IS 'Model and projection that made them.';
COMMENT ON COLUMN talkbase.token_vectors.version IS 'Version of the text that was embedded.';
COMMENT ON COLUMN talkbase.token_vectors.tokens IS 'Number of tokens.';
COMMENT ON COLUMN talkbase.token_vectors.vectors IS 'tokens × width signed bytes, row by row.';
COMMENT ON COLUMN talkbase.token_vectors.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.token_vectors.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.token_vectors.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.utterance_texts (
    conversation_id UUID NOT NULL,
    utterance_id UUID NOT NULL,
    version INTEGER NOT NULL,
    text TEXT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_utterance_texts PRIMARY KEY (conversation_id, utterance_id, version),
    CONSTRAINT fk_utterance_texts_conversation_id_utterance_id FOREIGN KEY(conversation_id, utterance_id) REFERENCES talkbase.utterances (conversation_id, id) ON DELETE CASCADE
)
 PARTITION BY RANGE (conversation_id);
COMMENT ON TABLE talkbase.utterance_texts IS 'Every version that the text of an utterance ever had; append-only. Evidence points here. Partitioned by year.';
COMMENT ON COLUMN talkbase.utterance_texts.conversation_id IS 'The conversation.';
COMMENT ON COLUMN talkbase.utterance_texts.utterance_id IS 'The utterance.';
COMMENT ON COLUMN talkbase.utterance_texts.version IS 'Version, from 1.';
COMMENT ON COLUMN talkbase.utterance_texts.text IS 'The text in that version.';
COMMENT ON COLUMN talkbase.utterance_texts.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.utterance_texts.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.utterance_vectors (
    conversation_id UUID NOT NULL,
    utterance_id UUID NOT NULL,
    model TEXT NOT NULL,
    version INTEGER NOT NULL,
    dimensions INTEGER NOT NULL,
    embedding halfvec NOT NULL,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_utterance_vectors PRIMARY KEY (conversation_id, utterance_id, model),
    CONSTRAINT fk_utterance_vectors_conversation_id_utterance_id FOREIGN KEY(conversation_id, utterance_id) REFERENCES talkbase.utterances (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_utterance_vectors_dimensions CHECK (vector_dims(embedding) = dimensions),
    CONSTRAINT fk_utterance_vectors_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_utterance_vectors_384 ON talkbase.utterance_vectors USING hnsw ((embedding::halfvec(384)) halfvec_cosine_ops) WHERE dimensions = 384;
CREATE INDEX ix_utterance_vectors_run_id ON talkbase.utterance_vectors (run_id);
COMMENT ON TABLE talkbase.utterance_vectors IS 'Embedding of an utterance with its speaker''s name in front; one a model. Never partitioned: a nearest-neighbour search over ten partitions is eight times slower.';
COMMENT ON COLUMN talkbase.utterance_vectors.conversation_id IS 'The conversation.';
COMMENT ON COLUMN talkbase.utterance_vectors.utterance_id IS 'The utterance.';
COMMENT ON COLUMN talkbase.utterance_vectors.model IS 'Model that made the vector.';
COMMENT ON COLUMN talkbase.utterance_vectors.version IS 'Version of the text that was embedded.';
COMMENT ON COLUMN talkbase.utterance_vectors.dimensions IS 'Width of the vector.';
COMMENT ON COLUMN talkbase.utterance_vectors.embedding IS 'The vector, L2-normalised.';
COMMENT ON COLUMN talkbase.utterance_vectors.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.utterance_vectors.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.utterance_vectors.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.claim_links (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    from_claim_id UUID NOT NULL,
    to_claim_id UUID NOT NULL,
    type TEXT NOT NULL,
    run_id UUID,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_claim_links PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_claim_links_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT ck_claim_links_type CHECK (type IN ('supports', 'contradicts', 'depends_on')),
    CONSTRAINT fk_claim_links_conversation_id_from_claim_id FOREIGN KEY(conversation_id, from_claim_id) REFERENCES talkbase.claims (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_claim_links_conversation_id_to_claim_id FOREIGN KEY(conversation_id, to_claim_id) REFERENCES talkbase.claims (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_claim_links_run_id FOREIGN KEY(run_id) REFERENCES talkbase.runs (id) ON DELETE SET NULL
);
CREATE INDEX ix_claim_links_from_claim_id ON talkbase.claim_links (conversation_id, from_claim_id);
CREATE INDEX ix_claim_links_run_id ON talkbase.claim_links (run_id);
CREATE INDEX ix_claim_links_to_claim_id ON talkbase.claim_links (conversation_id, to_claim_id);
COMMENT ON TABLE talkbase.claim_links IS 'How claims bear on each other.';
COMMENT ON COLUMN talkbase.claim_links.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.claim_links.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.claim_links.from_claim_id IS 'The claim that bears.';
COMMENT ON COLUMN talkbase.claim_links.to_claim_id IS 'The claim that it bears on.';
COMMENT ON COLUMN talkbase.claim_links.type IS 'How.';
COMMENT ON COLUMN talkbase.claim_links.run_id IS 'The run that made it; null where a person or another system did.';
COMMENT ON COLUMN talkbase.claim_links.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.claim_links.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE TABLE talkbase.evidence (
    conversation_id UUID NOT NULL,
    id UUID NOT NULL,
    statement_id UUID NOT NULL,
    rank INTEGER DEFAULT '0' NOT NULL,
    utterance_id UUID,
    version INTEGER,
    start_char INTEGER,
    end_char INTEGER,
    emotion_id UUID,
    gesture_id UUID,
    scene_id UUID,
    start_time DOUBLE PRECISION,
    end_time DOUBLE PRECISION,
    stale BOOLEAN DEFAULT false NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_evidence PRIMARY KEY (conversation_id, id),
    CONSTRAINT fk_evidence_conversation_id FOREIGN KEY(conversation_id) REFERENCES talkbase.conversations (id) ON DELETE CASCADE,
    CONSTRAINT fk_evidence_conversation_id_utterance_id_version FOREIGN KEY(conversation_id, utterance_id, version) REFERENCES talkbase.utterance_texts (conversation_id, utterance_id, version) ON DELETE CASCADE,
    CONSTRAINT fk_evidence_conversation_id_emotion_id FOREIGN KEY(conversation_id, emotion_id) REFERENCES talkbase.emotions (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_evidence_conversation_id_gesture_id FOREIGN KEY(conversation_id, gesture_id) REFERENCES talkbase.gestures (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT fk_evidence_conversation_id_scene_id FOREIGN KEY(conversation_id, scene_id) REFERENCES talkbase.scenes (conversation_id, id) ON DELETE CASCADE,
    CONSTRAINT ck_evidence_one_kind CHECK (num_nonnulls(utterance_id, emotion_id, gesture_id, scene_id, start_time) = 1),
    CONSTRAINT ck_evidence_version CHECK ((utterance_id IS NULL) = (version IS NULL)),
    CONSTRAINT ck_evidence_characters CHECK (start_char >= 0 AND end_char > start_char),
    CONSTRAINT ck_evidence_span CHECK (end_time >= start_time),
    CONSTRAINT fk_evidence_statement_id FOREIGN KEY(statement_id) REFERENCES talkbase.statements (id) ON DELETE CASCADE
);
CREATE INDEX ix_evidence_emotion_id ON talkbase.evidence (conversation_id, emotion_id);
CREATE INDEX ix_evidence_gesture_id ON talkbase.evidence (conversation_id, gesture_id);
CREATE INDEX ix_evidence_scene_id ON talkbase.evidence (conversation_id, scene_id);
CREATE INDEX ix_evidence_statement_id ON talkbase.evidence (statement_id);
CREATE INDEX ix_evidence_utterance ON talkbase.evidence (conversation_id, utterance_id, version);
COMMENT ON TABLE talkbase.evidence IS 'What a statement rests on: characters of one version of an utterance, or a gesture, feeling, scene or stretch of the recording.';
COMMENT ON COLUMN talkbase.evidence.conversation_id IS 'The conversation that it belongs to.';
COMMENT ON COLUMN talkbase.evidence.id IS 'Key within the conversation: a UUIDv7.';
COMMENT ON COLUMN talkbase.evidence.statement_id IS 'The statement.';
COMMENT ON COLUMN talkbase.evidence.rank IS 'Order among the evidence of the statement, from 0.';
COMMENT ON COLUMN talkbase.evidence.utterance_id IS 'The utterance.';
COMMENT ON COLUMN talkbase.evidence.version IS 'Version of its text.';
COMMENT ON COLUMN talkbase.evidence.start_char IS 'First character, from 0.';
COMMENT ON COLUMN talkbase.evidence.end_char IS 'After the last character.';
COMMENT ON COLUMN talkbase.evidence.emotion_id IS 'The feeling.';
COMMENT ON COLUMN talkbase.evidence.gesture_id IS 'The gesture.';
COMMENT ON COLUMN talkbase.evidence.scene_id IS 'The scene.';
COMMENT ON COLUMN talkbase.evidence.start_time IS 'Start of the stretch of the recording, in seconds.';
COMMENT ON COLUMN talkbase.evidence.end_time IS 'End of the stretch, in seconds.';
COMMENT ON COLUMN talkbase.evidence.stale IS 'Whether the words changed since.';
COMMENT ON COLUMN talkbase.evidence.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.evidence.updated_at IS 'When the row last changed (kept by a trigger).';
