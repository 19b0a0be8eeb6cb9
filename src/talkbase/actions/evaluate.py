"""Evaluate: how good talkbase is, measured on references that anybody can give, beside simple baselines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from talkbase.actions.search import search
from talkbase.domain.ids import uuid7
from talkbase.domain.progress import Progress, silent
from talkbase.domain.text import search_config
from talkbase.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase
    from talkbase.db.session import Database
    from talkbase.queries import baselines
    from talkbase.readers._corpora import Case, Question

DEPTH = 20
"""How many hits are asked for."""

METHODS = ("talkbase", "bm25", "rank fusion")
RESAMPLES = 2000

Ranking = Sequence[int]
"""Positions of utterances, best first."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One method on some questions of one corpus: means from 0 to 1, and the 95 % interval of recall at 10 (LoCoMo) or
    hit at 5 (QMSum) by a bootstrap over the questions.

    `recall_at_…` is the share of a question's evidence among the first hits, `hit_at_5` whether any is.
    """

    corpus: str
    method: str
    category: str
    questions: int
    recall_at_5: float
    recall_at_10: float
    recall_at_20: float
    hit_at_5: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class RetrievalReport:
    """The figures; questions whose reference names no utterance cannot be scored and are counted as `unscorable`."""

    conversations: int
    utterances: int
    questions: int
    unscorable: int
    figures: list[Figure]


@dataclass(frozen=True, slots=True)
class _Answer:
    corpus: str
    category: str
    evidence: frozenset[int]
    rankings: dict[str, Ranking]


def evaluate_retrieval(
    tb: Talkbase, *, locomo: Sequence[Path] = (), qmsum: Sequence[Path] = (), progress: Progress = silent
) -> RetrievalReport:
    """Ask every question of LoCoMo files and QMSum folders through `search`, in a database of its own beside.

    Each question is asked within its conversation. `progress` counts conversations. Raises `UnreadableInput` for a
    file of another format, `MissingExtra` without the text extra.
    """
    from talkbase.db.scratch import scratch_database
    from talkbase.engines import embeddings

    if not embeddings.available():
        raise MissingExtra("Searching by meaning needs the text extra.", hint="pip install 'talkbase[text]'")
    cases = _cases(locomo, qmsum)
    answers: list[_Answer] = []
    with scratch_database(tb.database, tb.settings) as database:
        for done, (corpus, case) in enumerate(cases, 1):
            answers += ask_all(database, tb, corpus, case)
            progress(done, len(cases))
    return RetrievalReport(
        len(cases), sum(len(case.transcript.utterances) for _, case in cases), len(answers),
        sum(case.unanswerable for _, case in cases), list(_figures(answers)),
    )  # fmt: skip


def _cases(locomo: Sequence[Path], qmsum: Sequence[Path]) -> list[tuple[str, Case]]:
    from talkbase.readers import _corpora

    cases = [("LoCoMo", case) for path in locomo for case in _corpora.read_locomo(path)]
    for folder in qmsum:
        files = sorted(folder.glob("*.json")) if folder.is_dir() else [folder]
        cases += [("QMSum", _corpora.read_qmsum(file)) for file in files]
    if not cases:
        raise UsageError("There is nothing to evaluate on.", hint="Give --locomo FILE or --qmsum FOLDER.")
    return cases


def ask_all(database: Database, tb: Talkbase, corpus: str, case: Case) -> Iterator[_Answer]:
    """Take a conversation in and ask all its questions."""
    from talkbase.actions.library import Talkbase as Library
    from talkbase.queries import baselines  # not above: it brings numpy, for which commands that list must not wait

    beside = Library(tb.settings, database=database)
    conversation = take_in(database, case)
    with database.reading() as reading:
        index = baselines.index(reading, conversation)
    for question in case.questions:
        yield _Answer(corpus, question.category, question.evidence, _rankings(beside, index, conversation, question))


def take_in(database: Database, case: Case) -> UUID:
    """Write a conversation with its speakers, utterances and vectors; gives its id."""
    from talkbase.stages import _utterances
    from talkbase.stages.embed import LINES, Line, replace_vectors, stage

    conversation, transcript = uuid7(), case.transcript
    with database.writing() as writing:
        writing.insert("conversations", {
            "id": conversation, "owner_id": database.local_user, "title": transcript.title or "",
            "kind": transcript.kind, "language": transcript.language,
            "search_config": search_config(transcript.language),
        })  # fmt: skip
        speakers = {speaker.label: uuid7() for speaker in transcript.speakers}
        for label, key in speakers.items():
            writing.insert("speakers", {"conversation_id": conversation, "id": key, "label": label, "name": label})
        _utterances.write(
            writing, conversation, transcript.utterances, speakers, run=None, fallback_language=transcript.language
        )
        lines = writing.all(Line, LINES, id=conversation, speaker=None)
        replace_vectors(writing, conversation, lines, stage.vectors(lines, silent), run=None)
    return conversation


def _rankings(tb: Talkbase, index: baselines.Index, conversation: UUID, question: Question) -> dict[str, Ranking]:
    from talkbase.queries import baselines
    from talkbase.stages.embed import stage

    hits = search(tb, question.text, conversation=conversation, limit=DEPTH)
    with tb.database.reading() as reading:
        words = index.by_words(reading, question.text)
    meaning = index.by_meaning(stage.encoder.question(question.text).sentence)
    fused = baselines.fused(words, meaning)
    return dict(zip(METHODS, ([hit.position for hit in hits], words[:DEPTH], fused[:DEPTH]), strict=True))


def _figures(answers: Sequence[_Answer]) -> Iterator[Figure]:
    for corpus in dict.fromkeys(answer.corpus for answer in answers):
        inside = [answer for answer in answers if answer.corpus == corpus]
        categories = sorted({answer.category for answer in inside})
        for category in ("all", *(categories if len(categories) > 1 else ())):
            chosen = [answer for answer in inside if category in ("all", answer.category)]
            for method in METHODS:
                yield _figure(corpus, method, category, chosen)


def _figure(corpus: str, method: str, category: str, answers: Sequence[_Answer]) -> Figure:
    import numpy as np

    recalls = {k: np.array([recall(answer.rankings[method][:k], answer.evidence) for answer in answers])
               for k in (5, 10, DEPTH)}  # fmt: skip
    hits = (recalls[5] > 0).astype(float)
    telling = hits if corpus == "QMSum" else recalls[10]
    draws = np.random.default_rng(0).integers(0, len(answers), (RESAMPLES, len(answers)))
    low, high = np.quantile(telling[draws].mean(axis=1), (0.025, 0.975))
    return Figure(
        corpus, method, category, len(answers), float(recalls[5].mean()), float(recalls[10].mean()),
        float(recalls[DEPTH].mean()), float(hits.mean()), float(low), float(high),
    )  # fmt: skip


def recall(found: Ranking, evidence: frozenset[int]) -> float:
    """The share of the evidence that was found."""
    return len(evidence.intersection(found)) / len(evidence)
