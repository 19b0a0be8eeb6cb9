"""Vectors for each utterance, with its speaker's name in front, so that it can be found by meaning.

One vector for the whole and one for each token (compressed), from the same forward pass.
"""

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
    from talkbase.engines.late_interaction import Encoder


@dataclass(frozen=True, slots=True)
class Vectors:
    """What is kept of a line: `sentence` float32 [384], `tokens` int8 [tokens, 128]."""

    sentence: NDArray[Any]
    tokens: NDArray[Any]


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
    description: str = "vectors for each utterance and its tokens, so that it can be found by meaning"
    version: str = "2"
    needs: tuple[str, ...] = ("transcribe", "diarize")
    _encoders: list[Encoder] = field(default_factory=list)

    @property
    def encoder(self) -> Encoder:
        """The model, loaded once a process."""
        from talkbase.engines.late_interaction import Encoder

        if not self._encoders:
            self._encoders.append(Encoder())
        return self._encoders[0]

    def recipe(self, reading: Reading, subject: Subject) -> Recipe | None:
        """The texts and names as they stand."""
        from talkbase.engines.cards import CARDS
        from talkbase.engines.embeddings import Embedder, available
        from talkbase.engines.late_interaction import MODEL

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
        return Recipe(
            input=digest, model=Embedder.name, model_sha256=CARDS[Embedder.name].files[0].sha256,
            settings={"tokens": CARDS[MODEL].files[0].sha256},
        )  # fmt: skip

    def load(self, reading: Reading, subject: Subject) -> list[Line]:
        """The utterances with their speakers' names."""
        return reading.all(Line, LINES, id=subject.conversation, speaker=None)

    def compute(self, rows: list[Line], subject: Subject, progress: Progress) -> tuple[list[Line], list[Vectors]]:
        """Embed each line."""
        return rows, self.vectors(rows, progress)

    def write(
        self, writing: Writing, subject: Subject, run: UUID, result: tuple[list[Line], list[Vectors]]
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

    def vectors(self, lines: Sequence[Line], progress: Progress) -> list[Vectors]:
        """The vectors of lines, in their order."""
        from talkbase.engines.embeddings import for_utterance

        encoded = self.encoder.encode([for_utterance(line.speaker, line.text) for line in lines], progress=progress)
        return [Vectors(*both) for both in zip(encoded.sentences, encoded.tokens, strict=True)]


def replace_vectors(
    writing: Writing, conversation: UUID, lines: Sequence[Line], vectors: Sequence[Vectors], *, run: UUID | None
) -> None:
    """Write vectors in place of those that the lines had; the lines are as they stand now."""
    from talkbase.engines.embeddings import Embedder
    from talkbase.engines.late_interaction import MODEL

    for removal, model in (
        ("DELETE FROM utterance_vectors WHERE conversation_id = %(conversation)s AND utterance_id = ANY(%(ids)s)"
         " AND model = %(model)s", Embedder.name),
        ("DELETE FROM token_vectors WHERE conversation_id = %(conversation)s AND utterance_id = ANY(%(ids)s)"
         " AND model = %(model)s", MODEL),
    ):  # fmt: skip
        writing.execute(removal, conversation=conversation, ids=[line.id for line in lines], model=model)
    rows = list(zip(lines, vectors, strict=True))
    writing.copy(
        "utterance_vectors",
        ("conversation_id", "utterance_id", "model", "version", "dimensions", "embedding", "run_id"),
        (
            (conversation, line.id, Embedder.name, line.version, len(both.sentence), as_halfvec(both.sentence), run)
            for line, both in rows
        ),
    )
    writing.copy(
        "token_vectors",
        ("conversation_id", "utterance_id", "model", "version", "tokens", "vectors", "run_id"),
        (
            (conversation, line.id, MODEL, line.version, len(both.tokens), both.tokens.tobytes(), run)
            for line, both in rows
        ),
    )


def as_halfvec(vector: NDArray[Any]) -> str:
    """A vector as PostgreSQL reads it; six digits are more than half precision holds."""
    return "[" + ",".join(f"{x:.6g}" for x in vector) + "]"


stage = Embed()
