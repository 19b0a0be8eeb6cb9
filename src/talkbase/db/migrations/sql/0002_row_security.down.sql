DO $$
DECLARE
    name text;
    policy text;
BEGIN
    FOR name IN SELECT c.relname FROM pg_class c
        WHERE c.relnamespace = 'talkbase'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND c.relname <> 'alembic_version'
    LOOP
        EXECUTE format('DROP TRIGGER touch ON talkbase.%I', name);
        FOREACH policy IN ARRAY ARRAY['owner_all', 'reads', 'inserts', 'updates', 'deletes'] LOOP
            EXECUTE format('DROP POLICY %I ON talkbase.%I', policy, name);
        END LOOP;
        EXECUTE format('ALTER TABLE talkbase.%I NO FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE talkbase.%I DISABLE ROW LEVEL SECURITY', name);
        EXECUTE format('REVOKE ALL ON talkbase.%I FROM %I', name, talkbase.app_role());
    END LOOP;
    EXECUTE format('REVOKE UPDATE (name, settings, last_seen_at) ON talkbase.users FROM %I', talkbase.app_role());
    EXECUTE format('REVOKE USAGE ON SCHEMA talkbase FROM %I, %I', talkbase.app_role(), talkbase.search_role());
END $$;

DROP FUNCTION talkbase.touch();
DROP FUNCTION talkbase.current_user_id();
DROP FUNCTION talkbase.search_role();
DROP FUNCTION talkbase.app_role();
