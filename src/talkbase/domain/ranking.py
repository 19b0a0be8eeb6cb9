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
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from talkbase.domain.dates import periods_in
from talkbase.domain.query import bare

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much each sign counts, in standard deviations.

    `words` BM25, `meaning` the cosine of the sentence vectors, `tokens` late interaction; `neighbours` the share of
    the utterances beside one, at distance 1, halved at each further step; `named` the speaker whom the query names;
    `session` the best of the session; `dated` what was said at the time that the query names.
    """

    words: float
    meaning: float
    tokens: float
    neighbours: float
    named: float
    session: float
    dated: float


WEIGHTS = Weights(words=0.1, meaning=0.1, tokens=0.8, neighbours=0.25, named=1.8, session=0.4, dated=1.5)
"""Chosen on LoCoMo by leaving one conversation out (docs/quality.md, "Retrieval", has the figures and the command)."""

REACH = 2
"""How many utterances before and after one count as its neighbours."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What is known of an utterance when it is ranked.

    `words` is its BM25 score (0 where no word matched), `meaning` the cosine to the query, `tokens` its late
    interaction with it; None where it has no vectors. `day` is when it was said, where known; it also tells sittings of
    a conversation apart.
    """

    conversation: object
    position: int
    day: date | None
    speaker: str | None
    words: float
    meaning: float | None
    tokens: float | None


def idf(documents: int, total: int) -> float:
    """How much a word tells that `documents` of `total` utterances have: the form of BM25 that is never negative."""
    return math.log1p((max(total, documents) - documents + 0.5) / (documents + 0.5))


ASKING = frozenset({
    "summarize", "summarise", "summary", "discuss", "discussed", "discussing", "discussion", "discussions", "talk",
    "talked", "talking", "say", "said", "think", "thought", "mention", "mentioned", "opinion", "opinions", "view",
    "views", "describe", "described", "describing", "tell", "told", "explain", "explained", "conversation",
    "meeting", "according"
})  # fmt: skip
"""English words that say that something is asked, and not what: no utterance is looked for by its likeness to them."""

UNHEARD = 0.5
"""What a word counts that occurs nowhere, beside the rarest that does: it may be another's word for what was said."""


NAMED = 0.5
"""What a word counts that is part of a speaker's name: `Weights.named` has most of what it tells, and who is only
greeted by name is not the one who speaks."""


def telling(word: str, documents: int, total: int) -> float:
    """How much the likeness to a word of a question tells; 0 for words of asking."""
    if word in ASKING:
        return 0.0
    return idf(documents, total) if documents else UNHEARD * idf(1, total)


def token_weights(
    text: str, spans: Iterable[tuple[int, int]], tells: Mapping[str, float], speakers: Iterable[str]
) -> Floats:
    """What likeness to each token of a question tells: as much as the word tells that it is part of.

    `spans` are the places of the tokens in the text, `tells` maps words in small letters (`telling`).
    """
    names = {word for name in names_in(text, speakers) for word in re.findall(r"\w+", name.lower())}
    words = [(found.start(), found.end(), bare(found[0]).lower()) for found in re.finditer(r"\S+", text)]
    weights = []
    for start, end in spans:
        word = next((word for first, last, word in words if first <= start < end <= last), "")
        share = NAMED if names.intersection(re.split(r"\W", word)) else 1.0
        weights.append(share * tells.get(word, 0.0))
    return np.array(weights)


def interaction(question: NDArray[np.float32], weights: Floats, passages: Sequence[NDArray[Any]]) -> Floats:
    """MaxSim of a question with passages: for each token of the question the closest of the passage, weighted.

    `question` is [tokens, width], `weights` [tokens], passages [tokens, width] each; all vectors of a kind have one
    length. The result is a mean cosine for each passage, times these lengths; an empty passage gets 0. Where no token
    has a weight, all count alike.
    """
    weights = weights if weights.any() else np.ones(len(weights))
    filled = [at for at, passage in enumerate(passages) if len(passage)]
    result = np.zeros(len(passages))
    if not filled:
        return result
    close = np.concatenate([passages[at] for at in filled]).astype(np.float32) @ question.T
    starts = np.cumsum([0, *(len(passages[at]) for at in filled[:-1])])
    result[filled] = np.maximum.reduceat(close, starts, axis=0) @ (weights / weights.sum())
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
    periods = periods_in(text)
    asked_for = smooth + np.array([
        weights.named * (one.speaker in named)
        + weights.dated * (one.day is not None and any(period.is_told_on(one.day) for period in periods))
        for one in candidates
    ])  # fmt: skip
    result: Floats = asked_for + weights.session * _of_sessions(candidates, asked_for)
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
    """For each candidate the best of its session, standardised over the sessions."""
    best: dict[tuple[object, date | None], float] = {}
    for one, value in zip(candidates, values, strict=True):
        best[one.conversation, one.day] = max(best.get((one.conversation, one.day), -math.inf), float(value))
    level, spread = np.mean(list(best.values())), np.std(list(best.values())) or 1.0
    return np.array([(best[one.conversation, one.day] - level) / spread for one in candidates])
