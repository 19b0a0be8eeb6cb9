-- What must be there before the first step: the schema, and the two roles (db/roles.py says what they are for and makes
-- them otherwise; this is for scripts).

CREATE SCHEMA IF NOT EXISTS talkbase;

DO $$
DECLARE
    prefix CONSTANT text := left(current_database()::text, 56 - octet_length(current_database()::text)
                                                              + char_length(current_database()::text));
    suffix text;
BEGIN
    FOREACH suffix IN ARRAY ARRAY['_app', '_search'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = prefix || suffix) THEN
            EXECUTE format('CREATE ROLE %I NOLOGIN', prefix || suffix);
            EXECUTE format('GRANT %I TO CURRENT_USER', prefix || suffix);
        END IF;
    END LOOP;
END $$;

