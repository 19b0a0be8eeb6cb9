"""Speech recognition: sound in, segments of timed words out, in order and as a stream.

Whisper (Radford et al. 2022) through faster-whisper, whose own loop hears one window after the other, each prompted
with the text before it. Here the voice activity detector cuts the recording into independent windows at pauses, and as
many are recognised at once as there are processors: see docs/decisions/0003-batched-recognition.md for what that
gains, costs, and what was tried beside it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, islice
from statistics import fmean
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from talkbase.domain.progress import Progress, silent
from talkbase.domain.transcript import Span, Word
from talkbase.engines import vad, weights
from talkbase.engines.hallucination import Evidence, looped, why_invented
from talkbase.engines.runtime import cores, require
from talkbase.errors import ModelUnavailable, UsageError

if TYPE_CHECKING:
    from talkbase.config import Profile
    from talkbase.media.sound import Sound

_MOST_WORKERS = 8
_LOOKAHEAD = 2  # windows waiting for each worker, so that none is idle while an early window takes long
_RATE = 16_000
_SHORTEST = 8_000  # samples; faster-whisper cannot take features of nothing
_PASSED_OVER = 0.4
# Whisper writes at most 15 tokens for a second of speech (448 for its 30 s); a short window must not go round for 448.
# Above 12 s the limit could get in the way of hotwords, and gains little.
_TOKENS_PER_SECOND, _TOKENS_AT_LEAST, _LIMITED_BELOW = 15, 20, 12.0
_OTHER_LANGUAGE, _OTHER_LANGUAGE_SPEECH = 0.9, 3.0
_LANGUAGE_STRETCHES = 5


@dataclass(frozen=True, slots=True)
class Segment:
    """A phrase as the recogniser wrote it, with its words. Times in seconds from the start of the recording.

    `confidence` is the mean probability of the words, None where there are none. `suspect` says why the phrase may be
    invented (silence, music, noise, repetition, stock phrase, improbable), None when nothing speaks against it.
    """

    start: float
    end: float
    text: str
    words: tuple[Word, ...]
    confidence: float | None
    language: str | None
    suspect: str | None


@dataclass(frozen=True, slots=True)
class Choice:
    """What a profile stands for: the model's card and the beam's width."""

    model: str
    beam: int


def choose(profile: Profile) -> Choice:
    """The model and beam of a profile: `accurate` takes the best model that has been fetched."""
    if profile == "accurate":
        best = next(name for name in _BEST_FIRST if name == _DEFAULT or weights.is_installed(name))
        return Choice(best, 5)
    return Choice(_DEFAULT, 1 if profile == "fast" else 5)


_DEFAULT = "whisper-base"
_BEST_FIRST = ("whisper-large-v3-turbo", "whisper-small", _DEFAULT)


class Recogniser:
    """A Whisper model, loaded at its first use and kept.

    `model` names a card of task "speech"; `workers` windows are recognised at once (default: one for each processor,
    at most 8). Usable by one thread at a time.

    Raises NotFound for an unknown model, ModelUnavailable, StorageFull (see `weights.locate`) and MissingExtra.
    """

    def __init__(self, model: str = _DEFAULT, *, beam: int = 5, workers: int | None = None) -> None:
        if weights.card_of(model).task != "speech":
            raise UsageError(f"The model {model} does not recognise speech.")
        self.model = model
        self.beam = beam
        self.workers = workers or min(cores(), _MOST_WORKERS)

    @cached_property
    def _whisper(self) -> Any:
        whisper = require("faster_whisper", "speech").WhisperModel
        folder = weights.locate(self.model)
        try:
            return whisper(
                str(folder),
                device="cpu",
                compute_type="int8",
                cpu_threads=max(1, cores() // self.workers),
                num_workers=self.workers,
                local_files_only=True,
            )
        except (RuntimeError, ValueError) as error:
            raise ModelUnavailable(
                f"The model {self.model} cannot be loaded: {error}", hint="Run `talkbase models verify`."
            ) from error

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that the model writes."""
        return tuple(self._whisper.supported_languages)

    def detect_language(self, sound: Sound, *, channel: int | None = None) -> tuple[str, float] | None:
        """The language that is spoken most, as a code ("en"), and its share of the votes; None where nobody speaks.

        Up to five stretches across the recording vote with the seconds of speech that they hold; where none of them
        holds any, the first speech decides.
        """
        votes: dict[str, float] = {}
        length = min(sound.duration, vad.WINDOW)
        count = min(_LANGUAGE_STRETCHES, max(1, int(sound.duration // vad.WINDOW)))
        for start in np.linspace(0.0, sound.duration - length, count).tolist():
            samples = sound.read(start, start + length, channel)
            self._vote(samples, vad.seconds_of_speech(vad.probabilities(samples)), votes)
        if not votes and (window := next(vad.windows(sound, channel=channel), None)):
            self._vote(sound.read(window.start, window.end, channel), window.end - window.start, votes)
        if not votes:
            return None
        code = max(votes, key=lambda language: votes[language])
        return code, votes[code] / sum(votes.values())

    def _vote(self, samples: NDArray[np.float32], seconds: float, votes: dict[str, float]) -> None:
        if seconds > 0:
            for code, probability in self._whisper.detect_language(_long_enough(samples))[2]:
                votes[code] = votes.get(code, 0.0) + probability * seconds

    def transcribe(
        self,
        sound: Sound,
        *,
        language: str | None = None,
        channel: int | None = None,
        hotwords: Sequence[str] = (),
        progress: Progress = silent,
        start: float = 0.0,
    ) -> Iterator[Segment]:
        """The segments of the recording in order, as soon as each is known; memory does not grow with the length.

        `language` is a code ("en", also "en-GB"); where it is None it is detected, and a stretch that is surely in
        another language is written in that. `channel` None hears the mean of all. `hotwords` are names and terms that
        occur. `start` (seconds) goes on with a run that was stopped there. `progress` counts seconds of sound.

        Raises UsageError for a language that the model does not know, and what the class raises.
        """
        found = vad.windows(sound, channel=channel, start=start)
        first = next(found, None)
        if first is not None:
            spoken = _Spoken(*self._main_language(sound, channel, language), " ".join(hotwords) or None)
            yield from self._in_order(sound, channel, spoken, chain([first], found), progress)
        progress(sound.duration, sound.duration)

    def _main_language(self, sound: Sound, channel: int | None, given: str | None) -> tuple[str, bool]:
        """The language to write, and whether it was given rather than found."""
        if given is None:
            detected = self.detect_language(sound, channel=channel)
            return (detected[0] if detected else "en"), False
        code = given.lower().replace("_", "-").partition("-")[0]
        if code not in self.languages:
            raise UsageError(
                f"The model {self.model} does not know the language {given!r}.",
                hint=f"It knows {', '.join(self.languages)}.",
            )
        return code, True

    def _in_order(
        self, sound: Sound, channel: int | None, spoken: _Spoken, found: Iterable[vad.Window], progress: Progress
    ) -> Iterator[Segment]:
        running: deque[tuple[vad.Window, Future[list[Segment]]]] = deque()

        def finished() -> Iterator[Segment]:
            window, future = running.popleft()
            yield from future.result()
            progress(window.end, sound.duration)

        pool = ThreadPoolExecutor(self.workers, thread_name_prefix="speech")
        try:
            for window in found:
                samples = sound.read(window.start, window.end, channel)
                running.append((window, pool.submit(self._recognise, samples, window, spoken)))
                if len(running) > self.workers * _LOOKAHEAD:
                    yield from finished()
            while running:
                yield from finished()
        finally:
            pool.shutdown(cancel_futures=True)

    def _recognise(self, samples: NDArray[np.float32], window: vad.Window, spoken: _Spoken) -> list[Segment]:
        """The segments of one window; a doubtful result is set against that of the window's two halves."""
        phrases = self._decode(samples, window, spoken)
        if _doubtful(phrases, window):
            halves = window.halves()
            cut = round((halves[1].start - window.start) * _RATE)
            again = [
                *self._decode(samples[:cut], halves[0], spoken),
                *self._decode(samples[cut:], halves[1], spoken),
            ]
            phrases = max(phrases, again, key=_worth)
        return _judged(phrases, samples, window)

    def _decode(self, samples: NDArray[np.float32], window: vad.Window, spoken: _Spoken) -> list[_Phrase]:
        sure = spoken.given or vad.seconds_of_speech(window.speech) < _OTHER_LANGUAGE_SPEECH
        found, about = self._start(samples, spoken.language if sure else None, spoken)
        if about.language != spoken.language and about.language_probability < _OTHER_LANGUAGE:
            found, about = self._start(samples, spoken.language, spoken)
        return [_phrase(segment, window.start, about.language) for segment in found]

    def _start(self, samples: NDArray[np.float32], language: str | None, spoken: _Spoken) -> tuple[Any, Any]:
        """Segments (decoded only as they are taken) and what is known of the language; None finds it."""
        found: tuple[Any, Any] = self._whisper.transcribe(
            _long_enough(samples),
            language=language,
            beam_size=self.beam,
            temperature=0.0,
            no_speech_threshold=None,  # it would drop such windows unseen; they are marked instead
            max_new_tokens=_most_tokens(len(samples) / _RATE),
            condition_on_previous_text=False,
            word_timestamps=True,
            hotwords=spoken.hotwords,
        )
        return found


@dataclass(frozen=True, slots=True)
class _Spoken:
    """What is known of the speech beforehand."""

    language: str
    given: bool
    hotwords: str | None


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A segment with Whisper's own evidence, before it is judged."""

    start: float
    end: float
    text: str
    words: tuple[Word, ...]
    language: str
    no_speech: float
    log_probability: float

    @property
    def confidence(self) -> float | None:
        return fmean(word.confidence or 0.0 for word in self.words) if self.words else None


def _phrase(found: Any, offset: float, language: str) -> _Phrase:
    words = tuple(
        Word(
            word.word,  # as written, with its leading space: only some languages have spaces
            round(offset + float(word.start), 3),
            round(offset + max(float(word.start), float(word.end)), 3),
            min(1.0, max(0.0, float(word.probability))),
        )
        for word in found.words or ()
    )
    start, end = round(offset + float(found.start), 3), round(offset + float(found.end), 3)
    text = found.text.strip()
    return _Phrase(start, max(start, end), text, words, language, found.no_speech_prob, found.avg_logprob)


def _most_tokens(seconds: float) -> int | None:
    return round(_TOKENS_AT_LEAST + _TOKENS_PER_SECOND * seconds) if seconds < _LIMITED_BELOW else None


def _long_enough(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.pad(samples, (0, max(0, _SHORTEST - len(samples))))


def _words(phrases: Iterable[_Phrase]) -> list[Word]:
    return [word for phrase in phrases for word in phrase.words]


def _doubtful(phrases: Sequence[_Phrase], window: vad.Window) -> bool:
    """Whether speech was passed over, or the recogniser went round in a loop."""
    words = _words(phrases)
    spans = [Span(word.start, word.end) for word in words if word.start is not None and word.end is not None]
    return vad.passed_over(window, spans) > _PASSED_OVER or bool(looped([word.text for word in words]).any())


def _worth(phrases: Iterable[_Phrase]) -> float:
    """Words that are rather right than wrong, as the recogniser itself expects; those in loops count for nothing."""
    words = _words(phrases)
    loops = looped([word.text for word in words]).tolist()
    return sum((word.confidence or 0.0) - 0.5 for word, loop in zip(words, loops, strict=True) if not loop)


def _judged(phrases: Sequence[_Phrase], samples: NDArray[np.float32], window: vad.Window) -> list[Segment]:
    loops = iter(looped([word.text for word in _words(phrases)]).tolist())
    return [_judge(phrase, list(islice(loops, len(phrase.words))), samples, window) for phrase in phrases]


def _judge(phrase: _Phrase, loop: list[bool], samples: NDArray[np.float32], window: vad.Window) -> Segment:
    first, last = round((phrase.start - window.start) * _RATE), round((phrase.end - window.start) * _RATE)
    evidence = Evidence(
        phrase.text,
        speech=float(window.speech_in(phrase.start, phrase.end).max()),
        confidence=phrase.confidence or 0.0,
        no_speech=phrase.no_speech,
        log_probability=phrase.log_probability,
        looped=fmean(loop) if loop else 0.0,
    )
    suspect = why_invented(evidence, samples[first:last])
    return Segment(phrase.start, phrase.end, phrase.text, phrase.words, phrase.confidence, phrase.language, suspect)
