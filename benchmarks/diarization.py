"""Who spoke when, against references: error rates with their parts, speaker counts, real-time factor, memory.

    .venv/bin/python benchmarks/diarization.py [--data FOLDER] [--seed 7] [--only GROUP] [--json]
    .venv/bin/python benchmarks/diarization.py --memory 30,180

Groups: `ami` (30 s far-field excerpts of meetings), `call` (a call of two people), `built` (conversations of two to
five known speakers, joined from clips with pauses in random order; the seed fixes it), `given` (the built ones and the
call with the number of speakers given). A built conversation's reference is where a clip is within 30 dB of its loud
parts, pauses up to 0.3 s included: no person made it, so its boundaries are rough and most errors are theirs.

DER is by pyannote.metrics, overlapping speech included, over the whole recording; "±0.25" leaves a quarter of a second
on each side of the reference's boundaries unscored. Rates of a group are over its total time. RTF is wall time and CPU
processor time by the recording's length; the first grows with other load on the machine, the second hardly does.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joined import write as write_joined
from numpy.typing import NDArray

from talkbase.domain.metrics import SpeakerErrors, der
from talkbase.domain.rttm import SpeakerTurn, parse
from talkbase.engines.diarization import Diarization, Diarizer
from talkbase.media.sound import RATE, Sound, decode

DATA = Path(os.environ.get("TALKBASE_TEST_DATA", Path(__file__).parents[2] / "shared" / "data"))
AMI = ("dev00", "trñ00", "trn01", "trn02", "trn03")
Samples = NDArray[np.float32]

# Speaker: (file, start, end) of stretches in which only that person speaks.
CLIPS: dict[str, list[tuple[str, float, float]]] = {
    "kennedy": [("audio/jfk/jfk.wav", a, b) for a, b in ((0, 3.1), (3.1, 7.8), (7.8, 11))],
    "alexandria": [("video/two_person_call.mp4", a, b) for a, b in ((0, 3.95), (8.25, 11.95))],
    "katie": [("video/two_person_call.mp4", a, b) for a, b in ((4.05, 7.95), (12.05, 15.7))],
    "ami-069": [("audio/ami/trn03.wav", a, b) for a, b in ((2, 7), (7, 12), (14, 20), (22, 28))],
    "ami-009": [("audio/ami/dev00.wav", a, b) for a, b in ((1.5, 6), (6, 13))],
    "presenter": [("video/talking_head_1.mp4", a, b) for a, b in ((0, 3), (3, 6))],
}
CASTS = (
    ("kennedy", "alexandria"),
    ("ami-069", "katie"),
    ("presenter", "ami-009"),
    ("alexandria", "katie"),
    ("kennedy", "katie", "ami-069"),
    ("alexandria", "ami-009", "presenter"),
    ("kennedy", "presenter", "alexandria"),
    ("kennedy", "alexandria", "katie", "ami-069", "ami-009"),
    ("kennedy", "alexandria", "katie", "ami-069", "presenter"),
)


@dataclass(frozen=True, slots=True)
class Case:
    """A recording with its reference."""

    group: str
    name: str
    sound: Sound
    reference: tuple[SpeakerTurn, ...]
    given: int | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """What came out for one recording."""

    group: str
    name: str
    seconds: float
    speakers: int
    found: int
    exact: SpeakerErrors
    collar: SpeakerErrors
    rtf: float
    cpu: float


def main() -> None:
    """Run the groups and print a table, or JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", choices=("ami", "call", "built", "given"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--memory", help="minutes of joined recordings, such as 30,180: peak memory of each")
    options = parser.parse_args()
    if not options.data.is_dir():
        raise SystemExit(f"There is no test data at {options.data}: set TALKBASE_TEST_DATA.")
    if options.memory:
        for minutes in options.memory.split(","):
            print(json.dumps(memory(float(minutes))), flush=True)
        return
    diarizer = Diarizer()
    with tempfile.TemporaryDirectory() as folder:
        rows = []
        for case in cases(options.data, Path(folder), options.seed):
            if options.only in (None, case.group):
                rows.append(measured(diarizer, case))
                if not options.json:
                    print(line(rows[-1]), flush=True)
    totals = [
        total(group, [row for row in rows if row.group == group]) for group in dict.fromkeys(r.group for r in rows)
    ]
    if options.json:
        json.dump(
            {"seed": options.seed, "files": [record(row) for row in rows], "totals": totals}, sys.stdout, indent=2
        )
        return
    for entry in totals:
        print(json.dumps(entry))


def measured(diarizer: Diarizer, case: Case) -> Row:
    """Diarize one recording and compare."""
    began, spent = time.perf_counter(), time.process_time()
    found = diarizer.diarize(case.sound, speakers=case.given)
    took, worked = time.perf_counter() - began, time.process_time() - spent
    turns, whole = named(found), (0.0, case.sound.duration)
    return Row(
        case.group,
        case.name,
        case.sound.duration,
        len({turn.speaker for turn in case.reference}),
        len(found.voices),
        der(case.reference, turns, scored=whole),
        der(case.reference, turns, scored=whole, collar=0.25),
        took / case.sound.duration,
        worked / case.sound.duration,
    )


def named(found: Diarization) -> list[SpeakerTurn]:
    """Turns with names for their speakers."""
    return [SpeakerTurn(turn.start, turn.end, f"S{turn.speaker}") for turn in found.turns]


