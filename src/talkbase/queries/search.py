"""Search over utterances: candidates by words and by meaning in one statement, then put in order.

Candidates by words come from the search functions of the schema, which apply the visibility themselves; all else is
read as the user. `domain/ranking.py` says how the order comes about; it is imported where it is used, since commands
that only list must not wait for numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from talkbase.domain.query import Query
from talkbase.domain.results import Results

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from talkbase.db.session import Reading
    from talkbase.domain import ranking

Mode = Literal["text", "semantic", "hybrid"]

CANDIDATES = 200
"""How many candidates each side gives before they are weighed together."""

DEPTH = 100
"""How many of them, by the sum of both standardised scores, are compared with the query token by token."""

WITHIN = 1500
"""Both numbers for a search within one conversation, which has few utterances to begin with."""

MATCHES = 1000
"""How many matches of words are ranked at most. The rarest words, up to so many matches, find the candidates."""

MATCHES_WITHIN = 5000
"""The same for a search within one conversation, where every word finds candidates."""

Key = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Filters:
    """Where to search. `speaker` is a name or label, `language` an ISO 639 code; `since` and `until` (exclusive) are
    compared with the start of the conversation, or where nobody knows it, with when it was added.
    """

    conversation: UUID | None = None
    speaker: str | None = None
    kind: str | None = None
    source: str | None = None
    language: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def json(self) -> dict[str, str]:
        """What the database's `fits` takes: those that are set, without the conversation."""
        values = {name: getattr(self, name) for name in ("speaker", "kind", "source", "language", "since", "until")}
        return {name: str(value) for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with its vectors: `sentence` as PostgreSQL reads it, `tokens` float32 [tokens, width], and for each
    token the place of its word in the text; None for a search by words alone.
    """

    query: Query
    sentence: str | None = None
    tokens: NDArray[Any] | None = None
    spans: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """An utterance that was found; words that matched stand between « and » in the snippet.

    `citation` names this version of the utterance for ever, with the characters of the whole text:
    `talkbase:<conversation>/<utterance>@<version>#<start>-<end>`.
    """

    conversation_id: UUID
    utterance_id: UUID
    position: int
    title: str
    speaker: str | None
    start: float | None
    end: float | None
    text: str
    snippet: str
    score: float
    citation: str


@dataclass(frozen=True, slots=True)
class Terms:
    """The lexemes of a query with what each tells: rarest first, so that the first `seeds` find the candidates.

    `words` maps each word of the query (in small letters) to what likeness to it tells (`ranking.telling`); words
    that tell nothing, such as stop words, are missing.
    """

    lexemes: list[str]
    idf: list[float]
    seeds: int
    words: Mapping[str, float]


_SETTINGS = """
SELECT set_config('plan_cache_mode', 'force_custom_plan', true), set_config('hnsw.ef_search', %(width)s, true),
       (SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true) FROM pg_extension
        WHERE extname = 'vector' AND string_to_array(extversion, '.')::int[] >= '{0,8}')
"""

_CANDIDATES = """
WITH asked AS MATERIALIZED (SELECT compile_query(%(program)s::text[]) AS required),
words AS MATERIALIZED (
    SELECT w.* FROM asked CROSS JOIN search_text(
        asked.required, %(terms)s::text[], %(idf)s::float8[], %(seeds)s, %(filters)s::jsonb, %(conversation)s::uuid,
        %(candidates)s, %(matches)s) w
    WHERE %(by_words)s),
meaning AS MATERIALIZED (
    SELECT v.conversation_id, v.utterance_id,
           1 - (v.embedding::halfvec(384) <=> %(vector)s::text::halfvec(384)) AS score
    FROM utterance_vectors v JOIN conversations c ON c.id = v.conversation_id
    WHERE %(vector)s::text IS NOT NULL AND v.dimensions = 384 AND fits(c, %(filters)s::jsonb)
      AND (%(conversation)s::uuid IS NULL OR v.conversation_id = %(conversation)s)
      AND (%(unfiltered)s OR EXISTS (
          SELECT FROM utterances u
          WHERE u.conversation_id = v.conversation_id AND u.id = v.utterance_id AND fits(u, %(filters)s::jsonb)
            AND coalesce(u.tsv @@ (SELECT required FROM asked), true)))
    ORDER BY v.embedding::halfvec(384) <=> %(vector)s::text::halfvec(384) LIMIT %(candidates)s),
found AS MATERIALIZED (
    SELECT conversation_id, utterance_id, sum(words) AS words, sum(meaning) AS meaning
    FROM (SELECT conversation_id, utterance_id, score AS words, NULL::float8 AS meaning FROM words
          UNION ALL SELECT conversation_id, utterance_id, NULL, score FROM meaning) either GROUP BY 1, 2),
