"""Audio and video: what the container says. The words are still to be recognised, so there are no utterances."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from talkbase.domain.text import normalise
from talkbase.domain.transcript import Transcript
from talkbase.media.probe import Probe, probe
from talkbase.readers._files import Head, looks_binary

# The signatures of containers that hold most recordings (as in the tables of file(1)). FFmpeg knows far more: what is
# no text and nothing else that is known gets a low score, and FFmpeg decides.
_SIGNATURE = re.compile(
    rb"....(?:ftyp|moov|mdat|wide|free|skip|pnot)"  # MP4, QuickTime, 3GP
    rb"|(?:RIFF|RF64)....(?:WAVE|AVI )|RIFX....WAVE"
    rb"|OggS|fLaC|ID3|FLV\x01|caff|#!AMR|\.snd|wvpk|FORM....AIF[FC]"
    rb"|\x1a\x45\xdf\xa3"  # Matroska, WebM
    rb"|\x30\x26\xb2\x75\x8e\x66\xcf\x11"  # ASF (WMA, WMV)
    rb"|\x00\x00\x01[\xba\xb3]"  # MPEG program stream, MPEG video
    rb"|\x47.{187}\x47.{187}\x47"  # MPEG transport stream
    rb"|\xff[\xe2-\xe7\xf1-\xf7\xf9-\xfd]",  # MPEG audio, ADTS; 0xfffe would be the mark of UTF-16
    re.DOTALL,
)
_OTHER = re.compile(rb"%PDF|PK\x03\x04|\x1f\x8b|7z\xbc\xaf|Rar!|\xfd7zXZ|SQLite format 3|\x7fELF")


@dataclass(frozen=True, slots=True)
class Media:
    """Reads what a recording's container says of it."""

    name: str = "media"
    description: str = "audio and video in any container that FFmpeg reads"
    suffixes: tuple[str, ...] = (
        ".mp4", ".m4a", ".mov", ".mkv", ".webm", ".avi", ".mp3", ".wav", ".flac", ".ogg", ".opus", ".aac", ".wma",
        ".wmv", ".3gp", ".amr", ".aiff", ".caf", ".ts", ".mpg",
    )  # fmt: skip

    def sniff(self, head: Head) -> float:
        """A container's signature, or at least no text."""
        if _SIGNATURE.match(head.data):
            return 0.9
        return 0.2 if looks_binary(head.data) and not _OTHER.match(head.data) else 0.0

    def read(self, path: Path) -> Transcript:
        """Look into the container; the title is the file's name without its end.

        `needs_speech` is False where there is no sound, with a warning. Raises `UnreadableInput` where the file is
        damaged or holds neither sound nor moving pictures.
        """
        found = probe(path)
        return Transcript(
            title=normalise(os.fsencode(path.stem).decode("utf-8", "replace")) or None,
            kind="video" if found.has_video else "audio",
            started_at=found.started_at,
            duration=found.duration,
            metadata=_metadata(found),
            needs_speech=found.has_audio,
        )


def _metadata(found: Probe) -> dict[str, object]:
    media = {
        "mime": found.mime,
        "container": found.container,
        "streams": [stream.to_json() for stream in found.streams],
    }
    return {"media": media} if found.has_audio else {"media": media, "warnings": ["no sound, so no speech"]}


reader = Media()
