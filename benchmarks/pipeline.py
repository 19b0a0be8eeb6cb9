"""Wall time of `talkbase add` against its engines called directly, with the same settings, in one run.

    .venv/bin/python benchmarks/pipeline.py [--minutes 6] [--repeats 3] [--profile balanced]

Both are warmed with a short clip, so that neither pays for loading models; then they take turns. What talkbase adds is
hashing and storing the file, its transactions, and cutting and writing rows. The aim is an overhead of at most 10 %.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import joined

import talkbase
from talkbase.domain.align import align
from talkbase.engines.diarization import Diarizer
from talkbase.engines.embeddings import Embedder, for_utterance
from talkbase.engines.speech import Recogniser, choose
from talkbase.media.sound import decode
from talkbase.stages import Options


def direct(profile: str) -> Callable[[Path, Path], int]:
    """The engines by themselves: decode, recognise, diarize, align, embed."""
    choice = choose(profile)
    recogniser, diarizer, embedder = Recogniser(choice.model, beam=choice.beam), Diarizer(), Embedder()

    def run(recording: Path, folder: Path) -> int:
        sound = decode(recording, folder / "sound")
        words = [word for segment in recogniser.transcribe(sound) for word in segment.words]
        turns = diarizer.diarize(sound).turns
        utterances = align(words, turns)
        embedder.embed([for_utterance(u.speaker, u.text) for u in utterances])
        return len(utterances)

    return run


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=6)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--profile", default="balanced")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="talkbase-benchmark-"))
    folder.chmod(0o755)
    short, long = joined.write(folder / "short.wav", 0.3), joined.write(folder / "long.wav", arguments.minutes)
    engines = direct(arguments.profile)
    times: dict[str, list[float]] = {"direct": [], "talkbase": []}
    with talkbase.open(folder / "home", profile=arguments.profile) as tb:
        options = Options(profile=arguments.profile)
        engines(short, folder)
        tb.add(short, options=options)
        for _ in range(arguments.repeats):
            start = time.perf_counter()
            engines(long, folder)
            times["direct"].append(time.perf_counter() - start)
            start = time.perf_counter()
            added = tb.add(long, options=options, again=True)
            times["talkbase"].append(time.perf_counter() - start)
            assert added.status == "completed", added.error
    shutil.rmtree(folder, ignore_errors=True)
    medians = {name: statistics.median(values) for name, values in times.items()}
    result = {
        "minutes": arguments.minutes, "profile": arguments.profile, "seconds": times, "medians": medians,
        "overhead": medians["talkbase"] / medians["direct"] - 1,
        "real_time_factor": medians["talkbase"] / (arguments.minutes * 60),
    }  # fmt: skip
    if arguments.json:
        print(json.dumps(result, indent=2))
        return
    print(f"{arguments.minutes:g} minutes, profile {arguments.profile}, median of {arguments.repeats}:")
    print(f"  engines directly  {medians['direct']:8.1f} s")
    print(f"  talkbase add      {medians['talkbase']:8.1f} s")
    print(
        f"  overhead {result['overhead']:+.1%} (aim: at most +10 %), real-time factor {result['real_time_factor']:.3f}"
    )


if __name__ == "__main__":
    main()
