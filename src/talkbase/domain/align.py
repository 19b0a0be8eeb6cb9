"""Who said which word: recognised words and speaker turns in, utterances out. Pure functions.

Each word goes to the speaker whose turns cover most of it. Diarization places a change of speaker a few tenths of a
second off, so that the first or last word of a sentence falls to the wrong side: such short flips inside a sentence are
given back to the sentence's speaker (the idea of realigning by punctuation, as in WhisperX and whisper-diarization, but
bounded: only short runs move, so that a real interruption stays). What results is cut at changes of speaker, at pauses
and at sentence ends.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate, groupby, pairwise
from typing import Protocol

from talkbase.domain.text import ends_sentence
from talkbase.domain.transcript import Utterance, Word

NEAR = 1.0
"""Seconds within which a word that no turn covers goes to the nearest turn. Diarizers trim breaths and onsets."""

FLIP_WORDS = 2
FLIP_SECONDS = 0.8
"""A run of at most so many words and seconds is too short to change the speaker inside a sentence."""

SENTENCE_WORDS = 200
"""Where nothing ends the sentence (languages written without full stops), smoothing looks at so many words at once."""


class Turn(Protocol):
    """A stretch of time, in seconds, in which one speaker talks. Turns may overlap."""

    @property
    def start(self) -> float:
        """Where it begins, in seconds."""

    @property
    def end(self) -> float:
        """Where it ends, in seconds."""

    @property
    def speaker(self) -> int | str:
        """Who talks."""


def align(
    words: Sequence[Word],
    turns: Sequence[Turn],
    *,
    max_pause: float = 1.0,
    min_length: float = 2.0,
    max_length: float = 20.0,
) -> tuple[Utterance, ...]:
    """Make utterances of words (in time order) and speaker turns (in any order).

    An utterance ends where the speaker changes, at a pause of more than `max_pause` seconds, and at the end of a
    sentence once it is `min_length` seconds long; one longer than `max_length` is cut at its best pause. Every word is
    in exactly one utterance, in order. The text is the words joined as written (Whisper's carry their own spaces), the
    confidence the mean of theirs, the speaker `str(turn.speaker)`, or None where no turn is near any word.
    """
    speakers = smooth(words, assign(words, turns), max_pause=max_pause)
    utterances: list[Utterance] = []
    for speaker, first, last in _runs(speakers):
        for piece in _cut(words[first:last], words[last : last + 1], max_pause, min_length, max_length):
            utterances.append(_utterance(piece, speaker))
    return tuple(utterances)


def assign(words: Sequence[Word], turns: Sequence[Turn]) -> list[str | None]:
    """The speaker of each word: the one whose turns overlap it most, on a tie the one who was talking.

    A word that no turn covers goes to the nearest turn within `NEAR` seconds, else to the speaker before, else (at the
    beginning) to the speaker after. A word without times goes to the speaker before, else after.
    """
    index = _TurnIndex(turns)
    speakers: list[str | None] = []
    previous: str | None = None
    for word in words:
        previous = index.speaker_of(word, previous)
        speakers.append(previous)
    first = next((speaker for speaker in speakers if speaker is not None), None)
    return [first if speaker is None else speaker for speaker in speakers]


def smooth(words: Sequence[Word], speakers: Sequence[str | None], *, max_pause: float = 1.0) -> list[str | None]:
    """Give short flips of the speaker inside a sentence to the longer neighbouring run of the same sentence."""
    smoothed = list(speakers)
    for first, last in _sentences(words, max_pause):
        runs = [(start + first, end + first) for _, start, end in _runs(smoothed[first:last])]
        while len(runs) > 1 and (short := _shortest_flip(words, runs)) is not None:
            neighbour = max(
                (at for at in (short - 1, short + 1) if 0 <= at < len(runs)), key=lambda at: _seconds(words, *runs[at])
            )
            start, end = runs[short]
            smoothed[start:end] = [smoothed[runs[neighbour][0]]] * (end - start)
            runs = [(start + first, end + first) for _, start, end in _runs(smoothed[first:last])]
    return smoothed


class _TurnIndex:
    """Turns in order of start, so that those around a word are found without going through all of them."""

    def __init__(self, turns: Sequence[Turn]) -> None:
        self.turns = sorted(turns, key=lambda turn: (turn.start, turn.end, str(turn.speaker)))
        self.starts = [turn.start for turn in self.turns]
        self.latest_ends = list(accumulate((turn.end for turn in self.turns), max))

    def speaker_of(self, word: Word, previous: str | None) -> str | None:
        if word.start is None or not self.turns:
            return previous
        start, end = word.start, max(word.start, word.start if word.end is None else word.end)
        around = self.turns[bisect_left(self.latest_ends, start - NEAR) : bisect_right(self.starts, end + NEAR)]
        shares: dict[str, float] = defaultdict(float)
        distances: dict[str, float] = {}
        for turn in around:
            speaker = str(turn.speaker)
            distance = max(turn.start - end, start - turn.end)
            # A word without length inside a turn has no overlap in seconds, but a negative distance.
            if distance < 0:
                shares[speaker] += min(end, turn.end) - max(start, turn.start)
            distances[speaker] = min(distance, distances.get(speaker, distance))
        if shares:
            return max(shares, key=lambda speaker: (shares[speaker], speaker == previous))
        near = {speaker: distance for speaker, distance in distances.items() if distance <= NEAR}
        return min(near, key=lambda speaker: (near[speaker], speaker != previous)) if near else previous


def _runs(speakers: Sequence[str | None]) -> Iterator[tuple[str | None, int, int]]:
    """Stretches of one speaker, as (speaker, first, one past the last)."""
    position = 0
    for speaker, group in groupby(speakers):
        first, position = position, position + sum(1 for _ in group)
        yield speaker, first, position


def _sentences(words: Sequence[Word], max_pause: float) -> Iterator[tuple[int, int]]:
    """Stretches between sentence ends or pauses, as (first, one past the last)."""
    first = 0
    for position, word in enumerate(words):
        following = words[position + 1] if position + 1 < len(words) else None
        ends = following is None or _sentence_ends(word, following) or _gap(word, following) > max_pause
        if ends or position + 1 - first == SENTENCE_WORDS:
            yield first, position + 1
            first = position + 1


def _sentence_ends(word: Word, following: Word) -> bool:
    # Without a space between them, the full stop of "3." "5" or "example." "org" is inside something.
    inside = word.text[-1:] == "." and following.text[:1].isalnum() and word.text[:1].isspace()
    return not inside and ends_sentence(word.text, following.text)


def _gap(word: Word, following: Word) -> float:
    """Seconds of silence between two words, 0.0 where either is not timed."""
    return following.start - word.end if word.end is not None and following.start is not None else 0.0


def _seconds(words: Sequence[Word], first: int, last: int) -> float:
    return sum(w.end - w.start for w in words[first:last] if w.start is not None and w.end is not None)


def _shortest_flip(words: Sequence[Word], runs: Sequence[tuple[int, int]]) -> int | None:
    """The shortest run that is too short to be a change of speaker, if any."""
    lengths = [_seconds(words, first, last) for first, last in runs]
    short = [
        at
        for at, (first, last) in enumerate(runs)
        if last - first <= FLIP_WORDS and lengths[at] <= FLIP_SECONDS and lengths[at] < max(lengths)
    ]
    return min(short, key=lambda at: lengths[at]) if short else None


def _cut(
    words: Sequence[Word], after: Sequence[Word], max_pause: float, min_length: float, max_length: float
) -> Iterator[Sequence[Word]]:
    """Cut one speaker's words at pauses and sentence ends; `after` is the word of the next speaker, if any."""
    first = 0
    for position, (word, following) in enumerate(pairwise([*words, *after]), start=1):
        ends = _sentence_ends(word, following) and _extent(words[first:position]) >= min_length
        if ends or _gap(word, following) > max_pause:
            yield from _shorten(words[first:position], max_length)
            first = position
    if first < len(words):
        yield from _shorten(words[first:], max_length)


def _shorten(words: Sequence[Word], max_length: float) -> Iterator[Sequence[Word]]:
    """Cut at the best place in the middle half, again and again, until nothing is longer than `max_length` seconds."""
    if len(words) < 2 or _extent(words) <= max_length:
        yield words
        return
    count = len(words)
    places = range(max(1, count // 4), max(2, count * 3 // 4 + 1))
    best = max(
        places, key=lambda at: (_clause_ends(words[at - 1]), _gap(words[at - 1], words[at]), -abs(at - count / 2))
    )
    yield from _shorten(words[:best], max_length)
    yield from _shorten(words[best:], max_length)


def _clause_ends(word: Word) -> bool:
    return word.text.rstrip("\"'”’»)").endswith((",", ";", ":", ".", "!", "?", "…", "–", "—", "，", "、", "。"))


def _times(words: Sequence[Word]) -> list[float]:
    return [time for word in words for time in (word.start, word.end) if time is not None]


def _extent(words: Sequence[Word]) -> float:
    """Seconds from the first to the last moment of the words."""
    times = _times(words)
    return max(times) - min(times) if times else 0.0


def _utterance(words: Sequence[Word], speaker: str | None) -> Utterance:
    times = _times(words)
    confidences = [word.confidence for word in words if word.confidence is not None]
    return Utterance(
        text="".join(word.text for word in words).strip(),
        speaker=speaker,
        start=min(times) if times else None,
        end=max(times) if times else None,
        confidence=sum(confidences) / len(confidences) if confidences else None,
        words=tuple(words),
    )
