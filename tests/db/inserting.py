"""Inserts rows and notes each after its commit; the kill tests run it as `inserting.py HOME NOTE LINGER OPTIONS`."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import psycopg

from talkbase.db.server import Server
from talkbase.errors import DatabaseUnavailable

TABLE = "CREATE TABLE IF NOT EXISTS rows (name text, number int, PRIMARY KEY (name, number))"


def insert_for_ever(home: Path, note: Path, linger: float, options: dict[str, str]) -> None:
    """Insert (name, 0), (name, 1), …; whatever fails is tried again, with the server joined anew."""
    server = Server(home, linger=linger, options=options)
    number, name = 0, note.name
    notes = os.open(note, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
    while True:
        try:
            server.join()
            with psycopg.connect(server.conninfo(), autocommit=True) as connection:
                connection.execute(
                    "CREATE TABLE IF NOT EXISTS rows (name text, number int, PRIMARY KEY (name, number))"
                )
                while True:
                    connection.execute("INSERT INTO rows VALUES (%s, %s) ON CONFLICT DO NOTHING", (name, number))
                    os.write(notes, f"{number}\n".encode())
                    number += 1
        except (psycopg.Error, DatabaseUnavailable):
            continue


if __name__ == "__main__":
    insert_for_ever(Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3]), json.loads(sys.argv[4]))
