-- Utterances and their text versions lie in one partition a year of the conversation's key, a UUIDv7: dates that can be
-- part of the primary key. What fits no year goes to the default partition, which `talkbase doctor` watches.

CREATE TABLE talkbase.utterances_default PARTITION OF talkbase.utterances DEFAULT;
CREATE TABLE talkbase.utterance_texts_default PARTITION OF talkbase.utterance_texts DEFAULT;

CREATE FUNCTION talkbase.first_key_of_year(year integer) RETURNS uuid LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (lpad(to_hex((extract(epoch FROM make_timestamptz(year, 1, 1, 0, 0, 0, 'UTC')) * 1000)::bigint), 12, '0')
            || repeat('0', 20))::uuid;
COMMENT ON FUNCTION talkbase.first_key_of_year IS 'The smallest key that a UUIDv7 made in that year (UTC) can have.';

CREATE FUNCTION talkbase.ensure_partitions(first_year integer, last_year integer) RETURNS integer
    LANGUAGE plpgsql AS $$
DECLARE
    made integer := 0;
    parent text;
    in_default boolean;
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('talkbase.ensure_partitions', 0));
    FOR year IN first_year..last_year LOOP
        FOREACH parent IN ARRAY ARRAY['utterances', 'utterance_texts'] LOOP
            -- A clock that ran ahead has put that year's keys into the default partition. There they stay, and the rest
            -- of the year with them: moving them would delete what points to them.
            EXECUTE format('SELECT EXISTS (SELECT FROM talkbase.%I WHERE conversation_id >= $1 AND conversation_id < $2)',
                           parent || '_default')
                INTO in_default USING talkbase.first_key_of_year(year), talkbase.first_key_of_year(year + 1);
            IF NOT in_default AND to_regclass(format('talkbase.%s_%s', parent, year)) IS NULL THEN
                EXECUTE format('CREATE TABLE talkbase.%I PARTITION OF talkbase.%I FOR VALUES FROM (%L) TO (%L)',
                               parent || '_' || year, parent, talkbase.first_key_of_year(year),
                               talkbase.first_key_of_year(year + 1));
                made := made + 1;
            END IF;
        END LOOP;
    END LOOP;
    RETURN made;
END $$;
COMMENT ON FUNCTION talkbase.ensure_partitions IS
    'Makes the yearly partitions that are missing, but for years whose keys lie in the default one; returns how many.';

SELECT talkbase.ensure_partitions(extract(year FROM now())::integer, extract(year FROM now())::integer + 2);
