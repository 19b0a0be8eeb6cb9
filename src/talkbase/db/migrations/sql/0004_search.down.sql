DO $$
DECLARE
    name text;
BEGIN
    DROP FUNCTION talkbase.may_read(talkbase.conversations);
    FOREACH name IN ARRAY ARRAY['conversations', 'shares', 'utterances', 'speakers'] LOOP
        EXECUTE format('DROP POLICY search_reads ON talkbase.%I', name);
        EXECUTE format('REVOKE SELECT ON talkbase.%I FROM %I', name, talkbase.search_role());
    END LOOP;
END $$;
