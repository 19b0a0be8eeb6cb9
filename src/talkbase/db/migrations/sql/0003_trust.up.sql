-- Promises that the database keeps by itself: every version of a text stays, evidence grows stale with its words, and a
-- machine's statement without evidence cannot be committed. The functions run as the tables' owner, because what they keep
-- is nobody else's to write, and what rests on a text may belong to another user. No other role may execute them, or it
-- could put them on a table of its own; a trigger that stands asks nobody.

CREATE FUNCTION talkbase.keep_new_texts() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO talkbase.utterance_texts (conversation_id, utterance_id, version, text)
        SELECT conversation_id, id, version, text FROM added;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION talkbase.keep_new_texts IS 'Writes the first version of each new utterance''s text.';

CREATE FUNCTION talkbase.keep_changed_texts() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM after_change a JOIN before_change b USING (conversation_id, id)
               WHERE a.text IS DISTINCT FROM b.text AND a.version <> b.version + 1) THEN
        RAISE EXCEPTION 'a changed text needs the next version number' USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM after_change a JOIN before_change b USING (conversation_id, id)
               WHERE a.machine_text IS DISTINCT FROM b.machine_text) THEN
        RAISE EXCEPTION 'what the machine or the source first said is never changed' USING ERRCODE = 'check_violation';
    END IF;
    INSERT INTO talkbase.utterance_texts (conversation_id, utterance_id, version, text)
        SELECT a.conversation_id, a.id, a.version, a.text
        FROM after_change a JOIN before_change b USING (conversation_id, id) WHERE a.version <> b.version;
    WITH touched AS (
        UPDATE talkbase.evidence e SET stale = true
        FROM after_change a JOIN before_change b USING (conversation_id, id)
        WHERE a.text IS DISTINCT FROM b.text AND e.conversation_id = a.conversation_id AND e.utterance_id = a.id
          AND NOT e.stale
        RETURNING e.statement_id)
    UPDATE talkbase.statements s SET stale = true, stale_at = now()
        WHERE s.id IN (SELECT statement_id FROM touched) AND NOT s.stale;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION talkbase.keep_changed_texts IS 'Keeps the new version of a text and marks what rests on the old.';

CREATE TRIGGER keep_new_texts AFTER INSERT ON talkbase.utterances
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION talkbase.keep_new_texts();
CREATE TRIGGER keep_changed_texts AFTER UPDATE ON talkbase.utterances
    REFERENCING OLD TABLE AS before_change NEW TABLE AS after_change
    FOR EACH STATEMENT EXECUTE FUNCTION talkbase.keep_changed_texts();

CREATE FUNCTION talkbase.require_evidence() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM talkbase.evidence WHERE statement_id = NEW.id)
       AND EXISTS (SELECT FROM talkbase.statements WHERE id = NEW.id) THEN
        RAISE EXCEPTION 'statement % is machine-made and has no evidence', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION talkbase.require_evidence IS 'Refuses, at commit, a machine''s statement without evidence.';

CREATE CONSTRAINT TRIGGER require_evidence AFTER INSERT ON talkbase.statements DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.author = 'machine') EXECUTE FUNCTION talkbase.require_evidence();
CREATE CONSTRAINT TRIGGER require_evidence_of_new_machine AFTER UPDATE OF author ON talkbase.statements
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.author = 'machine' AND OLD.author <> 'machine')
    EXECUTE FUNCTION talkbase.require_evidence();

CREATE FUNCTION talkbase.lose_support() RETURNS trigger LANGUAGE plpgsql
    SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE talkbase.statements s SET support = 'unsupported', support_reason = 'its last evidence is gone'
        WHERE s.support = 'evidence' AND s.id IN (SELECT statement_id FROM removed)
          AND NOT EXISTS (SELECT FROM talkbase.evidence e WHERE e.statement_id = s.id);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION talkbase.lose_support IS 'Marks a statement unsupported when its last evidence goes.';

CREATE TRIGGER lose_support AFTER DELETE ON talkbase.evidence
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION talkbase.lose_support();
CREATE TRIGGER lose_support_to_another AFTER UPDATE ON talkbase.evidence
    REFERENCING OLD TABLE AS removed FOR EACH STATEMENT EXECUTE FUNCTION talkbase.lose_support();

REVOKE EXECUTE ON FUNCTION talkbase.keep_new_texts(), talkbase.keep_changed_texts(), talkbase.require_evidence(),
    talkbase.lose_support() FROM PUBLIC;
