DROP VIEW talkbase.v_evidence;
DROP VIEW talkbase.v_runs;
DROP VIEW talkbase.v_conversations;
DROP VIEW talkbase.v_talk_time;
DROP VIEW talkbase.v_timeline;
