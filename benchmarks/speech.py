"""Speech recognition against faster-whisper's own loop: speed, words lost, word error rate, memory.

    .venv/bin/python benchmarks/speech.py [--data FOLDER] [--minutes 20] [--beam 5] [--seed 1] [--json]
    .venv/bin/python benchmarks/speech.py --memory 5,40

Both sides run in this process, on the same sound, with the same model, beam, word times and number of threads, part by
part and in turns, so that other load on the machine meets both. The sound is made by joining the folder's English
clips in random order with 0.5 to 6 seconds of silence between. Run it on an idle machine: the plain loop keeps one
processor busy and talkbase all of them, so other load slows talkbase more (`processors_…` tells what each side got).

The plain loop does not repeat itself: it prompts each window with the text before it and samples at random where a
decode fails. So a second plain run, shifted by 0.7 s, shows how many of its own words it keeps. Each word that is lost
is listed with a verdict: "speech" where the clip decoded alone (three times, at other offsets) has that word there too
and the voice activity detector hears a voice, "no voice" where it hears none, "unconfirmed" else.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray

from talkbase.engines import vad, weights
from talkbase.engines.runtime import cores
from talkbase.engines.speech import Recogniser
from talkbase.media.sound import RATE, Sound

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("TALKBASE_TEST_DATA", ROOT.parent / "shared" / "data"))
CLIPS = (
    "audio/jfk/jfk.wav",
    "audio/ami/dev00.wav",
    "audio/ami/trn01.wav",
    "audio/ami/trn02.wav",
    "audio/ami/trn03.wav",
    "audio/ami/trñ00.wav",
    "audio/misc/stereo_diarization.wav",
    "audio/misc/LDC93S1.wav",
    "audio/misc/endgame_nagg_nell.wav",
    "video/two_person_call.mp4",
    "video/talking_head_1.mp4",
    "formats/praat/mary.wav",
)
REFERENCES = {
    "audio/jfk/jfk.wav": "And so my fellow Americans, ask not what your country can do for you, "
    "ask what you can do for your country.",
    "audio/misc/LDC93S1.wav": "She had your dark suit in greasy wash water all year.",
    "formats/praat/mary.wav": "Mary rolled the barrel",
    "audio/misc/multilingual.mp3": "Permission is hereby granted, free of charge, to any person obtaining a copy of "
    "this software and associated documentation files, to deal in the software without restriction, including without "
    "limitation the rights to use, copy, modify, merge, publish, distribute, sublicense, and or sell copies of the "
    "software, and to permit persons to whom the software is furnished to do so, subject to the following conditions. "
    "The above copyright notice and this permission notice shall be included in all copies or substantial portions of "
    "the software.",
}
PART = 300.0
SHIFTS = (0.0, 0.7, 2.0)

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Heard:
    """A word as one side wrote it, reduced to letters, with its times and probability."""

    text: str
    start: float
    end: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Placed:
    """A clip in the joined sound."""

    name: str
    start: float
    end: float


def load(path: Path) -> Samples:
    """A recording's samples."""
    from faster_whisper.audio import decode_audio

    samples: Samples = decode_audio(str(path))
    return samples


def join(clips: dict[str, Samples], seconds: float, seed: int) -> tuple[Samples, list[Placed]]:
    """At least that many seconds of clips in random order with silences between, and where each lies."""
    pick, at = random.Random(seed), 0
    pieces: list[Samples] = []
    placed: list[Placed] = []
    while at < seconds * RATE:
        for name in pick.sample(sorted(clips), len(clips)):
            samples, gap = clips[name], np.zeros(int(RATE * pick.uniform(0.5, 6)), np.float32)
            placed.append(Placed(name, at / RATE, (at + len(samples)) / RATE))
            pieces += [samples, gap]
            at += len(samples) + len(gap)
    return np.concatenate(pieces)[: int(seconds * RATE)], placed


