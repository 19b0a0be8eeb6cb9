"""PostgreSQL: the embedded server, connections and sessions, the schema and its migrations.

Only this package knows psycopg and SQLAlchemy sessions.
"""
