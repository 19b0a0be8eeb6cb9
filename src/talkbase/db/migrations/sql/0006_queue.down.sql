SET LOCAL client_min_messages = warning;  -- not one line for each function that goes with its table

DROP TABLE talkbase.procrastinate_events, talkbase.procrastinate_periodic_defers, talkbase.procrastinate_jobs,
           talkbase.procrastinate_workers CASCADE;

DO $$
DECLARE
    of regprocedure;
BEGIN
    FOR of IN SELECT oid::regprocedure FROM pg_proc
        WHERE pronamespace = 'talkbase'::regnamespace AND proname LIKE 'procrastinate\_%' LOOP
        EXECUTE format('DROP FUNCTION %s CASCADE', of);
    END LOOP;
END $$;

DROP TYPE talkbase.procrastinate_job_to_defer_v1, talkbase.procrastinate_job_status,
          talkbase.procrastinate_job_event_type;

SET LOCAL client_min_messages = notice;