def as_sound(samples: Samples, folder: Path) -> Sound:
    """The samples as talkbase keeps sound."""
    path = folder / "sound.raw"
    (np.clip(samples, -1, 1) * 32767).astype("<i2").tofile(path)
    return Sound(path, 1)


def reduced(words: Iterator[tuple[str, float, float, float]]) -> list[Heard]:
    """Words in lower case without punctuation, "don't-know" as two."""
    return [
        Heard(part, float(start), float(end), float(p))
        for text, start, end, p in words
        for part in re.sub(r"[^\w' ]", " ", text.lower()).split()
    ]


class Sides:
    """The two programs that are compared, with their models loaded."""

    def __init__(self, beam: int) -> None:
        from faster_whisper import WhisperModel

        self.beam = beam
        folder = str(weights.locate("whisper-base"))
        self._plain = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=cores())
        self._ours = Recogniser("whisper-base", beam=beam)
        self._ours.languages  # noqa: B018  (loads the model)

    def plain(self, samples: Samples, offset: float = 0.0) -> list[Heard]:
        """faster-whisper's `transcribe` as it is."""
        found, _ = self._plain.transcribe(samples, language="en", beam_size=self.beam, word_timestamps=True)
        return reduced((w.word, w.start + offset, w.end + offset, w.probability) for s in found for w in s.words or ())

    def alone(self, clips: dict[str, Samples]) -> dict[str, list[list[Heard]]]:
        """Each clip decoded by itself, once from each of SHIFTS: a second opinion on what is said in it."""
        from faster_whisper import WhisperModel

        model = WhisperModel(
            str(weights.locate("whisper-base")), compute_type="int8", cpu_threads=1, num_workers=cores()
        )

        def decode(name: str, shift: float) -> list[Heard]:
            samples = clips[name][int(shift * RATE) :]
            found, _ = model.transcribe(samples, language="en", beam_size=self.beam, word_timestamps=True)
            return reduced(
                (w.word, w.start + shift, w.end + shift, w.probability) for s in found for w in s.words or ()
            )

        jobs = [(name, shift) for name in clips for shift in SHIFTS if len(clips[name]) > (shift + 1) * RATE]
        with ThreadPoolExecutor(cores()) as pool:
            decoded = list(pool.map(lambda job: decode(*job), jobs))
        return {name: [heard for job, heard in zip(jobs, decoded, strict=True) if job[0] == name] for name in clips}

    def ours(self, sound: Sound) -> list[Heard]:
        """talkbase's recogniser."""
        found = self._ours.transcribe(sound, language="en")
        return reduced((w.text, w.start or 0.0, w.end or 0.0, w.confidence or 0.0) for s in found for w in s.words)


def timed(work: Callable[[], list[Heard]]) -> tuple[list[Heard], float, float]:
    """What the work gave, its seconds, and the processors that it kept busy on average."""
    start, busy = time.perf_counter(), time.process_time()
    heard = work()
    seconds = time.perf_counter() - start
    return heard, seconds, (time.process_time() - busy) / seconds


