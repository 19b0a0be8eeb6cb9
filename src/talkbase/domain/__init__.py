"""Values and pure functions: what a transcript is, without files, models or a database."""
