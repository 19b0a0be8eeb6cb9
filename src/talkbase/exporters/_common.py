"""What several exporters need: names to show, and that everything is timed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from talkbase.domain.text import normalise
from talkbase.domain.transcript import Transcript
from talkbase.errors import UsageError


def names(transcript: Transcript) -> Mapping[str | None, str]:
    """What to call each speaker, by label: the name, or the label where there is none or two share the name."""
    shared = Counter(normalise(speaker.name or speaker.label) for speaker in transcript.speakers)
    shown: dict[str | None, str] = {None: ""}
    for utterance in transcript.utterances:
        if utterance.speaker is not None:
            shown[utterance.speaker] = normalise(utterance.speaker)
    for speaker in transcript.speakers:
        name = normalise(speaker.name or speaker.label)
        shown[speaker.label] = name if shared[name] == 1 else normalise(f"{name} ({speaker.label})")
    return shown


def require_times(transcript: Transcript, form: str) -> None:
    """Raise `UsageError` unless every utterance has a start time."""
    untimed = sum(utterance.start is None for utterance in transcript.utterances)
    if untimed:
        raise UsageError(
            f"{untimed} of {len(transcript.utterances)} utterances have no times, and {form} is made of times.",
            hint="Export as txt, md, csv or json.",
        )