def align(ours: list[Heard], theirs: list[Heard], slack: float = 3.0) -> list[Heard | None]:
    """For each of their words ours at the same place (the same word or another), None where there is none.

    Levenshtein's alignment, in which words further apart than `slack` seconds do not meet.
    """
    cost = np.zeros((len(theirs) + 1, len(ours) + 1))
    cost[:, 0], cost[0, :] = np.arange(len(theirs) + 1), np.arange(len(ours) + 1)

    def meet(i: int, j: int) -> float:
        if abs(theirs[i].start - ours[j].start) > slack:
            return 2.1
        return 0.0 if theirs[i].text == ours[j].text else 1.0

    for i in range(1, len(theirs) + 1):
        for j in range(1, len(ours) + 1):
            cost[i, j] = min(cost[i - 1, j - 1] + meet(i - 1, j - 1), cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    found: list[Heard | None] = [None] * len(theirs)
    i, j = len(theirs), len(ours)
    while i and j:
        if np.isclose(cost[i, j], cost[i - 1, j - 1] + meet(i - 1, j - 1)):
            i, j = i - 1, j - 1
            found[i] = ours[j]
        elif np.isclose(cost[i, j], cost[i - 1, j] + 1):
            i -= 1
        else:
            j -= 1
    return found


def verdict(word: Heard, voice: float, alone: dict[str, list[list[Heard]]], placed: list[Placed]) -> str:
    """Whether a word of the plain loop was speech, as second decodes of its clip and the voice detector have it."""
    if voice < 0.3:
        return "no voice"
    clip = next((p for p in placed if p.start - 0.5 <= word.start <= p.end + 0.5), None)
    if clip is None:
        return "no voice"
    near = any(
        other.text == word.text and abs(other.start + clip.start - word.start) < 1.5
        for decode in alone[clip.name]
        for other in decode
    )
    return "speech" if near else "unconfirmed"


def compare(args: argparse.Namespace, sides: Sides, clips: dict[str, Samples]) -> dict[str, Any]:
    """Speed and lost words on the joined sound, part by part."""
    alone = sides.alone(clips)
    samples, placed = join(clips, args.minutes * 60, args.seed)
    parts = max(1, round(args.minutes * 60 / PART))
    rows = []
    bounds = [*_part_starts(placed, parts), len(samples)]
    for number, (first, last) in enumerate(pairwise(bounds)):
        local = [Placed(p.name, p.start - first / RATE, p.end - first / RATE) for p in placed]
        rows.append(_part(samples[first:last], local, alone, sides, number))
        print(f"part {number + 1} of {parts}: {rows[-1]['ratio']:.2f} ×", file=sys.stderr)
    words = sum(row["words"] for row in rows)
    lost = [dict(loss, part=n) for n, row in enumerate(rows) for loss in row["lost"]]
    speech_words = sum(row["speech_words"] for row in rows)
    speech_lost = sum(loss["verdict"] == "speech" for loss in lost)
    seconds = len(samples) / RATE
    return {
        "minutes": seconds / 60,
        "ratio_median": median(row["ratio"] for row in rows),
        "ratio_total": sum(row["plain_s"] for row in rows) / sum(row["ours_s"] for row in rows),
        "rtf_ours": sum(row["ours_s"] for row in rows) / seconds,
        "rtf_plain": sum(row["plain_s"] for row in rows) / seconds,
        "processors_plain": median(row["processors_plain"] for row in rows),
        "processors_ours": median(row["processors_ours"] for row in rows),
        "plain_words": words,
        "our_words": sum(row["our_words"] for row in rows),
        "present": 1 - len(lost) / words,
        "present_of_speech": 1 - speech_lost / speech_words,
        "plain_again_present": 1 - rows[0]["again_lost"] / rows[0]["words"],
        "lost": lost,
    }


def _part_starts(placed: list[Placed], parts: int) -> list[int]:
    """Samples at which parts of about equal length begin, each with a clip."""
    total = placed[-1].end
    wanted = [number * total / parts for number in range(parts)]
    return [round(min((p.start for p in placed), key=lambda start: abs(start - want)) * RATE) for want in wanted]


def _part(
    samples: Samples, placed: list[Placed], alone: dict[str, list[list[Heard]]], sides: Sides, number: int
) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder, as_sound(samples, Path(folder)) as sound:
        work = [lambda: sides.plain(samples), lambda: sides.ours(sound)]
        order = (0, 1) if number % 2 == 0 else (1, 0)
        runs = {side: timed(work[side]) for side in order}
    (plain, plain_s, plain_busy), (ours, ours_s, ours_busy) = runs[0], runs[1]
    speech = vad.probabilities(samples)
    voices = [float(speech[max(0, int((w.start - 0.2) / 0.032)) : int((w.end + 0.2) / 0.032) + 1].max()) for w in plain]
    verdicts = [verdict(word, voice, alone, placed) for word, voice in zip(plain, voices, strict=True)]
    lost = [
        {"word": w.text, "at": round(w.start, 1), "plain_p": round(w.confidence, 2), "voice": round(v, 2), "verdict": j}
        for w, v, j, kept in zip(plain, voices, verdicts, align(ours, plain), strict=True)
        if kept is None
    ]
    again = align(sides.plain(samples[int(0.7 * RATE) :], 0.7), plain) if number == 0 else []
    return {
        "words": len(plain),
        "our_words": len(ours),
        "plain_s": plain_s,
        "ours_s": ours_s,
        "ratio": plain_s / ours_s,
        "processors_plain": plain_busy,
        "processors_ours": ours_busy,
        "speech_words": verdicts.count("speech"),
        "again_lost": sum(word is None for word in again),
        "lost": lost,
    }


def word_errors(args: argparse.Namespace, sides: Sides) -> dict[str, dict[str, float]]:
    """The word error rate of both sides on the clips whose words are known."""
    import jiwer

    rates = {}
    for name, text in REFERENCES.items():
        samples = load(args.data / name)[: 30 * RATE]
        reference = " ".join(word.text for word in reduced(iter([(text, 0.0, 0.0, 1.0)])))
        with tempfile.TemporaryDirectory() as folder, as_sound(samples, Path(folder)) as sound:
            both = {"ours": sides.ours(sound), "plain": sides.plain(samples)}
        rates[name] = {side: jiwer.wer(reference, " ".join(w.text for w in heard)) for side, heard in both.items()}
    return rates


def peak_memory(args: argparse.Namespace) -> dict[str, int]:
    """Peak resident memory in MB of a fresh process that recognises recordings of these minutes."""
    peaks = {}
    for minutes in args.memory.split(","):
        command = [sys.executable, __file__, "--data", str(args.data), "--beam", str(args.beam), "--alone", minutes]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        peaks[minutes] = int(done.stdout)
    return peaks


def alone(args: argparse.Namespace) -> int:
    """Recognise a recording of that many minutes, as the only work of this process; its peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "sound.raw"
        # Another process joins the clips, so that their samples do not count.
        command = [sys.executable, __file__, "--data", str(args.data), "--write", str(path), args.alone]
        subprocess.run(command, check=True)
        with Sound(path, 1) as sound:
            for _ in Recogniser("whisper-base", beam=args.beam).transcribe(sound, language="en"):
                pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // 1024 if sys.platform == "linux" else peak // 1024**2


def main() -> None:
    """Run what was asked for and print a table, or one JSON value."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--memory", metavar="MINUTES,…", help="measure peak memory for these lengths, and only that")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--alone", help=argparse.SUPPRESS)
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.write:
        samples, _ = join({n: load(args.data / n) for n in CLIPS}, float(args.write[1]) * 60, args.seed)
        (np.clip(samples, -1, 1) * 32767).astype("<i2").tofile(args.write[0])
        return
    if args.alone:
        print(alone(args))
        return
    result: dict[str, Any] = {"beam": args.beam, "threads": cores(), "seed": args.seed}
    if args.memory:
        result["peak_mb"] = peak_memory(args)
    else:
        sides = Sides(args.beam)
        result["wer"] = word_errors(args, sides)
        result |= compare(args, sides, {name: load(args.data / name) for name in CLIPS})
    print(json.dumps(result) if args.json else table(result))


def table(result: dict[str, Any]) -> str:
    """The result for people."""
    lines = [f"{key:22} {value:.4g}" for key, value in result.items() if isinstance(value, int | float)]
    lines += [f"peak memory {minutes:>6} min  {peak} MB" for minutes, peak in result.get("peak_mb", {}).items()]
    lines += [
        f"WER {name:34} ours {r['ours']:.3f}  plain {r['plain']:.3f}" for name, r in result.get("wer", {}).items()
    ]
    lines += [
        f"lost in part {w['part']} at {w['at']:6.1f} s  {w['word']:16} p {w['plain_p']:.2f}  voice {w['voice']:.2f}  "
        f"{w['verdict']}"
        for w in result.get("lost", [])
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
