"""A vector for each utterance, with its speaker's name in front, so that it can be found by meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase.domain.progress import Progress
from talkbase.stages import Recipe, Subject

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from talkbase.db.session import Reading, Writing
    from talkbase.engines.embeddings import Embedder


@dataclass(frozen=True, slots=True)
class Line:
    """An utterance as it is embedded; `speaker` is the name, or the label where nobody knows it."""

    id: UUID
    version: int
    speaker: str | None
    text: str


LINES = (
    "SELECT u.id, u.version, coalesce(s.name, s.label) AS speaker, u.text FROM utterances u"
    " LEFT JOIN speakers s ON s.conversation_id = u.conversation_id AND s.id = u.speaker_id"
    " WHERE u.conversation_id = %(id)s AND (%(speaker)s::uuid IS NULL OR u.speaker_id = %(speaker)s)"
    " ORDER BY u.position"
)


@dataclass(slots=True)
class Embed:
    """The stage `embed`."""

    name: str = "embed"
    description: str = "a vector for each utterance, so that it can be found by meaning"
    version: str = "1"
    needs: tuple[str, ...] = ("transcribe", "diarize")
    _embedders: list[Embedder] = field(default_factory=list)

    def recipe(self, reading: Reading, subject: Subject) -> Recipe | None:
        """The texts and names as they stand."""
        from talkbase.engines.cards import CARDS
        from talkbase.engines.embeddings import Embedder, available

        if not available():
            return None
        digest = reading.value(
            "SELECT encode(sha256(convert_to(string_agg(u.id::text || u.version || coalesce(s.name, s.label, ''),"
            " ',' ORDER BY u.position), 'UTF8')), 'hex') FROM utterances u"
            " LEFT JOIN speakers s ON s.conversation_id = u.conversation_id AND s.id = u.speaker_id"
            " WHERE u.conversation_id = %(id)s",
            id=subject.conversation,
        )
        if digest is None:
            return None
        return Recipe(input=digest, model=Embedder.name, model_sha256=CARDS[Embedder.name].files[0].sha256)

    def load(self, reading: Reading, subject: Subject) -> list[Line]:
        """The utterances with their speakers' names."""
        return reading.all(Line, LINES, id=subject.conversation, speaker=None)

    def compute(self, rows: list[Line], subject: Subject, progress: Progress) -> tuple[list[Line], NDArray[Any]]:
        """Embed each line."""
        return rows, self.vectors(rows, progress)

    def write(
        self, writing: Writing, subject: Subject, run: UUID, result: tuple[list[Line], NDArray[Any]]
    ) -> dict[str, Any]:
        """Put the vectors in place of the old ones of the same model.

        A line that a person changed while the model worked is embedded here once more.
        """
        from talkbase.domain.progress import silent

        known = dict(zip(*result, strict=True))
        lines = writing.all(Line, LINES, id=subject.conversation, speaker=None)
        if changed := [line for line in lines if line not in known]:
            known.update(zip(changed, self.vectors(changed, silent), strict=True))
        replace_vectors(writing, subject.conversation, lines, [known[line] for line in lines], run=run)
        return {"vectors": len(lines)}

    def vectors(self, lines: Sequence[Line], progress: Progress) -> NDArray[Any]:
        """Vectors [lines, dimensions] of lines, L2-normalised."""
        from talkbase.engines.embeddings import Embedder, for_utterance

        if not self._embedders:
            self._embedders.append(Embedder())
        texts = [for_utterance(line.speaker, line.text) for line in lines]
        return self._embedders[0].embed(texts, progress=progress)


def replace_vectors(
    writing: Writing,
    conversation: UUID,
    lines: Sequence[Line],
    vectors: NDArray[Any] | Sequence[NDArray[Any]],
    *,
    run: UUID | None,
) -> None:
    """Write vectors [lines, dimensions] in place of those that the lines had; the lines are as they stand now."""
    from talkbase.engines.embeddings import Embedder

    ids = [line.id for line in lines]
    writing.execute(
        "DELETE FROM utterance_vectors WHERE conversation_id = %(conversation)s AND utterance_id = ANY(%(ids)s)"
        " AND model = %(model)s",
        conversation=conversation, ids=ids, model=Embedder.name,
    )  # fmt: skip
    writing.copy(
        "utterance_vectors",
        ("conversation_id", "utterance_id", "model", "version", "dimensions", "embedding", "run_id"),
        (
            (conversation, line.id, Embedder.name, line.version, Embedder.dimensions, as_halfvec(vector), run)
            for line, vector in zip(lines, vectors, strict=True)
        ),
    )


def as_halfvec(vector: NDArray[Any]) -> str:
    """A vector as PostgreSQL reads it; six digits are more than half precision holds."""
    return "[" + ",".join(f"{x:.6g}" for x in vector) + "]"


stage = Embed()
