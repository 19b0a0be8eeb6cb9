"""Who is who across recordings: proposals by voice, and what a person says to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from uuid import UUID

from talkbase.domain.ids import uuid7
from talkbase.domain.results import Results
from talkbase.errors import NotFound

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase
    from talkbase.db.session import Writing


@dataclass(frozen=True, slots=True)
class Person:
    """A person, with the number of conversations in which they speak."""

    id: UUID
    name: str
    email: str | None
    consent: str
    conversations: int


@dataclass(frozen=True, slots=True)
class Proposal:
    """Two speakers of two recordings who may be one person; distance and margin are cosine distances."""

    id: UUID
    conversation: str
    speaker: str
    other_conversation: str
    other_speaker: str
    person: str | None
    distance: float
    margin: float | None
    status: str


_PROPOSALS = """
SELECT m.id, c.title AS conversation, coalesce(s.name, s.label) AS speaker, oc.title AS other_conversation,
       coalesce(o.name, o.label) AS other_speaker, p.name AS person, m.distance, m.margin, m.status
FROM voice_matches m
JOIN conversations c ON c.id = m.conversation_id
JOIN speakers s ON s.conversation_id = m.conversation_id AND s.id = m.speaker_id
JOIN conversations oc ON oc.id = m.other_conversation_id
JOIN speakers o ON o.conversation_id = m.other_conversation_id AND o.id = m.other_speaker_id
LEFT JOIN people p ON p.id = m.person_id
WHERE %(status)s::text IS NULL OR m.status = %(status)s
ORDER BY m.distance
"""


def people(tb: Talkbase) -> Results[Person]:
    """The people that are known, by name."""
    with tb.database.reading(tb.user) as reading:
        return Results(reading.all(
            Person,
            "SELECT p.id, p.name, p.email, p.consent, count(DISTINCT s.conversation_id) AS conversations"
            " FROM people p LEFT JOIN speakers s ON s.person_id = p.id GROUP BY p.id ORDER BY p.name, p.id",
        ))  # fmt: skip


def proposals(tb: Talkbase, *, status: str | None = "proposed") -> Results[Proposal]:
    """Voices that may belong to one person, closest first."""
    with tb.database.reading(tb.user) as reading:
        return Results(reading.all(Proposal, _PROPOSALS, status=status))


def resolve_proposal(tb: Talkbase, proposal: str | UUID, *, accept: bool, name: str | None = None) -> UUID | None:
    """Say whether two voices are one person; accepting links both speakers to that person, whose id is returned.

    The person is the one that either speaker is known to be, or a new one of the given name (or the speaker's).
    """
    with tb.database.writing(tb.user) as writing:
        match = writing.rows(
            "SELECT conversation_id, id, speaker_id, other_conversation_id, other_speaker_id FROM voice_matches"
            " WHERE id::text LIKE %(id)s || '%%' AND status = 'proposed' LIMIT 2", id=str(proposal),
        )  # fmt: skip
        if len(match) != 1:
            raise NotFound(f"There is no open proposal {proposal}.", hint="`talkbase people proposals` lists them.")
        found = match[0]
        person = _join(writing, tb.user, found, name) if accept else None
        writing.execute(
            "UPDATE voice_matches SET status = %(status)s, person_id = coalesce(%(person)s, person_id)"
            " WHERE conversation_id = %(conversation)s AND id = %(id)s",
            status="accepted" if accept else "rejected", person=person,
            conversation=found["conversation_id"], id=found["id"],
        )  # fmt: skip
    return person


def _join(writing: Writing, user: UUID, match: dict[str, UUID], name: str | None) -> UUID:
    speakers = writing.rows(
        "SELECT person_id, name, label FROM speakers WHERE (conversation_id, id) IN"
        " ((%(c1)s, %(s1)s), (%(c2)s, %(s2)s)) ORDER BY person_id NULLS LAST, name NULLS LAST",
        c1=match["other_conversation_id"], s1=match["other_speaker_id"], c2=match["conversation_id"],
        s2=match["speaker_id"],
    )  # fmt: skip
    person: UUID | None = next((row["person_id"] for row in speakers if row["person_id"]), None)
    if person is None:
        person = uuid7()
        known = name or next((row["name"] for row in speakers if row["name"]), speakers[0]["label"])
        writing.insert("people", {"id": person, "owner_id": user, "name": known})
    writing.execute(
        "UPDATE speakers SET person_id = %(person)s WHERE (conversation_id, id) IN"
        " ((%(c1)s, %(s1)s), (%(c2)s, %(s2)s))",
        person=person, c1=match["other_conversation_id"], s1=match["other_speaker_id"],
        c2=match["conversation_id"], s2=match["speaker_id"],
    )  # fmt: skip
    return person
