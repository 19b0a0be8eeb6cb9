"""The same voice in another recording, proposed as the same person; only where the owner has turned it on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase.domain.ids import uuid7
from talkbase.domain.progress import Progress
from talkbase.stages import Recipe, Subject

if TYPE_CHECKING:
    from talkbase.db.session import Reading, Writing

MODEL = "community1-embedding"


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker of some conversation with the voice vector as PostgreSQL writes it."""

    conversation: UUID
    speaker: UUID
    person: UUID | None
    voice: str


@dataclass(frozen=True, slots=True)
class Match:
    """Two speakers whose voices are close; `margin` is how much farther the next best other person is."""

    speaker: UUID
    other: Voice
    distance: float
    margin: float | None


@dataclass(slots=True)
class Identify:
    """The stage `identify`."""

    name: str = "identify"
    description: str = "the same voice in other recordings, as proposals (only with voice identity turned on)"
    version: str = "1"
    needs: tuple[str, ...] = ("diarize",)

    def recipe(self, reading: Reading, subject: Subject) -> Recipe | None:
        """The voices that there are, here and elsewhere; none where voice identity is off."""
        if not subject.options.voice_identity:
            return None
        digest = reading.value(
            "SELECT encode(sha256(convert_to(string_agg(id::text, ',' ORDER BY id), 'UTF8')), 'hex')"
            " FROM speakers WHERE voice_model = %(model)s AND voice IS NOT NULL",
            model=MODEL,
        )
        return Recipe(input=digest, model=MODEL) if digest else None

    def load(self, reading: Reading, subject: Subject) -> list[Voice]:
        """The owner's voices of people who did not withdraw their consent."""
        return reading.all(
            Voice,
            "SELECT s.conversation_id AS conversation, s.id AS speaker, s.person_id AS person, s.voice::text AS voice"
            " FROM speakers s JOIN conversations c ON c.id = s.conversation_id"
            " LEFT JOIN people p ON p.id = s.person_id"
            " WHERE c.owner_id = %(owner)s AND c.deleted_at IS NULL AND s.voice IS NOT NULL"
            " AND s.voice_model = %(model)s AND coalesce(p.consent, 'unknown') <> 'withdrawn'",
            owner=subject.owner, model=MODEL,
        )  # fmt: skip

    def compute(self, rows: list[Voice], subject: Subject, progress: Progress) -> list[Match]:
        """Compare each voice of this conversation with those of the others."""
        here = [row for row in rows if row.conversation == subject.conversation]
        others = [row for row in rows if row.conversation != subject.conversation]
        matches = []
        for done, voice in enumerate(here, 1):
            if match := best_match(voice, others):
                matches.append(match)
            progress(done, len(here))
        return matches

    def write(self, writing: Writing, subject: Subject, run: UUID, result: list[Match]) -> dict[str, Any]:
        """Write the proposals; what a person has said to one stays."""
        writing.execute(
            "DELETE FROM voice_matches WHERE conversation_id = %(id)s AND status = 'proposed'",
            id=subject.conversation,
        )
        for match in result:
            writing.execute(
                "INSERT INTO voice_matches (conversation_id, id, speaker_id, other_conversation_id, other_speaker_id,"
                " person_id, distance, margin, run_id) VALUES (%(conversation)s, %(id)s, %(speaker)s,"
                " %(other_conversation)s, %(other)s, %(person)s, %(distance)s, %(margin)s, %(run)s)"
                " ON CONFLICT ON CONSTRAINT uq_voice_matches_pair DO NOTHING",
                conversation=subject.conversation, id=uuid7(), speaker=match.speaker,
                other_conversation=match.other.conversation, other=match.other.speaker, person=match.other.person,
                distance=match.distance, margin=match.margin, run=run,
            )  # fmt: skip
        return {"proposals": len(result)}


def best_match(voice: Voice, others: list[Voice]) -> Match | None:
    """The closest voice of another recording, where it is close enough and nobody else's is nearly as close."""
    import numpy as np

    from talkbase.engines.voices import MARGIN, SAME

    if not others:
        return None
    mine = np.array(json.loads(voice.voice), dtype=np.float32)
    theirs = np.array([json.loads(other.voice) for other in others], dtype=np.float32)
    cosines = theirs @ mine / (np.linalg.norm(theirs, axis=1) * np.linalg.norm(mine))
    distances = np.clip(1.0 - cosines, 0.0, 2.0)  # rounding makes equal voices a hair closer than 0
    order = np.argsort(distances)
    best = others[order[0]]
    # Several recordings of one known person are no rivals of each other.
    rivals = [i for i in order[1:] if best.person is None or others[i].person != best.person]
    margin = float(distances[rivals[0]] - distances[order[0]]) if rivals else None
    distance = float(distances[order[0]])
    if distance > SAME or (margin is not None and margin < MARGIN):
        return None
    return Match(voice.speaker, best, distance, margin)


stage = Identify()
