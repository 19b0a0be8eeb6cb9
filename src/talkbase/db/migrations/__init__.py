"""The schema's history: one Alembic revision a step, its statements as SQL files that can be read and linted."""
