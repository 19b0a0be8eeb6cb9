"""talkbase: recordings of people talking, as a PostgreSQL database that you can search, correct, export and trust."""

__version__ = "0.1.0"
