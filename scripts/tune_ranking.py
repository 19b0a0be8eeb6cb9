"""Choose the weights of search on LoCoMo files, leaving one conversation out at a time.

    python scripts/tune_ranking.py FILE…

Coordinate ascent from the present weights (domain/ranking.py) on recall at 10; for each conversation on the others, and
last on all. Prints the weights, and the recall on the conversations left out with its 95 % interval by a bootstrap
over the questions. Works in a database of its own beside talkbase's.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

import numpy as np

import talkbase
from talkbase.actions.evaluate import recall, take_in
from talkbase.actions.search import _encoded
from talkbase.db.scratch import scratch_database
from talkbase.domain import ranking
from talkbase.domain.ranking import WEIGHTS, Candidate, Weights
from talkbase.queries import search
from talkbase.readers._corpora import read_locomo

FACTORS = (0.5, 0.75, 1.33, 2.0)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with its candidates."""

    conversation: str
    text: str
    category: str
    evidence: frozenset[int]
    candidates: list[Candidate]


def ask(files: Sequence[str]) -> list[Asked]:
    """All questions with their candidates, through the code of `search`."""
    asked = []
    with talkbase.open() as tb, scratch_database(tb.database, tb.settings) as database:
        for case in (case for file in files for case in read_locomo(Path(file))):
            filters = search.Filters(conversation=take_in(database, case))
            for question in case.questions:
                encoded = _encoded(question.text)
                with database.reading() as reading:
                    terms = search._terms(reading, encoded.query)
                    rows = search.ranked_rows(reading, encoded, terms, filters, 20)
                asked.append(
                    Asked(
                        str(case.transcript.title), question.text, question.category, question.evidence,
                        search._as_candidates(rows, encoded, terms),
                    )
                )  # fmt: skip
    return asked


def recalls(asked: Sequence[Asked], weights: Weights) -> np.ndarray:
    """Recall at 10 of each question."""
    found = []
    for question in asked:
        order = np.argsort(-ranking.scores(question.candidates, question.text, weights), kind="stable")[:10]
        found.append(recall([question.candidates[at].position for at in order], question.evidence))
    return np.array(found)


def fit(asked: Sequence[Asked]) -> Weights:
    """The best weights, one after the other changed by a factor; `tokens` stays, since only ratios matter."""
    best, value = WEIGHTS, recalls(asked, WEIGHTS).mean()
    for name in (field.name for field in fields(Weights) if field.name != "tokens"):
        for factor in FACTORS:
            tried = replace(best, **{name: round(getattr(WEIGHTS, name) * factor, 3)})
            if (reached := recalls(asked, tried).mean()) > value:
                best, value = tried, reached
    return best


def main() -> None:
    """Tune and print."""
    asked = ask(sys.argv[1:])
    conversations = dict.fromkeys(question.conversation for question in asked)
    if len(conversations) < 2:
        raise SystemExit("Give files with at least two conversations: one is always left out.")
    held: list[float] = []
    for conversation in conversations:
        weights = fit([question for question in asked if question.conversation != conversation])
        left = recalls([question for question in asked if question.conversation == conversation], weights)
        held += left.tolist()
        print(f"without {conversation}: {weights}; on it {left.mean():.3f}", flush=True)
    draws = np.random.default_rng(0).integers(0, len(held), (2000, len(held)))
    low, high = np.quantile(np.array(held)[draws].mean(axis=1), (0.025, 0.975))
    print(f"recall at 10 on what was left out: {np.mean(held):.3f} ({low:.3f} to {high:.3f}), {len(held)} questions")
    print(f"on all: {fit(asked)}")


if __name__ == "__main__":
    main()
