-- What search functions need. Under a row-security policy `tsv @@ query` cannot use its GIN index, since the operator is
-- not leakproof; so they run as the search role, which may read everything, and apply the visibility themselves.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['conversations', 'shares', 'utterances', 'speakers'] LOOP
        EXECUTE format('CREATE POLICY search_reads ON talkbase.%I FOR SELECT TO %I USING (true)',
                       name, talkbase.search_role());
        EXECUTE format('GRANT SELECT ON talkbase.%I TO %I', name, talkbase.search_role());
    END LOOP;
END $$;

CREATE FUNCTION talkbase.may_read(conversation talkbase.conversations) RETURNS boolean LANGUAGE sql STABLE
    RETURN conversation.deleted_at IS NULL AND (
        conversation.owner_id = talkbase.current_user_id() OR conversation.visibility = 'public'
        OR EXISTS (SELECT FROM talkbase.shares s
                   WHERE s.conversation_id = conversation.id AND s.user_id = talkbase.current_user_id()
                     AND (s.expires_at IS NULL OR s.expires_at > now())));
COMMENT ON FUNCTION talkbase.may_read IS 'Whether the current user may see this conversation and it is not in the bin.';