def cases(data: Path, folder: Path, seed: int) -> Iterator[Case]:
    """Every recording of every group."""
    references: dict[str, tuple[SpeakerTurn, ...]] = {}
    for rttm in ("audio/ami/debug.development.rttm", "audio/ami/debug.train.rttm", "video/two_person_call.rttm"):
        references |= parse((data / rttm).read_text(encoding="utf8"))
    for name in AMI:
        sound = decode(data / "audio" / "ami" / f"{name}.wav", folder / f"{name}.raw")
        yield Case("ami", name, sound, references[name.replace("ñ", "n")])
    call = decode(data / "video" / "two_person_call.mp4", folder / "call.raw")
    yield Case("call", "two_person_call", call, references["two_person_call"])
    yield Case("given", "two_person_call", call, references["two_person_call"], 2)
    clips = {speaker: [clip(data, folder, *part) for part in parts] for speaker, parts in CLIPS.items()}
    chance = np.random.default_rng(seed)
    for number, cast in enumerate(CASTS):
        sound, reference = built({speaker: clips[speaker] for speaker in cast}, folder / f"built{number}.raw", chance)
        name = f"{number + 1}: {', '.join(cast)}"
        yield Case("built", name, sound, reference)
        yield Case("given", name, sound, reference, len(cast))


def clip(data: Path, folder: Path, file: str, start: float, end: float) -> Samples:
    """A stretch of a recording, all made equally loud."""
    raw = folder / "clip.raw"
    with decode(data / file, raw) as sound:
        samples = sound.read(start, end)
    level = np.sqrt((samples**2).mean(), dtype=np.float32)
    return samples * np.float32(0.05 / level)


def built(
    clips: dict[str, list[Samples]], path: Path, chance: np.random.Generator
) -> tuple[Sound, tuple[SpeakerTurn, ...]]:
    """A conversation in which every clip comes twice, in random order, 0.2 to 1 s apart, over faint noise."""
    order = [(speaker, samples) for speaker, parts in clips.items() for samples in parts] * 2
    parts, position, turns = [np.zeros(RATE // 2, np.float32)], RATE // 2, []
    for index in chance.permutation(len(order)):
        speaker, samples = order[index]
        turns += [SpeakerTurn(position / RATE + a, position / RATE + b, speaker) for a, b in loud(samples)]
        pause = np.zeros(int(chance.uniform(0.2, 1.0) * RATE), np.float32)
        parts += [samples, pause]
        position += len(samples) + len(pause)
    joined = np.concatenate(parts) + chance.normal(0, 1e-4, position)
    (np.clip(joined, -1, 1) * 32767).astype("<i2").tofile(path)
    return Sound(path, 1), tuple(turns)


def loud(samples: Samples) -> Iterator[tuple[float, float]]:
    """Stretches of at least 60 ms within 30 dB of the loud parts, pauses up to 0.3 s included."""
    hop = RATE // 50
    level = np.sqrt((samples[: len(samples) // hop * hop].reshape(-1, hop) ** 2).mean(axis=1))
    stretches: list[list[int]] = []
    for index in np.flatnonzero(level > np.quantile(level, 0.95) * 10 ** (-30 / 20)).tolist():
        if stretches and index - stretches[-1][1] <= 15:
            stretches[-1][1] = index + 1
        else:
            stretches.append([index, index + 1])
    return ((first / 50, last / 50) for first, last in stretches if last - first >= 3)


def line(row: Row) -> str:
    """One row of the table."""
    parts = row.exact
    shares = [100 * value / parts.total for value in (parts.missed, parts.false_alarm, parts.confusion)]
    return (
        f"{row.group:6}{row.name[:44]:46}{row.speakers:2} → {row.found:2} speakers  DER {100 * parts.rate:5.1f} %"
        f" (missed {shares[0]:5.1f}, false alarm {shares[1]:4.1f}, confusion {shares[2]:4.1f})"
        f"  ±0.25 s {100 * row.collar.rate:5.1f} %  RTF {row.rtf:.3f} (CPU {row.cpu:.3f})"
    )


def record(row: Row) -> dict[str, Any]:
    """A row as JSON values."""
    return asdict(row) | {"der": round(row.exact.rate, 4), "der_collar": round(row.collar.rate, 4)}


def total(group: str, rows: list[Row]) -> dict[str, Any]:
    """A group's rates over its total time."""
    exact, collar = SpeakerErrors(0, 0, 0, 0), SpeakerErrors(0, 0, 0, 0)
    for row in rows:
        exact, collar = exact + row.exact, collar + row.collar
    return {
        "group": group,
        "files": len(rows),
        "der": round(exact.rate, 4),
        "missed": round(exact.missed / exact.total, 4),
        "false_alarm": round(exact.false_alarm / exact.total, 4),
        "confusion": round(exact.confusion / exact.total, 4),
        "der_collar": round(collar.rate, 4),
        "counts_right": sum(row.speakers == row.found for row in rows),
        "rtf": round(sum(row.rtf * row.seconds for row in rows) / sum(row.seconds for row in rows), 4),
        "cpu": round(sum(row.cpu * row.seconds for row in rows) / sum(row.seconds for row in rows), 4),
    }


def memory(minutes: float) -> dict[str, float]:
    """Diarize a joined recording of that length; peak memory of this process so far, in MB."""
    with tempfile.TemporaryDirectory() as folder:
        recording = write_joined(Path(folder) / "long.wav", minutes)
        with decode(recording, Path(folder) / "long.raw") as sound:
            spent = time.process_time()
            found = Diarizer().diarize(sound)
            worked = time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "minutes": minutes,
        "peak_mb": round(peak),
        "cpu": round(worked / minutes / 60, 4),
        "speakers": len(found.voices),
    }


if __name__ == "__main__":
    main()
