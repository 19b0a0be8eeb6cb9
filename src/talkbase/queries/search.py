"""Search over utterances. Candidates come from the search functions of the schema, which apply the visibility."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, pstdev
from typing import TYPE_CHECKING
from uuid import UUID

from talkbase.domain.results import Results

if TYPE_CHECKING:
    from talkbase.db.session import Reading

CANDIDATES = 200
"""How many candidates each side gives before they are weighed together."""

Key = tuple[UUID, UUID]


@dataclass(frozen=True, slots=True)
class Hit:
    """An utterance that was found; words that matched stand between « and » in the snippet."""

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


_BY_WORDS = """
SELECT conversation_id, utterance_id, score
FROM search_text(text_query(%(query)s, %(any_word)s), %(conversation)s::uuid, %(limit)s)
"""

_BY_MEANING = """
SELECT v.conversation_id, v.utterance_id, 1 - (v.embedding::halfvec(384) <=> %(vector)s::text::halfvec(384)) AS score
FROM utterance_vectors v JOIN conversations c ON c.id = v.conversation_id
WHERE v.dimensions = 384 AND c.deleted_at IS NULL
  AND (%(conversation)s::uuid IS NULL OR v.conversation_id = %(conversation)s)
ORDER BY v.embedding::halfvec(384) <=> %(vector)s::text::halfvec(384) LIMIT %(limit)s
"""

_DETAILS = """
WITH asked AS MATERIALIZED (SELECT text_query(%(query)s, true) AS query)
SELECT u.conversation_id, u.id AS utterance_id, u.position, c.title, coalesce(s.name, s.label) AS speaker,
       u.start_time AS start, u.end_time AS end, u.text,
       ts_headline(u.search_config::regconfig, u.text, asked.query,
                   'StartSel=«, StopSel=», MaxFragments=2, MaxWords=30, MinWords=12') AS snippet,
       found.score
FROM unnest(%(conversations)s::uuid[], %(utterances)s::uuid[], %(scores)s::float8[]) WITH ORDINALITY
    AS found (conversation_id, utterance_id, score, rank)
CROSS JOIN asked
JOIN utterances u ON u.conversation_id = found.conversation_id AND u.id = found.utterance_id
JOIN conversations c ON c.id = u.conversation_id
LEFT JOIN speakers s ON s.conversation_id = u.conversation_id AND s.id = u.speaker_id
ORDER BY found.rank
"""


def by_words(reading: Reading, text: str, *, conversation: UUID | None, limit: int) -> Results[Hit]:
    """Utterances with all the words; where none has them all, those with some."""
    scores = _words(reading, text, conversation, limit)
    return _details(reading, text, scores, limit)


def by_meaning(
    reading: Reading, text: str, vector: Sequence[float], *, conversation: UUID | None, limit: int
) -> Results[Hit]:
    """Utterances whose vectors are closest to the query's; the score is the cosine."""
    return _details(reading, text, _meaning(reading, vector, conversation, limit), limit)


def by_both(
    reading: Reading, text: str, vector: Sequence[float], *, conversation: UUID | None, limit: int
) -> Results[Hit]:
    """Both, each score standardised over its candidates and weighed equally.

    Fusing ranks instead loses against full text alone, since it takes the order of weak candidates as seriously as
    that of strong ones.
    """
    words = _standardised(_words(reading, text, conversation, max(limit, CANDIDATES), any_word=True))
    meaning = _standardised(_meaning(reading, vector, conversation, max(limit, CANDIDATES)))
    lowest = min((*words.values(), 0.0)), min((*meaning.values(), 0.0))
    both = {key: words.get(key, lowest[0]) + meaning.get(key, lowest[1]) for key in words.keys() | meaning.keys()}
    return _details(reading, text, both, limit)


def _words(
    reading: Reading, text: str, conversation: UUID | None, limit: int, *, any_word: bool = False
) -> dict[Key, float]:
    rows = reading.rows(_BY_WORDS, query=text, any_word=any_word, conversation=conversation, limit=limit)
    if not rows and not any_word:
        rows = reading.rows(_BY_WORDS, query=text, any_word=True, conversation=conversation, limit=limit)
    return {(row["conversation_id"], row["utterance_id"]): row["score"] for row in rows}


def _meaning(reading: Reading, vector: Sequence[float], conversation: UUID | None, limit: int) -> dict[Key, float]:
    if conversation is None:
        # The index filters after the search: it goes on until enough rows are visible.
        reading.value(
            "SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true) FROM pg_extension"
            " WHERE extname = 'vector' AND string_to_array(extversion, '.')::int[] >= '{0,8}'"
        )
        reading.value("SELECT set_config('hnsw.ef_search', %(width)s, true)", width=str(min(max(limit, 100), 1000)))
    rows = reading.rows(
        _BY_MEANING, vector="[" + ",".join(f"{x:.6g}" for x in vector) + "]", conversation=conversation, limit=limit
    )
    return {(row["conversation_id"], row["utterance_id"]): row["score"] for row in rows}


def _standardised(scores: Mapping[Key, float]) -> dict[Key, float]:
    if not scores:
        return {}
    mean, spread = fmean(scores.values()), pstdev(scores.values()) or 1.0
    return {key: (score - mean) / spread for key, score in scores.items()}


def _details(reading: Reading, text: str, scores: Mapping[Key, float], limit: int) -> Results[Hit]:
    best = sorted(scores, key=lambda key: (-scores[key], key))[:limit]
    return Results(reading.all(
        Hit, _DETAILS, query=text, conversations=[key[0] for key in best], utterances=[key[1] for key in best],
        scores=[scores[key] for key in best],
    ))  # fmt: skip
