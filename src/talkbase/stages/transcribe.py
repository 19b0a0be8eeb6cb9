"""Speech to text: utterances with words, times, confidence and language."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from heapq import merge
from typing import TYPE_CHECKING, Any
from uuid import UUID

from talkbase.domain.progress import Progress
from talkbase.domain.text import search_config
from talkbase.domain.transcript import Utterance
from talkbase.errors import UsageError
from talkbase.stages import Recipe, Subject, _utterances
from talkbase.stages._utterances import touched

if TYPE_CHECKING:
    from talkbase.db.session import Reading, Writing
    from talkbase.engines.speech import Choice, Recogniser
    from talkbase.media.sound import Sound


@dataclass(frozen=True, slots=True)
class Heard:
    """What was heard: utterances in order, the main language, and the length of the recording in seconds."""

    utterances: list[Utterance]
    language: str | None
    duration: float


@dataclass(slots=True)
class Transcribe:
    """The stage `transcribe`."""

    name: str = "transcribe"
    description: str = "what was said, with word times, confidence and language"
    version: str = "1"
    needs: tuple[str, ...] = ()
    _recognisers: dict[Choice, Recogniser] = field(default_factory=dict)

    def recipe(self, reading: Reading, subject: Subject) -> Recipe | None:
        """The recording, the profile's model and what is known of the language."""
        if subject.media_sha256 is None:
            return None
        from talkbase.engines.cards import CARDS

        choice = _choice(subject)
        return Recipe(
            input=subject.media_sha256,
            model=choice.model,
            model_sha256=CARDS[choice.model].files[0].sha256,
            settings={
                "beam": choice.beam,
                "language": subject.options.language,
                "hotwords": list(subject.options.hotwords),
            },
        )

    def load(self, reading: Reading, subject: Subject) -> None:
        """Nothing, since only the recording is needed; refuses to write over what a person corrected."""
        _refuse_corrected(reading, subject.conversation)

    def compute(self, rows: None, subject: Subject, progress: Progress) -> Heard:
        """Recognise the recording, each channel by itself where a channel is a speaker."""
        sound = subject.sound()
        separate = _channels_are_speakers(sound)
        recogniser = self._recogniser(subject)
        if separate:
            halves = [list(_listen(recogniser, sound, subject, channel, progress)) for channel in range(2)]
            pieces = list(merge(*halves, key=lambda piece: piece.words[0].start or 0.0))
        else:
            pieces = list(_listen(recogniser, sound, subject, None, progress))
        spoken = Counter[str]()
        for piece in pieces:
            if piece.language and not piece.suspect:
                spoken[piece.language] += len(piece.words)
        language = subject.options.language or (spoken.most_common(1)[0][0] if spoken else None)
        return Heard(_utterances.cut(pieces, ()), language, sound.duration)

    def write(self, writing: Writing, subject: Subject, run: UUID, result: Heard) -> dict[str, Any]:
        """Put the utterances in place of an earlier run's."""
        _refuse_corrected(writing, subject.conversation)  # it may have happened while the models worked
        writing.execute("DELETE FROM utterances WHERE conversation_id = %(id)s", id=subject.conversation)
        writing.execute("DELETE FROM speakers WHERE conversation_id = %(id)s", id=subject.conversation)
        count = _utterances.write(
            writing, subject.conversation, result.utterances, {}, run=run, fallback_language=result.language
        )
        writing.execute(
            "UPDATE conversations SET language = %(language)s, search_config = %(config)s,"
            " duration = coalesce(duration, %(duration)s) WHERE id = %(id)s",
            language=result.language, config=search_config(result.language), duration=result.duration,
            id=subject.conversation,
        )  # fmt: skip
        return {
            "utterances": count,
            "suspect": sum(u.suspect is not None for u in result.utterances),
            "seconds": round(result.duration, 3),
        }

    def _recogniser(self, subject: Subject) -> Recogniser:
        from talkbase.engines.speech import Recogniser

        choice = _choice(subject)
        if choice not in self._recognisers:
            self._recognisers[choice] = Recogniser(choice.model, beam=choice.beam)
        return self._recognisers[choice]


def _refuse_corrected(reading: Reading, conversation: UUID) -> None:
    if touched(reading, conversation):
        raise UsageError(
            "People have corrected this transcript, and transcribing anew would overwrite that.",
            hint="Add the recording once more beside it: `talkbase add --again FILE`.",
        )


def _choice(subject: Subject) -> Choice:
    """The profile's model and beam, or the model that the person chose, with the profile's beam."""
    from talkbase.engines.speech import choose

    choice = choose(subject.options.profile)
    chosen = subject.options.speech_model
    return replace(choice, model=chosen) if chosen else choice


def _channels_are_speakers(sound: Sound) -> bool:
    if sound.channels != 2:
        return False
    from talkbase.engines.channels import channels_are_speakers

    return channels_are_speakers(sound)


def _listen(
    recogniser: Recogniser, sound: Sound, subject: Subject, channel: int | None, progress: Progress
) -> Iterator[_utterances.Piece]:
    def report(done: float, total: float) -> None:
        # Two separate channels are one recording heard twice.
        progress(done / 2 + (channel or 0) * total / 2 if channel is not None else done, total)

    options = subject.options
    for segment in recogniser.transcribe(
        sound, language=options.language, channel=channel, hotwords=options.hotwords, progress=report
    ):
        if segment.words:
            yield _utterances.Piece(segment.words, segment.language, channel, segment.suspect)


stage = Transcribe()
