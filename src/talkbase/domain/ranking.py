"""How candidates of a search are put in order: several scores standardised, mixed, and helped by what stands around.

Pure functions over plain values and arrays. Standardised means: minus the mean, divided by the standard deviation over
the candidates, so that scores of different kinds can be added; ranks, which are usually fused, lose how much better the
best is.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each sign counts, in standard deviations.

    `words` BM25, `meaning` the cosine of the sentence vectors, `tokens` late interaction; `neighbours` the share of
    the utterances beside one, at distance 1, halved at each further step; `named` the speaker whom the query names;
    `session` the mean of the session's three best.
    """

    words: float
    meaning: float
    tokens: float
    neighbours: float
    named: float
    session: float


WEIGHTS = Weights(words=0.3, meaning=0.2, tokens=0.7, neighbours=0.3, named=1.2, session=0.5)
"""Chosen on LoCoMo by leaving one conversation out (docs/quality.md, "Retrieval", has the figures and the command)."""

REACH = 2
"""How many utterances before and after one count as its neighbours."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of an utterance when it is ranked.

    `words` is its BM25 score (0 where no word matched), `meaning` the cosine to the query, `tokens` its late
    interaction with it; None where it has no vectors. `session` tells sittings of a conversation apart.
    """

    conversation: object
    position: int
    session: str
    speaker: str | None
    words: float
    meaning: float | None
    tokens: float | None


def idf(documents: int, total: int) -> float:
    """How much a word tells that `documents` of `total` utterances have: the form of BM25 that is never negative."""
    return math.log1p((max(total, documents) - documents + 0.5) / (documents + 0.5))


def interaction(question: NDArray[np.float32], weights: Floats, passages: Sequence[NDArray[np.float32]]) -> Floats:
    """MaxSim of a question with passages: for each token of the question the closest of the passage, weighted.

    `question` is [tokens, width], `weights` [tokens], passages [tokens, width] each; all vectors have length 1. The
    result is a mean cosine for each passage; an empty passage gets 0.
    """
    total = weights.sum()
    filled = [at for at, passage in enumerate(passages) if len(passage)]
    result = np.zeros(len(passages))
    if not filled or total <= 0:
        return result
    close = np.concatenate([passages[at] for at in filled]) @ question.T
    starts = np.cumsum([0, *(len(passages[at]) for at in filled[:-1])])
    result[filled] = np.maximum.reduceat(close, starts, axis=0) @ (weights / total)
    return result


def names_in(text: str, speakers: Iterable[str]) -> frozenset[str]:
    """The speakers whom a text names: by the whole name in any case, or by a part of it written the same way."""
    lower, written = text.lower(), set(re.findall(r"\w+", text))
    return frozenset(
        name for name in speakers
        if re.search(rf"(?<!\w){re.escape(name.lower())}(?!\w)", lower) or written.intersection(_parts(name))
    )  # fmt: skip


def _parts(name: str) -> list[str]:
    return [part for part in re.findall(r"\w+", name) if part[0].isupper() and part not in ("A", "I")]


def scores(candidates: Sequence[Candidate], text: str, weights: Weights = WEIGHTS) -> Floats:
    """A score for each candidate of the query `text`; only differences between them mean anything."""
    if not candidates:
        return np.zeros(0)
    mixed = (
        weights.words * _standardised([candidate.words for candidate in candidates])
        + weights.meaning * _standardised([candidate.meaning for candidate in candidates])
        + weights.tokens * _standardised([candidate.tokens for candidate in candidates])
    )
    smooth: Floats = mixed + weights.neighbours * _around(candidates, mixed)
    named = names_in(text, {candidate.speaker for candidate in candidates if candidate.speaker})
    bonus = np.array([weights.named * (candidate.speaker in named) for candidate in candidates])
    result: Floats = smooth + bonus + weights.session * _of_sessions(candidates, smooth + bonus)
    return result


def _standardised(values: Sequence[float | None]) -> Floats:
    """Standard scores; what has no value gets that of the lowest."""
    known = np.array([value for value in values if value is not None], float)
    if not len(known) or not (spread := known.std()):
        return np.zeros(len(values))
    filled = np.array([known.min() if value is None else value for value in values])
    result: Floats = (filled - known.mean()) / spread
    return result


def _around(candidates: Sequence[Candidate], mixed: Floats) -> Floats:
    places = {(candidate.conversation, candidate.position): at for at, candidate in enumerate(candidates)}
    total = np.zeros(len(candidates))
    for at, candidate in enumerate(candidates):
        for step in range(1, REACH + 1):
            for position in (candidate.position - step, candidate.position + step):
                beside = places.get((candidate.conversation, position))
                if beside is not None:
                    total[at] += mixed[beside] / 2 ** (step - 1)
    return total


def _of_sessions(candidates: Sequence[Candidate], values: Floats) -> Floats:
    """For each candidate the mean of the three best of its session, standardised over the sessions."""
    found: dict[tuple[object, str], list[float]] = {}
    for candidate, value in zip(candidates, values, strict=True):
        found.setdefault((candidate.conversation, candidate.session), []).append(float(value))
    best: Mapping[tuple[object, str], float] = {
        session: float(np.mean(sorted(inside, reverse=True)[:3])) for session, inside in found.items()
    }
    level, spread = np.mean(list(best.values())), np.std(list(best.values())) or 1.0
    return np.array([(best[candidate.conversation, candidate.session] - level) / spread for candidate in candidates])
