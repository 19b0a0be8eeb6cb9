-- Views for people with psql. They belong to the application's role, so that row security applies to whoever reads them
-- on every PostgreSQL from 14 on (security_invoker came with 15): set talkbase.user_id first, as `talkbase db psql` does.

CREATE VIEW talkbase.v_timeline AS
SELECT u.conversation_id, c.title, u.position, u.start_time, u.end_time, coalesce(s.name, s.label) AS speaker, u.text,
       u.confidence, u.suspect, u.version > 1 AS corrected, u.id AS utterance_id
FROM talkbase.utterances u
JOIN talkbase.conversations c ON c.id = u.conversation_id
LEFT JOIN talkbase.speakers s ON s.conversation_id = u.conversation_id AND s.id = u.speaker_id
WHERE c.deleted_at IS NULL;
COMMENT ON VIEW talkbase.v_timeline IS 'Who said what when: ORDER BY conversation_id, position.';

CREATE VIEW talkbase.v_talk_time AS
SELECT u.conversation_id, c.title, coalesce(s.name, s.label) AS speaker, count(*) AS utterances,
       sum(u.end_time - u.start_time) AS seconds,
       sum(u.end_time - u.start_time)
           / nullif(sum(sum(u.end_time - u.start_time)) OVER (PARTITION BY u.conversation_id), 0) AS share,
       sum(array_length(regexp_split_to_array(trim(u.text), '\s+'), 1)) AS words
FROM talkbase.utterances u
JOIN talkbase.conversations c ON c.id = u.conversation_id
LEFT JOIN talkbase.speakers s ON s.conversation_id = u.conversation_id AND s.id = u.speaker_id
WHERE c.deleted_at IS NULL
GROUP BY u.conversation_id, c.title, coalesce(s.name, s.label);
COMMENT ON VIEW talkbase.v_talk_time IS 'How long and how much each speaker talked in each conversation.';

CREATE VIEW talkbase.v_conversations AS
SELECT c.id, c.title, c.kind, c.status, c.language, c.started_at, c.duration, c.created_at,
       (SELECT count(*) FROM talkbase.utterances u WHERE u.conversation_id = c.id) AS utterances,
       (SELECT string_agg(coalesce(s.name, s.label), ', ' ORDER BY s.label)
        FROM talkbase.speakers s WHERE s.conversation_id = c.id) AS speakers
FROM talkbase.conversations c WHERE c.deleted_at IS NULL;
COMMENT ON VIEW talkbase.v_conversations IS 'The library: one row a conversation.';

CREATE VIEW talkbase.v_runs AS
SELECT r.conversation_id, c.title, r.stage, r.stage_version, r.model, r.status, r.error, r.started_at,
       r.completed_at - r.started_at AS took, r.settings, r.counts
FROM talkbase.runs r JOIN talkbase.conversations c ON c.id = r.conversation_id;
COMMENT ON VIEW talkbase.v_runs IS 'What was computed by what, and how long it took.';

CREATE VIEW talkbase.v_evidence AS
SELECT st.id AS statement_id, st.kind, st.text AS statement, st.support, st.stale, e.rank, e.conversation_id,
       e.utterance_id, e.version, substr(t.text, e.start_char + 1, e.end_char - e.start_char) AS quote,
       coalesce(e.start_time, u.start_time) AS start_time
FROM talkbase.statements st
LEFT JOIN talkbase.evidence e ON e.statement_id = st.id
LEFT JOIN talkbase.utterance_texts t
    ON t.conversation_id = e.conversation_id AND t.utterance_id = e.utterance_id AND t.version = e.version
LEFT JOIN talkbase.utterances u ON u.conversation_id = e.conversation_id AND u.id = e.utterance_id;
COMMENT ON VIEW talkbase.v_evidence IS 'What each statement rests on, with the words quoted.';

DO $$
DECLARE
    name text;
BEGIN
    EXECUTE format('GRANT CREATE ON SCHEMA talkbase TO %I', talkbase.app_role());
    FOREACH name IN ARRAY ARRAY['v_timeline', 'v_talk_time', 'v_conversations', 'v_runs', 'v_evidence'] LOOP
        EXECUTE format('ALTER VIEW talkbase.%I OWNER TO %I', name, talkbase.app_role());
    END LOOP;
    EXECUTE format('REVOKE CREATE ON SCHEMA talkbase FROM %I', talkbase.app_role());
END $$;
