-- Full-text candidates. Under a row-security policy `tsv @@ query` cannot use its GIN index, since the operator is not
-- leakproof; so this function runs as the search role, which may read everything, and applies the visibility itself.

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

CREATE FUNCTION talkbase.text_query(query text, any_word boolean) RETURNS tsquery
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    config text;
    one tsquery;
    whole tsquery;
BEGIN
    -- The languages that occur, each found by one step in the index over search_config.
    FOR config IN
        WITH RECURSIVE occurring (config) AS (
            SELECT min(u.search_config) FROM talkbase.utterances u
            UNION ALL
            SELECT (SELECT min(u.search_config) FROM talkbase.utterances u WHERE u.search_config > o.config)
            FROM occurring o WHERE o.config IS NOT NULL)
        SELECT o.config FROM occurring o WHERE o.config IS NOT NULL
    LOOP
        one := websearch_to_tsquery(config::regconfig, query);
        IF any_word AND position('!' IN one::text) = 0 THEN
            one := replace(one::text, ' & ', ' | ')::tsquery;
        END IF;
        whole := coalesce(whole || one, one);
    END LOOP;
    RETURN whole;
END $$;
COMMENT ON FUNCTION talkbase.text_query IS
    'What a person typed ("phrases", or, -not) as a query in every language that occurs; any_word makes all words optional, unless one is excluded.';

CREATE FUNCTION talkbase.search_text(query tsquery, only_conversation uuid, best integer, bound integer DEFAULT 20000)
    RETURNS TABLE (conversation_id uuid, utterance_id uuid, score double precision)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH found AS (
        SELECT u.conversation_id, u.id, u.tsv
        FROM talkbase.utterances u JOIN talkbase.conversations c ON c.id = u.conversation_id
        WHERE u.tsv @@ search_text.query
          AND (search_text.only_conversation IS NULL OR u.conversation_id = search_text.only_conversation)
          AND talkbase.may_read(c)
        LIMIT search_text.bound)
    SELECT f.conversation_id, f.id, ts_rank_cd(f.tsv, search_text.query, 1)::double precision
    FROM found f ORDER BY 3 DESC, 1, 2 LIMIT search_text.best;
END;
COMMENT ON FUNCTION talkbase.search_text IS
    'The best full-text hits that the current user may see; at most `bound` matches are ranked, so that work is bounded.';

DO $$
DECLARE
    of text;
BEGIN
    EXECUTE format('GRANT CREATE ON SCHEMA talkbase TO %I', talkbase.search_role());
    FOREACH of IN ARRAY ARRAY['talkbase.text_query(text, boolean)',
                              'talkbase.search_text(tsquery, uuid, integer, integer)'] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO %I', of, talkbase.search_role());
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', of);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', of, talkbase.app_role());
    END LOOP;
    EXECUTE format('REVOKE CREATE ON SCHEMA talkbase FROM %I', talkbase.search_role());
END $$;
