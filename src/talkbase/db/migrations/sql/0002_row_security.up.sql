-- Who sees what, enforced by PostgreSQL. Three roles (made by db/roles.py before the migrations):
--   the login role that runs this owns the tables; <database>_app is what people's transactions run as;
--   <database>_search owns the search functions and nothing else.
-- A transaction says on whose behalf it runs: set_config('talkbase.user_id', …, true).

-- The names are written into the functions, so that a database that is renamed, or copied as a template, keeps its roles.
DO $$
DECLARE
    -- At most 63 bytes, suffix included (the rule of db/roles.py): a character of two bytes takes the place of two.
    prefix CONSTANT text := left(current_database()::text, 56 - octet_length(current_database()::text)
                                                              + char_length(current_database()::text));
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['app', 'search'] LOOP
        EXECUTE format('CREATE FUNCTION talkbase.%s_role() RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN %L',
                       suffix, prefix || '_' || suffix);
    END LOOP;
END $$;
COMMENT ON FUNCTION talkbase.app_role IS 'Name of the role that people''s transactions run as.';
COMMENT ON FUNCTION talkbase.search_role IS 'Name of the role that owns the search functions.';

CREATE FUNCTION talkbase.current_user_id() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
    RETURN nullif(current_setting('talkbase.user_id', true), '')::uuid;
COMMENT ON FUNCTION talkbase.current_user_id IS 'The user on whose behalf the transaction runs; null sees nothing.';

CREATE FUNCTION talkbase.touch() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;
COMMENT ON FUNCTION talkbase.touch IS 'Keeps updated_at.';

DO $$
DECLARE
    name text;
    reads text;
    writes text;
    -- The conversation's own policies decide inside EXISTS; PostgreSQL plans it per row or hashed, as is cheaper.
    of_visible CONSTANT text := 'EXISTS (SELECT FROM talkbase.conversations c WHERE c.id = conversation_id)';
    of_own CONSTANT text := 'EXISTS (SELECT FROM talkbase.conversations c WHERE c.id = conversation_id'
        ' AND c.owner_id = talkbase.current_user_id())';
    own CONSTANT text := 'owner_id = talkbase.current_user_id()';
    -- What belongs to a user and is about a conversation may only be about one that the user sees; what its owner sees
    -- too, or what gives others access, only about the user's own.
    own_of_visible CONSTANT text := own || ' AND (conversation_id IS NULL OR ' || of_visible || ')';
    own_of_own CONSTANT text := own || ' AND (conversation_id IS NULL OR ' || of_own || ')';
    of_own_import CONSTANT text := 'EXISTS (SELECT FROM talkbase.import_runs r WHERE r.id = import_run_id)';
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'talkbase'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname <> 'alembic_version'
    LOOP
        CASE
            WHEN name = 'conversations' THEN
                reads := own || ' OR visibility = ''public'' OR EXISTS (SELECT FROM talkbase.shares s'
                    ' WHERE s.conversation_id = conversations.id AND s.user_id = talkbase.current_user_id()'
                    ' AND (s.expires_at IS NULL OR s.expires_at > now()))';
                writes := own;
            WHEN name = 'users' THEN
                reads := 'id = talkbase.current_user_id()';
                writes := reads;
            WHEN name = 'shares' THEN
                reads := own || ' OR user_id = talkbase.current_user_id()';
                writes := own_of_own;
            WHEN name IN ('import_rows', 'quarantine') THEN
                reads := of_own_import;
                writes := of_own_import;
            WHEN name IN ('statements', 'edits') THEN
                reads := own || ' OR ' || of_visible;
                writes := own_of_own;
            WHEN EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = format('talkbase.%I', name)::regclass
                         AND a.attname = 'owner_id') THEN
                reads := own;
                writes := CASE WHEN EXISTS (SELECT FROM pg_attribute a
                                            WHERE a.attrelid = format('talkbase.%I', name)::regclass
                                            AND a.attname = 'conversation_id') THEN own_of_visible ELSE own END;
            ELSE
                reads := of_visible;
                writes := of_own;
        END CASE;
        EXECUTE format('ALTER TABLE talkbase.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE talkbase.%I FORCE ROW LEVEL SECURITY', name);
        -- Without it, forced policies would hide every row from the owner's own migrations and from pg_dump.
        EXECUTE format('CREATE POLICY owner_all ON talkbase.%I TO CURRENT_USER USING (true) WITH CHECK (true)', name);
        EXECUTE format('CREATE POLICY reads ON talkbase.%I FOR SELECT TO %I USING (%s)',
                       name, talkbase.app_role(), reads);
        EXECUTE format('CREATE POLICY inserts ON talkbase.%I FOR INSERT TO %I WITH CHECK (%s)',
                       name, talkbase.app_role(), writes);
        EXECUTE format('CREATE POLICY updates ON talkbase.%I FOR UPDATE TO %I USING (%s) WITH CHECK (%s)',
                       name, talkbase.app_role(), writes, writes);
        EXECUTE format('CREATE POLICY deletes ON talkbase.%I FOR DELETE TO %I USING (%s)',
                       name, talkbase.app_role(), writes);
        EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON talkbase.%I FOR EACH ROW'
                       ' EXECUTE FUNCTION talkbase.touch()', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON talkbase.%I TO %I', name, talkbase.app_role());
    END LOOP;

    EXECUTE format('GRANT USAGE ON SCHEMA talkbase TO %I, %I', talkbase.app_role(), talkbase.search_role());
    -- A user's role, password and tokens are the owner's business; the versions of a text are the triggers' (0003).
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON talkbase.users FROM %I', talkbase.app_role());
    EXECUTE format('GRANT UPDATE (name, settings, last_seen_at) ON talkbase.users TO %I', talkbase.app_role());
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON talkbase.tokens FROM %I', talkbase.app_role());
    EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON talkbase.utterance_texts FROM %I', talkbase.app_role());
    EXECUTE format('REVOKE UPDATE, DELETE ON talkbase.receipts FROM %I', talkbase.app_role());
END $$;
