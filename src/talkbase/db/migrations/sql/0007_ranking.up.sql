-- Ranked search: in how many of a user's utterances each lexeme occurs, kept with every change, and the candidates for
-- ranking. The functions run as the search role (see 0004) and apply the visibility themselves (`may_read`); counts are
-- kept for each owner, so that nobody learns from them which words others use.

CREATE TABLE talkbase.lexemes (
    id UUID DEFAULT gen_random_uuid() NOT NULL,
    owner_id UUID NOT NULL,
    search_config TEXT NOT NULL,
    lexeme TEXT NOT NULL,
    documents BIGINT NOT NULL,
    created_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    updated_at TIMESTAMP WITH TIME ZONE DEFAULT now() NOT NULL,
    CONSTRAINT pk_lexemes PRIMARY KEY (id),
    CONSTRAINT ck_lexemes_search_config CHECK (search_config IN ('simple', 'arabic', 'armenian', 'basque', 'catalan', 'danish', 'dutch', 'english', 'finnish', 'french', 'german', 'greek', 'hindi', 'hungarian', 'indonesian', 'irish', 'italian', 'lithuanian', 'nepali', 'norwegian', 'portuguese', 'romanian', 'russian', 'serbian', 'spanish', 'swedish', 'tamil', 'turkish', 'yiddish')),
    CONSTRAINT fk_lexemes_owner_id FOREIGN KEY(owner_id) REFERENCES talkbase.users (id) ON DELETE CASCADE
);
CREATE INDEX ix_lexemes_lexeme ON talkbase.lexemes (lexeme, owner_id, search_config) INCLUDE (documents);
CREATE INDEX ix_lexemes_owner_id ON talkbase.lexemes (owner_id);
CREATE INDEX ix_lexemes_trigrams ON talkbase.lexemes USING gin (lexeme gin_trgm_ops);
COMMENT ON TABLE talkbase.lexemes IS 'In how many utterances of a user''s conversations a lexeme occurs: the sum over its rows, since each change adds rows instead of waiting for others.';
COMMENT ON COLUMN talkbase.lexemes.id IS 'Key.';
COMMENT ON COLUMN talkbase.lexemes.owner_id IS 'The user to whom it belongs.';
COMMENT ON COLUMN talkbase.lexemes.search_config IS 'Text search configuration of the utterances.';
COMMENT ON COLUMN talkbase.lexemes.lexeme IS 'The lexeme; the empty one counts all utterances.';
COMMENT ON COLUMN talkbase.lexemes.documents IS 'Utterances that came to have it; negative for those that lost it.';
COMMENT ON COLUMN talkbase.lexemes.created_at IS 'When the row was made.';
COMMENT ON COLUMN talkbase.lexemes.updated_at IS 'When the row last changed (kept by a trigger).';

CREATE FUNCTION talkbase.sum_up_lexemes(touched text[], more_than integer) RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH crowded AS (
        SELECT l.owner_id, l.search_config, l.lexeme FROM talkbase.lexemes l
        WHERE l.lexeme = ANY (sum_up_lexemes.touched)
        GROUP BY 1, 2, 3 HAVING count(*) > sum_up_lexemes.more_than),
    taken AS (
        -- Rows that another transaction sums up at this moment are left to it, so that nobody waits.
        SELECT l.id FROM talkbase.lexemes l JOIN crowded USING (owner_id, search_config, lexeme)
        FOR UPDATE OF l SKIP LOCKED),
    gone AS (
        DELETE FROM talkbase.lexemes l USING taken WHERE l.id = taken.id
        RETURNING l.owner_id, l.search_config, l.lexeme, l.documents)
    INSERT INTO talkbase.lexemes (owner_id, search_config, lexeme, documents)
        SELECT g.owner_id, g.search_config, g.lexeme, sum(g.documents) FROM gone g
        GROUP BY 1, 2, 3 HAVING sum(g.documents) <> 0;
END;
COMMENT ON FUNCTION talkbase.sum_up_lexemes IS
    'Puts one row in place of the rows of each lexeme that has more than so many.';

CREATE FUNCTION talkbase.count_lexemes() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    changes text := CASE TG_ARGV[0]
        WHEN 'added' THEN 'SELECT conversation_id, search_config, tsv, 1 AS sign FROM added'
        WHEN 'removed' THEN 'SELECT conversation_id, search_config, tsv, -1 AS sign FROM removed'
        WHEN 'changed' THEN 'SELECT conversation_id, search_config, tsv, 1 AS sign FROM added
                             UNION ALL SELECT conversation_id, search_config, tsv, -1 FROM removed' END;
    touched text[];
