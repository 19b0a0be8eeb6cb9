"""Who spoke when: speakers, their turns, and the utterances cut where the speaker changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase.domain.ids import uuid7
from talkbase.domain.progress import Progress
from talkbase.domain.transcript import Utterance, Word
from talkbase.stages import Recipe, Subject, _utterances
from talkbase.stages._utterances import touched

if TYPE_CHECKING:
    from talkbase.db.session import Reading, Writing
    from talkbase.engines.diarization import Diarization, Diarizer

MODELS = ("community1-segmentation", "community1-embedding")


@dataclass(frozen=True, slots=True)
class Said:
    """An utterance as transcription left it, with what a person has since made of it."""

    id: UUID
    start: float | None
    end: float | None
    version: int
    language: str | None
    suspect: str | None
    words: list[dict[str, Any]] | None
    channel: int | None


@dataclass(frozen=True, slots=True)
class Voices:
    """What was found: the turns and voices, and the utterances cut anew (None where they must stay as they are)."""

    diarization: Diarization
    utterances: list[Utterance]
    by_id: dict[UUID, str]


@dataclass(slots=True)
class Diarize:
    """The stage `diarize`."""

    name: str = "diarize"
    description: str = "who spoke when, overlapping speech included"
    version: str = "1"
    needs: tuple[str, ...] = ("transcribe",)
    _diarizers: list[Diarizer] = field(default_factory=list)

    def recipe(self, reading: Reading, subject: Subject) -> Recipe | None:
        """The recording, the words that are there, and the number of speakers where it is known."""
        if subject.media_sha256 is None:
            return None
        from talkbase.engines.cards import CARDS

        return Recipe(
            input=[subject.media_sha256, subject.runs.get("transcribe")],
            model="+".join(MODELS),
            model_sha256="+".join(CARDS[name].files[0].sha256 for name in MODELS),
            settings={"speakers": subject.options.speakers, "voices": subject.options.voice_identity},
        )

    def load(self, reading: Reading, subject: Subject) -> list[Said]:
        """The utterances with their words."""
        return reading.all(
            Said,
            "SELECT id, start_time AS start, end_time AS end, version, language, suspect, words,"
            " (platform_metadata->>'channel')::int AS channel"
            " FROM utterances WHERE conversation_id = %(id)s ORDER BY position",
            id=subject.conversation,
        )

    def compute(self, rows: list[Said], subject: Subject, progress: Progress) -> Voices:
        """Find the turns; then cut the words at changes of speaker, and say who said each utterance as it stands."""
        by_channel = any(row.channel is not None for row in rows)
        found = self._listen(subject, by_channel, progress)
        turns = [_Turn(turn.start, turn.end, label(turn.speaker)) for turn in found.turns]
        if by_channel:
            utterances = [_on_channel(row) for row in rows if row.words]
            by_id = {row.id: label(row.channel or 0) for row in rows}
        else:
            utterances = _utterances.cut([_piece(row) for row in rows if row.words], turns)
            by_id = {row.id: who for row in rows if (who := _loudest(row, turns))}
        return Voices(found, utterances, by_id)

    def _listen(self, subject: Subject, by_channel: bool, progress: Progress) -> Diarization:
        from talkbase.engines.diarization import Diarizer

        if by_channel:
            from talkbase.engines.channels import channel_turns

            if found := channel_turns(subject.sound()):
                return found
        if not self._diarizers:
            self._diarizers.append(Diarizer())
        return self._diarizers[0].diarize(subject.sound(), speakers=subject.options.speakers, progress=progress)

    def write(self, writing: Writing, subject: Subject, run: UUID, result: Voices) -> dict[str, Any]:
        """Write speakers, turns and utterances; what a person has touched is only given its speaker."""
        conversation = subject.conversation
        corrected = touched(writing, conversation)
        writing.execute("DELETE FROM speaker_turns WHERE conversation_id = %(id)s", id=conversation)
        if not corrected:
            writing.execute("DELETE FROM utterances WHERE conversation_id = %(id)s", id=conversation)
            writing.execute("DELETE FROM speakers WHERE conversation_id = %(id)s", id=conversation)
        speakers = _write_speakers(writing, subject, run, result.diarization)
        writing.copy(
            "speaker_turns",
            ("conversation_id", "id", "speaker_id", "start_time", "end_time", "run_id"),
            ((conversation, uuid7(), speakers[label(turn.speaker)], turn.start, turn.end, run)
             for turn in result.diarization.turns),
        )  # fmt: skip
        if corrected:
            count = _assign(writing, conversation, result.by_id, speakers)
        else:
            language = writing.value("SELECT language FROM conversations WHERE id = %(id)s", id=conversation)
            count = _utterances.write(
                writing, conversation, result.utterances, speakers, run=run, fallback_language=language
            )
        return {"speakers": len(speakers), "turns": len(result.diarization.turns), "utterances": count}


@dataclass(frozen=True, slots=True)
class _Turn:
    start: float
    end: float
    speaker: str


def label(speaker: int) -> str:
    """The label of a speaker by number: S1, S2, …"""
    return f"S{speaker + 1}"


def _piece(row: Said) -> _utterances.Piece:
    return _utterances.Piece(_words(row), row.language, row.channel, row.suspect)


def _words(row: Said) -> tuple[Word, ...]:
    return tuple(Word(w["text"], w["start"], w["end"], w["confidence"]) for w in row.words or ())


def _on_channel(row: Said) -> Utterance:
    words = _words(row)
    sure = [word.confidence for word in words if word.confidence is not None]
    return Utterance(
        text="".join(word.text for word in words).strip(),
        speaker=label(row.channel or 0),
        start=row.start,
        end=row.end,
        confidence=sum(sure) / len(sure) if sure else None,
        language=row.language,
        words=words,
        suspect=row.suspect,
        metadata={"channel": row.channel},
    )


def _loudest(row: Said, turns: Sequence[_Turn]) -> str | None:
    """The speaker whose turns cover most of an utterance."""
    if row.start is None or row.end is None:
        return None
    covered: dict[str, float] = {}
    for turn in turns:
        seconds = min(row.end, turn.end) - max(row.start, turn.start)
        if seconds > 0:
            covered[turn.speaker] = covered.get(turn.speaker, 0.0) + seconds
    return max(covered, key=covered.__getitem__) if covered else None


def _write_speakers(writing: Writing, subject: Subject, run: UUID, found: Diarization) -> dict[str, UUID]:
    """The speakers by label; those that are there already are kept with the names that people gave them."""
    there = writing.rows("SELECT label, id FROM speakers WHERE conversation_id = %(id)s", id=subject.conversation)
    speakers = {row["label"]: row["id"] for row in there}
    for number in range(len(found.voices)):
        name = label(number)
        if name not in speakers:
            speakers[name] = uuid7()
            writing.insert("speakers", {
                "conversation_id": subject.conversation, "id": speakers[name], "label": name, "run_id": run,
            })  # fmt: skip
        if subject.options.voice_identity:
            seconds = sum(turn.end - turn.start for turn in found.turns if turn.speaker == number)
            writing.execute(
                "UPDATE speakers SET voice = %(voice)s::text::halfvec, voice_model = %(model)s,"
                " voice_seconds = %(seconds)s WHERE conversation_id = %(conversation)s AND id = %(id)s",
                voice="[" + ",".join(f"{x:.6g}" for x in found.voices[number]) + "]", model=MODELS[1],
                seconds=seconds, conversation=subject.conversation, id=speakers[name],
            )  # fmt: skip
    return speakers


def _assign(writing: Writing, conversation: UUID, by_id: dict[UUID, str], speakers: dict[str, UUID]) -> int:
    """Give utterances that have no speaker the one that was heard; a person's choice stays."""
    count = 0
    for utterance, name in by_id.items():
        count += writing.execute(
            "UPDATE utterances SET speaker_id = %(speaker)s"
            " WHERE conversation_id = %(conversation)s AND id = %(id)s AND speaker_id IS NULL",
            speaker=speakers.get(name), conversation=conversation, id=utterance,
        )  # fmt: skip
    return count


stage = Diarize()
