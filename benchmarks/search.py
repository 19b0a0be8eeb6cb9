"""How fast search is as the data grows, beside `ILIKE` and beside plain ts_rank with vector fusion in the same run.

    python benchmarks/search.py [--sizes 10000,100000] [--questions 100]

Utterances are made of halves of real ones (LoCoMo and QMSum in the test data), so that words keep their frequencies;
one in ten gets a word of its own, as names and numbers are in real talk. Vectors are those of the halves, mixed, with
noise. The questions are LoCoMo's. Everything runs over a scratch home that is removed afterwards.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np

from talkbase.actions.library import Talkbase
from talkbase.config import Settings
from talkbase.db.connect import open_database
from talkbase.domain.ids import uuid7
from talkbase.engines.late_interaction import MODEL
from talkbase.readers._corpora import Case, read_locomo, read_qmsum
from talkbase.stages.embed import as_halfvec, stage

DATA = Path(os.environ.get("TALKBASE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data")) / "corpora"
A_CONVERSATION = 600
NOISE = 0.03
INDEX = (
    "CREATE INDEX ix_utterance_vectors_384 ON talkbase.utterance_vectors"
    " USING hnsw ((embedding::halfvec(384)) halfvec_cosine_ops) WHERE dimensions = 384"
)
PLAIN = """
WITH words AS (SELECT u.conversation_id, u.id, row_number() OVER (ORDER BY ts_rank(u.tsv, q) DESC) AS rank
               FROM talkbase.utterances u,
                    CAST(replace(plainto_tsquery('english', %(text)s)::text, '&', '|') AS tsquery) q
               WHERE u.tsv @@ q ORDER BY ts_rank(u.tsv, q) DESC LIMIT 100),
meaning AS (SELECT v.conversation_id, v.utterance_id AS id, row_number() OVER () AS rank
            FROM (SELECT * FROM talkbase.utterance_vectors v WHERE v.dimensions = 384
                  ORDER BY v.embedding::halfvec(384) <=> %(vector)s::text::halfvec(384) LIMIT 100) v)
SELECT conversation_id, id, sum(1.0 / (60 + rank)) FROM (SELECT * FROM words UNION ALL SELECT * FROM meaning) either
GROUP BY 1, 2 ORDER BY 3 DESC LIMIT 10
"""
NEAREST = (
    "SELECT utterance_id FROM talkbase.utterance_vectors v WHERE v.dimensions = 384"
    " ORDER BY v.embedding::halfvec(384) <=> %(vector)s::text::halfvec(384) LIMIT 10"
)


def real() -> tuple[list[str], Any, list[Any], list[str]]:
    """Texts, their vectors of both kinds, and questions."""
    chats = read_locomo(DATA / "locomo-dev.json")
    meetings = [read_qmsum(file) for file in sorted((DATA / "qmsum-val").glob("*.json"))[::12]]
    cases: list[Case] = [*chats, *meetings]
    texts = [said.text for case in cases for said in case.transcript.utterances if len(said.text.split()) > 4]
    texts = [texts[at] for at in np.random.default_rng(1).permutation(len(texts))[:2500]]
    encoded = stage.encoder.encode(texts)
    return texts, encoded.sentences, encoded.tokens, [asked.text for case in chats for asked in case.questions]


def made(
    count: int, texts: list[str], vectors: Any, tokens: list[Any]
) -> Iterator[tuple[UUID, UUID, int, str, Any, bytes, int]]:
    """Conversation, id, position, text, vector, token vectors and their number."""
    draw = np.random.default_rng(2)
    for at in range(count):
        if at % A_CONVERSATION == 0:
            conversation = uuid7()
        first, second = draw.integers(0, len(texts), 2)
        left, right = texts[first].split(), texts[second].split()
        words = left[: len(left) // 2] + right[len(right) // 2 :]
        if at % 10 == 0:
            words.append(f"{left[0].lower()}{draw.integers(0, count)}")
        vector = vectors[first] + vectors[second] + draw.normal(0, NOISE, 384)
        both = np.concatenate([tokens[first][: len(left) // 2 + 1], tokens[second][len(right) // 2 :]])
        yield (conversation, uuid7(), at % A_CONVERSATION, " ".join(words), vector / np.linalg.norm(vector),
               both.tobytes(), len(both))  # fmt: skip


def fill(tb: Talkbase, rows: list[tuple[UUID, UUID, int, str, Any, bytes, int]]) -> None:
    """Write them as the owner, with the vectors' index made at the end."""
    user = tb.user
    with tb.database.as_owner() as owner:
        owner.execute("DROP INDEX IF EXISTS talkbase.ix_utterance_vectors_384")
        owner.execute("SET maintenance_work_mem = '2GB'")
        for conversation in dict.fromkeys(row[0] for row in rows):
            owner.execute("INSERT INTO talkbase.conversations (id, owner_id, title) VALUES (%s, %s, 'made')",
                          [conversation, user])  # fmt: skip
        for table, columns, values in (
            ("utterances", "conversation_id, id, position, text, search_config",
             lambda row: (*row[:4], "english")),
            ("utterance_vectors", "conversation_id, utterance_id, model, version, dimensions, embedding",
             lambda row: (*row[:2], "minilm-l6-v2", 1, 384, as_halfvec(row[4]))),
            ("token_vectors", "conversation_id, utterance_id, model, version, tokens, vectors",
             lambda row: (*row[:2], MODEL, 1, row[6], row[5])),
        ):  # fmt: skip
            begun = time.perf_counter()
            names = columns.split(", ")
            owner.execute(f"CREATE TEMP TABLE made AS SELECT {columns} FROM talkbase.{table} WITH NO DATA")
            with owner.cursor() as cursor, cursor.copy(f"COPY made ({columns}) FROM STDIN") as copy:
                for row in rows:
                    copy.write_row(values(row))
            owner.execute(f"INSERT INTO talkbase.{table} ({', '.join(names)}) SELECT * FROM made")
            owner.execute("DROP TABLE made")
            print(f"  {table}: {time.perf_counter() - begun:.0f} s", flush=True)
        begun = time.perf_counter()
        owner.execute(INDEX)
        print(f"  index: {time.perf_counter() - begun:.0f} s", flush=True)
        owner.execute("VACUUM ANALYZE talkbase.utterances, talkbase.utterance_vectors, talkbase.token_vectors,"
                      " talkbase.lexemes, talkbase.conversations")  # fmt: skip


