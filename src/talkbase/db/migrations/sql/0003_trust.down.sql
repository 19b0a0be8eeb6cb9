DROP TRIGGER lose_support ON talkbase.evidence;
DROP FUNCTION talkbase.lose_support();
DROP TRIGGER require_evidence ON talkbase.statements;
DROP FUNCTION talkbase.require_evidence();
DROP TRIGGER keep_changed_texts ON talkbase.utterances;
DROP TRIGGER keep_new_texts ON talkbase.utterances;
DROP FUNCTION talkbase.keep_changed_texts();
DROP FUNCTION talkbase.keep_new_texts();
