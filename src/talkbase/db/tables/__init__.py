"""The schema `talkbase`, described once as SQLAlchemy Core tables, one module a family.

Nothing queries through these: they exist so that Alembic can compare models with migrations, and so that the schema
reference can be generated from the comments. Importing `metadata` imports every family.
"""

from talkbase.db.tables import (
    access,
    conversations,
    graph,
    imports,
    meaning,
    people,
    sight,
    speech,
    trust,
    work,
)
from talkbase.db.tables.base import metadata

__all__ = [
    "access",
    "conversations",
    "graph",
    "imports",
    "meaning",
    "metadata",
    "people",
    "sight",
    "speech",
    "trust",
    "work",
]