BEGIN
    IF TG_LEVEL = 'ROW' THEN
        changes := format('SELECT conversation_id, search_config, tsv, -1 AS sign FROM talkbase.utterances
                           WHERE conversation_id = %L', OLD.id);
    END IF;
    -- Of a conversation that goes as a whole nothing is found here when its utterances go: it was counted before.
    EXECUTE format($count$
        WITH written AS (
            INSERT INTO talkbase.lexemes (owner_id, search_config, lexeme, documents)
            SELECT o.owner_id, c.search_config, l.lexeme, sum(c.sign)
            FROM (%s) c
            JOIN talkbase.conversations o ON o.id = c.conversation_id JOIN talkbase.users u ON u.id = o.owner_id
            CROSS JOIN LATERAL (SELECT unnest(tsvector_to_array(c.tsv)) UNION ALL SELECT '') l (lexeme)
            GROUP BY 1, 2, 3 HAVING sum(c.sign) <> 0 RETURNING lexeme)
        SELECT array_agg(DISTINCT lexeme) FROM written $count$, changes) INTO touched;
    -- What goes must leave no trace, so that it is summed up at once; what comes, once there are many rows.
    PERFORM talkbase.sum_up_lexemes(touched, CASE TG_ARGV[0] WHEN 'added' THEN 32 ELSE 1 END);
    RETURN OLD;
END $$;
COMMENT ON FUNCTION talkbase.count_lexemes IS 'Keeps the counts of `lexemes` with every change of utterances.';

CREATE TRIGGER count_new_lexemes AFTER INSERT ON talkbase.utterances
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION talkbase.count_lexemes('added');
CREATE TRIGGER count_changed_lexemes AFTER UPDATE ON talkbase.utterances REFERENCING OLD TABLE AS removed
    NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION talkbase.count_lexemes('changed');
CREATE TRIGGER count_gone_lexemes AFTER DELETE ON talkbase.utterances
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION talkbase.count_lexemes('removed');
CREATE TRIGGER count_gone_lexemes BEFORE DELETE ON talkbase.conversations
    FOR EACH ROW EXECUTE FUNCTION talkbase.count_lexemes();

INSERT INTO talkbase.lexemes (owner_id, search_config, lexeme, documents)
    SELECT c.owner_id, u.search_config, l.lexeme, count(*)
    FROM talkbase.utterances u JOIN talkbase.conversations c ON c.id = u.conversation_id
    CROSS JOIN LATERAL (SELECT unnest(tsvector_to_array(u.tsv)) UNION ALL SELECT '') l (lexeme) GROUP BY 1, 2, 3;

CREATE FUNCTION talkbase.fits(conversation talkbase.conversations, filters jsonb) RETURNS boolean LANGUAGE sql STABLE
    RETURN conversation.deleted_at IS NULL
        AND (filters ->> 'kind' IS NULL OR conversation.kind = filters ->> 'kind')
        AND (filters ->> 'source' IS NULL OR conversation.source = filters ->> 'source')
        AND (filters ->> 'since' IS NULL
             OR coalesce(conversation.started_at, conversation.created_at) >= (filters ->> 'since')::timestamptz)
        AND (filters ->> 'until' IS NULL
             OR coalesce(conversation.started_at, conversation.created_at) < (filters ->> 'until')::timestamptz);
COMMENT ON FUNCTION talkbase.fits(talkbase.conversations, jsonb) IS
    'Whether a conversation is not in the bin and passes the filters of a search: kind, source, since, until.';

CREATE FUNCTION talkbase.fits(utterance talkbase.utterances, filters jsonb) RETURNS boolean LANGUAGE sql STABLE
    RETURN (filters ->> 'language' IS NULL OR utterance.language = filters ->> 'language')
        AND (filters ->> 'speaker' IS NULL OR EXISTS (
            SELECT FROM talkbase.speakers s
            WHERE s.conversation_id = utterance.conversation_id AND s.id = utterance.speaker_id
              AND lower(filters ->> 'speaker') IN (lower(s.name), lower(s.label))));
COMMENT ON FUNCTION talkbase.fits(talkbase.utterances, jsonb) IS
    'Whether an utterance passes the filters of a search: language, speaker (name or label).';

CREATE FUNCTION talkbase.compile_query(program text[]) RETURNS tsquery
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    config text;
    step text;
    stack text[];
    one tsquery;
    whole tsquery;
BEGIN
    FOR config IN SELECT DISTINCT l.search_config FROM talkbase.lexemes l WHERE l.lexeme = '' LOOP
        stack := '{}';
        FOREACH step IN ARRAY program LOOP
            one := CASE left(step, 1)
                WHEN 'w' THEN plainto_tsquery(config::regconfig, substr(step, 2))
                WHEN 'p' THEN phraseto_tsquery(config::regconfig, substr(step, 2))
                WHEN 'x' THEN to_tsquery(config::regconfig, quote_literal(replace(substr(step, 2), '\', '')) || ':*')
                WHEN '!' THEN !! stack[1]::tsquery
                WHEN '&' THEN stack[2]::tsquery && stack[1]::tsquery
                WHEN '|' THEN stack[2]::tsquery || stack[1]::tsquery
            END;
            stack := one::text || stack[CASE left(step, 1) WHEN '!' THEN 2 WHEN '&' THEN 3 WHEN '|' THEN 3 ELSE 1 END:];
        END LOOP;
        one := stack[1]::tsquery;
        whole := coalesce(whole || one, one);
    END LOOP;
    RETURN CASE WHEN numnode(whole) > 0 THEN whole END;
END $$;
COMMENT ON FUNCTION talkbase.compile_query IS
    'A query as a postfix program (w word, p phrase, x prefix, & | !) in every language that occurs; null where no word has a lexeme.';

CREATE FUNCTION talkbase.query_terms(words text[]) RETURNS TABLE (word integer, lexeme text, documents bigint)
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
    WITH configs AS MATERIALIZED (SELECT DISTINCT l.search_config FROM talkbase.lexemes l WHERE l.lexeme = ''),
    known AS MATERIALIZED (
        SELECT DISTINCT w.at, w.word, m.lexeme, n.documents
        FROM unnest(query_terms.words) WITH ORDINALITY w (word, at)
        CROSS JOIN configs c
        CROSS JOIN LATERAL unnest(tsvector_to_array(to_tsvector(c.search_config::regconfig, w.word))) m (lexeme)
        CROSS JOIN LATERAL (SELECT coalesce(sum(l.documents), 0)::bigint AS documents FROM talkbase.lexemes l
                            WHERE l.lexeme = m.lexeme AND l.owner_id = talkbase.current_user_id()) n
        WHERE right(w.word, 1) <> '*')
    SELECT 0, '', coalesce(sum(l.documents), 0)::bigint
    FROM talkbase.lexemes l WHERE l.lexeme = '' AND l.owner_id = talkbase.current_user_id()
    UNION ALL
    SELECT k.at::integer, k.lexeme, k.documents FROM known k
    UNION ALL
    -- Words that begin so: the most frequent, since a beginning may have thousands.
    SELECT w.at::integer, p.lexeme, p.documents
    FROM unnest(query_terms.words) WITH ORDINALITY w (word, at)
    CROSS JOIN LATERAL (
        SELECT l.lexeme, sum(l.documents)::bigint AS documents FROM talkbase.lexemes l
        WHERE l.lexeme LIKE replace(replace(lower(rtrim(w.word, '*')), '%', ''), '_', '\_') || '%'
          AND l.owner_id = talkbase.current_user_id()
        GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20) p
    WHERE right(w.word, 1) = '*' AND length(w.word) > 3
    UNION ALL
    -- A word that the user's conversations do not have: those that are written most like it.
    SELECT u.at::integer, s.lexeme, s.documents
    FROM (SELECT k.at, k.word FROM known k GROUP BY 1, 2
          HAVING sum(k.documents) = 0 AND length(k.word) BETWEEN 4 AND 40) u
    CROSS JOIN LATERAL (
        SELECT l.lexeme, sum(l.documents)::bigint AS documents FROM talkbase.lexemes l
        WHERE l.lexeme OPERATOR(public.%) lower(u.word) AND l.owner_id = talkbase.current_user_id()
        GROUP BY 1 HAVING sum(l.documents) > 0
        ORDER BY public.similarity(l.lexeme, lower(u.word)) DESC, 2 DESC, 1 LIMIT 3) s;
END;
COMMENT ON FUNCTION talkbase.query_terms IS
    'The lexemes of each word (from 1; beginnings end in *) with how many of the user''s utterances have them, and as word 0 the number of all.';

CREATE FUNCTION talkbase.search_text(
        required tsquery, terms text[], idf double precision[], seeds integer, filters jsonb, only_conversation uuid,
        best integer, bound integer DEFAULT 5000)
    RETURNS TABLE (conversation_id uuid, utterance_id uuid, score double precision)
    LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    -- The leading terms, which are the rarest, find the candidates; all terms rank them.
    finding CONSTANT tsquery := (SELECT string_agg('''' || replace(replace(t, '\', '\\'), '''', '''''') || '''', ' | ')
                                 FROM unnest(terms[:seeds]) t)::tsquery;
BEGIN
    -- Planned anew with the values at hand: a common word and a rare one want different plans.
    RETURN QUERY EXECUTE $query$
        WITH matched AS MATERIALIZED (
            SELECT u.conversation_id, u.id, u.tsv FROM talkbase.utterances u
            WHERE u.tsv @@ coalesce($1, $2) AND ($1 IS NULL OR $2 IS NULL OR u.tsv @@ $2)
              AND ($6 IS NULL OR u.conversation_id = $6)
              AND ($5 ->> 'language' IS NULL AND $5 ->> 'speaker' IS NULL OR talkbase.fits(u, $5))
            LIMIT 20 * $8),
        -- Asked once for each conversation; in a join the planner would search the index once for each.
        readable AS MATERIALIZED (
            SELECT c.id FROM talkbase.conversations c
            WHERE c.id = ANY (ARRAY(SELECT DISTINCT m.conversation_id FROM matched m))
              AND talkbase.may_read(c) AND talkbase.fits(c, $5)),
        found AS MATERIALIZED (
            SELECT m.*, length(m.tsv) AS size FROM matched m JOIN readable r ON r.id = m.conversation_id LIMIT $8),
        usual AS (SELECT avg(size)::float8 AS size FROM found)
        SELECT f.conversation_id, f.id, coalesce((
            -- Okapi BM25 with k1 = 1.2 and b = 0.75 (Robertson and Zaragoza 2009).
            SELECT sum($4[array_position($3, t.lexeme)] * cardinality(t.positions) * 2.2
                       / (cardinality(t.positions) + 1.2 * (0.25 + 0.75 * f.size / usual.size)))
            FROM unnest(f.tsv) t WHERE t.lexeme = ANY ($3)), 0) AS score
        FROM found f CROSS JOIN usual ORDER BY 3 DESC, 1, 2 LIMIT $7
    $query$ USING finding, required, terms, idf, filters, only_conversation, best, bound;
END $$;
COMMENT ON FUNCTION talkbase.search_text IS
    'The best utterances by BM25 that the current user may see; at most `bound` of them are ranked, and 20 times as many matches looked at, so that work is bounded.';

DO $$
DECLARE
    of text;
BEGIN
    ALTER TABLE talkbase.lexemes ENABLE ROW LEVEL SECURITY;
    ALTER TABLE talkbase.lexemes FORCE ROW LEVEL SECURITY;
    CREATE POLICY owner_all ON talkbase.lexemes TO CURRENT_USER USING (true) WITH CHECK (true);
    CREATE TRIGGER touch BEFORE UPDATE ON talkbase.lexemes FOR EACH ROW EXECUTE FUNCTION talkbase.touch();
    EXECUTE format('CREATE POLICY reads ON talkbase.lexemes FOR SELECT TO %I USING (owner_id = talkbase.current_user_id())',
                   talkbase.app_role());
    EXECUTE format('CREATE POLICY search_reads ON talkbase.lexemes FOR SELECT TO %I USING (true)',
                   talkbase.search_role());
    EXECUTE format('GRANT SELECT ON talkbase.lexemes TO %I, %I', talkbase.app_role(), talkbase.search_role());
    REVOKE EXECUTE ON FUNCTION talkbase.count_lexemes(), talkbase.sum_up_lexemes(text[], integer) FROM PUBLIC;
    EXECUTE format('GRANT CREATE ON SCHEMA talkbase TO %I', talkbase.search_role());
    FOREACH of IN ARRAY ARRAY['talkbase.compile_query(text[])', 'talkbase.query_terms(text[])',
        'talkbase.search_text(tsquery, text[], double precision[], integer, jsonb, uuid, integer, integer)'] LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO %I', of, talkbase.search_role());
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', of);
        EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %I', of, talkbase.app_role());
    END LOOP;
    EXECUTE format('REVOKE CREATE ON SCHEMA talkbase FROM %I', talkbase.search_role());
END $$;