best AS MATERIALIZED (
    SELECT conversation_id, utterance_id FROM found
    ORDER BY coalesce((words - min(words) OVER ()) / nullif(stddev_pop(words) OVER (), 0), 0)
           + coalesce((meaning - min(meaning) OVER ()) / nullif(stddev_pop(meaning) OVER (), 0), 0) DESC, 1, 2
    LIMIT %(depth)s),
places AS MATERIALIZED (
    SELECT b.conversation_id, u.position + step AS position, bool_or(step = 0) AS is_found
    FROM best b
    CROSS JOIN LATERAL (SELECT u.position FROM utterances u
                        WHERE u.conversation_id = b.conversation_id AND u.id = b.utterance_id LIMIT 1) u
    CROSS JOIN generate_series(-%(reach)s::int, %(reach)s::int) step
    GROUP BY 1, 2)
SELECT p.conversation_id, u.id AS utterance_id, p.is_found, p.position,
       (SELECT coalesce(s.name, s.label) FROM speakers s
        WHERE s.conversation_id = p.conversation_id AND s.id = u.speaker_id) AS speaker,
       (coalesce(u.said_at, c.started_at) AT TIME ZONE 'UTC')::date AS day, coalesce(f.words, 0) AS words,
       coalesce(f.meaning, v.meaning) AS meaning, t.vectors
FROM places p
JOIN conversations c ON c.id = p.conversation_id
CROSS JOIN LATERAL (SELECT u.id, u.speaker_id, u.said_at FROM utterances u
                    WHERE u.conversation_id = p.conversation_id AND u.position = p.position LIMIT 1) u
LEFT JOIN found f ON f.conversation_id = p.conversation_id AND f.utterance_id = u.id
LEFT JOIN LATERAL (
    SELECT 1 - (v.embedding::halfvec(384) <=> %(vector)s::text::halfvec(384)) AS meaning FROM utterance_vectors v
    WHERE v.conversation_id = p.conversation_id AND v.utterance_id = u.id AND v.model = %(model)s
      AND f.meaning IS NULL AND %(by_words)s AND v.dimensions = 384 LIMIT 1) v ON true
LEFT JOIN LATERAL (
    SELECT t.vectors FROM token_vectors t
    WHERE t.conversation_id = p.conversation_id AND t.utterance_id = u.id AND t.model = %(token_model)s
      AND %(by_words)s AND %(vector)s::text IS NOT NULL LIMIT 1) t ON true
"""

_DETAILS = """
WITH shown AS MATERIALIZED (SELECT compile_query(%(program)s::text[]) AS query)
SELECT u.conversation_id, u.id AS utterance_id, u.position, c.title, coalesce(s.name, s.label) AS speaker,
       u.start_time AS start, u.end_time AS end, u.text,
       ts_headline(u.search_config::regconfig, u.text, coalesce(shown.query, ''),
                   'StartSel=«, StopSel=», MaxFragments=2, MaxWords=30, MinWords=12') AS snippet,
       found.score,
       format('talkbase:%%s/%%s@%%s#0-%%s', u.conversation_id, u.id, u.version, length(u.text)) AS citation
FROM unnest(%(conversations)s::uuid[], %(utterances)s::uuid[], %(scores)s::float8[]) WITH ORDINALITY
    AS found (conversation_id, utterance_id, score, rank)
