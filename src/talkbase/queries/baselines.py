"""What search is measured against: stemmed BM25 and reciprocal rank fusion, over the utterances of one conversation.

Both see each utterance with its speaker's name in front, as the vectors do.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from talkbase.domain.ranking import idf

if TYPE_CHECKING:
    from talkbase.db.session import Reading

_TEXTS = """
SELECT u.position, array_agg(t.lexeme ORDER BY t.lexeme) FILTER (WHERE t.lexeme IS NOT NULL) AS lexemes,
       array_agg(cardinality(t.positions) ORDER BY t.lexeme) FILTER (WHERE t.lexeme IS NOT NULL) AS times,
       (SELECT v.embedding::text FROM utterance_vectors v
        WHERE v.conversation_id = u.conversation_id AND v.utterance_id = u.id AND v.dimensions = 384) AS vector
FROM utterances u
LEFT JOIN speakers s ON s.conversation_id = u.conversation_id AND s.id = u.speaker_id
LEFT JOIN LATERAL unnest(to_tsvector('english', coalesce(s.name || ': ', '') || u.text)) t ON true
WHERE u.conversation_id = %(conversation)s
GROUP BY u.conversation_id, u.id, u.position ORDER BY u.position
"""

K1, B = 1.2, 0.75
"""The usual parameters of Okapi BM25 (Robertson and Zaragoza 2009)."""

RRF = 60
"""The usual constant of reciprocal rank fusion (Cormack, Clarke and Büttcher 2009)."""


@dataclass(frozen=True, slots=True)
class Index:
    """A conversation as the baselines read it: counts of lexemes and vectors [utterances, 384], by position."""

    counts: list[Counter[str]]
    vectors: NDArray[np.float64]

    def by_words(self, reading: Reading, question: str) -> list[int]:
        """All positions by BM25, best first."""
        lexemes = reading.value("SELECT tsvector_to_array(to_tsvector('english', %(question)s))", question=question)
        sizes = np.array([count.total() for count in self.counts], float)
        scores = np.zeros(len(self.counts))
        for lexeme in lexemes:
            times = np.array([count[lexeme] for count in self.counts], float)
            tells = idf(int((times > 0).sum()), len(self.counts))
            scores += tells * times * (K1 + 1) / (times + K1 * (1 - B + B * sizes / sizes.mean()))
        return _best_first(scores)

    def by_meaning(self, vector: NDArray[Any]) -> list[int]:
        """All positions by cosine, best first."""
        return _best_first(self.vectors @ vector)


def index(reading: Reading, conversation: UUID) -> Index:
    """Read a conversation whose positions go from 0 without a gap."""
    rows = reading.rows(_TEXTS, conversation=conversation)
    counts = [Counter(dict(zip(row["lexemes"] or (), row["times"] or (), strict=True))) for row in rows]
    return Index(counts, np.array([[float(x) for x in row["vector"][1:-1].split(",")] for row in rows]))


def fused(*rankings: Sequence[int]) -> list[int]:
    """Reciprocal rank fusion: the usual "hybrid" search."""
    scores = np.zeros(len(rankings[0]))
    for ranking in rankings:
        scores[list(ranking)] += 1 / (RRF + 1 + np.arange(len(ranking)))
    return _best_first(scores)


def _best_first(scores: NDArray[np.float64]) -> list[int]:
    order: list[int] = np.argsort(-scores, kind="stable").tolist()
    return order