def timed(run: Callable[[str], object], questions: list[str]) -> dict[str, float]:
    """p50 and p95 in milliseconds, after five questions to warm up."""
    for question in questions[:5]:
        run(question)
    took = []
    for question in questions:
        begun = time.perf_counter()
        run(question)
        took.append((time.perf_counter() - begun) * 1000)
    return {"p50_ms": round(float(np.quantile(took, 0.5)), 1), "p95_ms": round(float(np.quantile(took, 0.95)), 1)}


def measure(tb: Talkbase, questions: list[str]) -> dict[str, Any]:
    """Everything at the size that there is."""

    def vector(text: str) -> str:
        return as_halfvec(stage.encoder.question(text).sentence)

    with tb.database.as_owner() as owner:
        result: dict[str, Any] = {
            "hybrid": timed(lambda text: tb.search(text), questions),
            "text": timed(lambda text: tb.search(text, mode="text"), questions),
            "one common word": timed(lambda _: tb.search("yeah"), questions[:10]),
            "misspelt": timed(lambda _: tb.search("resturant recomendation"), questions[:10]),
            "ts_rank with vector fusion": timed(
                lambda text: owner.execute(PLAIN, {"text": text, "vector": vector(text)}).fetchall(), questions),
            "ILIKE on the longest word": timed(
                lambda text: owner.execute("SELECT id FROM talkbase.utterances WHERE text ILIKE %s LIMIT 10",
                                           [f"%{max(text.strip('?').split(), key=len)}%"]).fetchall(), questions),
        }  # fmt: skip
        found = []
        for question in questions[:50]:
            near = {"vector": vector(question)}
            owner.execute("SET hnsw.ef_search = 200; SET enable_seqscan = off; SET enable_indexscan = on")
            index = {row[0] for row in owner.execute(NEAREST, near).fetchall()}
            owner.execute("SET enable_indexscan = off; SET enable_seqscan = on")
            exact = {row[0] for row in owner.execute(NEAREST, near).fetchall()}
            found.append(len(index & exact) / 10)
        result["recall@10 of the index"] = round(float(np.mean(found)), 3)
        size = owner.execute("SELECT pg_database_size(current_database())").fetchone()
        result["bytes"] = size[0] if size else None
    return result


def main() -> None:
    """Run and print JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", default="10000,100000")
    parser.add_argument("--questions", type=int, default=100)
    asked = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="talkbase-"))
    home.chmod(0o755)
    settings = Settings(home=home, database_linger=0)
    texts, vectors, tokens, questions = real()
    questions = [questions[at] for at in np.random.default_rng(3).permutation(len(questions))[: asked.questions]]
    try:
        with open_database(settings) as database:
            tb, there = Talkbase(settings, database=database), 0
            for size in map(int, asked.sizes.split(",")):
                fill(tb, list(made(size - there, texts, vectors, tokens)))
                there = size
                print(json.dumps({"utterances": size, **measure(tb, questions)}, indent=2), flush=True)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