CROSS JOIN shown
JOIN utterances u ON u.conversation_id = found.conversation_id AND u.id = found.utterance_id
JOIN conversations c ON c.id = u.conversation_id
LEFT JOIN speakers s ON s.conversation_id = u.conversation_id AND s.id = u.speaker_id
ORDER BY found.rank
"""


def search(reading: Reading, asked: Asked, mode: Mode, filters: Filters, *, limit: int) -> Results[Hit]:
    """The utterances that fit best, best first: by BM25, by the cosine of meaning, or by all that `ranking` knows."""
    terms = _terms(reading, asked.query)
    find = {"text": _by_words, "semantic": _by_meaning, "hybrid": _by_both}[mode]
    return _details(reading, terms, find(reading, asked, terms, filters, limit), limit)


def _by_words(reading: Reading, asked: Asked, terms: Terms, filters: Filters, limit: int) -> dict[Key, float]:
    """All that was asked for; where nothing has all of the words, what has some of them."""
    wordless = replace(asked, sentence=None)
    for program in dict.fromkeys((asked.query.whole, asked.query.required)):
        rows = _candidates(reading, wordless, terms, filters, program, size=limit, depth=limit, reach=0)
        if rows:
            return {_key(row): row["words"] for row in rows}
    return {}


def _by_meaning(reading: Reading, asked: Asked, terms: Terms, filters: Filters, limit: int) -> dict[Key, float]:
    program = asked.query.required
    rows = _candidates(reading, asked, terms, filters, program, size=limit, depth=limit, reach=0, by_words=False)
    return {_key(row): row["meaning"] for row in rows}


def _by_both(reading: Reading, asked: Asked, terms: Terms, filters: Filters, limit: int) -> dict[Key, float]:
    from talkbase.domain import ranking

    rows = ranked_rows(reading, asked, terms, filters, limit)
    values = ranking.scores(_as_candidates(rows, asked, terms), asked.query.text)
    # What only stands beside a hit may be one itself, unless something was asked for that it does not have.
    loose = not filters.json() and not asked.query.required
    return {_key(row): float(value) for row, value in zip(rows, values, strict=True) if loose or row["is_found"]}


def ranked_rows(reading: Reading, asked: Asked, terms: Terms, filters: Filters, limit: int) -> list[dict[str, Any]]:
    """The candidates of a search by both, with their neighbours, as rows."""
    from talkbase.domain import ranking

    within = filters.conversation is not None
    return _candidates(
        reading, asked, terms, filters, asked.query.required, size=max(limit, WITHIN if within else CANDIDATES),
        depth=max(limit, WITHIN if within else DEPTH), reach=ranking.REACH,
    )  # fmt: skip


def _candidates(
    reading: Reading, asked: Asked, terms: Terms, filters: Filters, program: Sequence[str], *,
    size: int, depth: int, reach: int, by_words: bool = True,
) -> list[dict[str, Any]]:  # fmt: skip
    import json

    from talkbase.engines.embeddings import Embedder
    from talkbase.engines.late_interaction import MODEL

    reading.rows(_SETTINGS, width=str(min(max(size, 100), 1000)))
    wanted = filters.json()
    return reading.binary_rows(
        _CANDIDATES, program=list(program), terms=terms.lexemes, idf=terms.idf, filters=json.dumps(wanted),
        seeds=len(terms.lexemes) if filters.conversation else terms.seeds, conversation=filters.conversation,
        candidates=size, matches=MATCHES_WITHIN if filters.conversation else MATCHES, by_words=by_words,
        vector=asked.sentence, depth=depth, reach=reach,
        unfiltered=not program and not wanted, model=Embedder.name, token_model=MODEL,
    )  # fmt: skip


def _terms(reading: Reading, query: Query) -> Terms:
    from talkbase.domain import ranking

    words = list(query.words)
    rows = reading.rows("SELECT word, lexeme, documents FROM query_terms(%(words)s::text[])", words=words)
    total = next(row["documents"] for row in rows if row["word"] == 0)
    documents = {row["lexeme"]: row["documents"] for row in rows if row["word"]}
    lexemes = sorted(documents, key=lambda lexeme: (documents[lexeme], lexeme))
    within = sum(matches <= MATCHES for matches in accumulate(documents[lexeme] for lexeme in lexemes))
    alike: dict[str, float] = {}
    for row in rows:
        if row["word"]:
            word = words[row["word"] - 1].lower()
            alike[word] = max(alike.get(word, 0.0), ranking.telling(word, row["documents"], total))
    return Terms(lexemes, [ranking.idf(documents[lexeme], total) for lexeme in lexemes], max(within, 1), alike)


def _as_candidates(rows: Sequence[Mapping[str, Any]], asked: Asked, terms: Terms) -> list[ranking.Candidate]:
    from talkbase.domain import ranking
    from talkbase.engines.late_interaction import unpack

    assert asked.tokens is not None
    speakers = {row["speaker"] for row in rows if row["speaker"]}
    weights = ranking.token_weights(asked.query.text, asked.spans, terms.words, speakers)
    passages = [unpack(row["vectors"] or b"") for row in rows]
    close = ranking.interaction(asked.tokens, weights, passages)
    return [
        ranking.Candidate(
            row["conversation_id"], row["position"], row["day"], row["speaker"], row["words"], row["meaning"],
            float(value) if row["vectors"] else None,
        )
        for row, value in zip(rows, close, strict=True)
    ]  # fmt: skip


def _key(row: Mapping[str, Any]) -> Key:
    return row["conversation_id"], row["utterance_id"]


def _details(reading: Reading, terms: Terms, scores: Mapping[Key, float], limit: int) -> Results[Hit]:
    best = sorted(scores, key=lambda key: (-scores[key], key))[:limit]
    words = [f"w{lexeme}" for lexeme in terms.lexemes]
    return Results(reading.all(
        Hit, _DETAILS, program=words[:1] + [step for word in words[1:] for step in (word, "|")],
        conversations=[key[0] for key in best], utterances=[key[1] for key in best],
        scores=[scores[key] for key in best],
    ))  # fmt: skip
