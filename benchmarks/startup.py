"""How long a person waits for the smallest commands.

    .venv/bin/python benchmarks/startup.py [--repeats 15]

`talkbase --help` (aim: at most 0.3 s), `talkbase list` on a warm embedded server (at most 0.6 s), and a library of
1,000 conversations (a constant number of queries), beside the bare interpreter in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import talkbase

TALKBASE = Path(sys.executable).with_name("talkbase")


def seconds(command: list[str | Path], home: Path, repeats: int) -> list[float]:
    """Wall times of a command as a whole process."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        subprocess.run(command, env={**os.environ, "TALKBASE_HOME": str(home)}, check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return times


def fill(home: Path, conversations: int) -> None:
    """Add that many small transcripts."""
    transcripts = home.parent / "transcripts"
    transcripts.mkdir()
    for number in range(conversations):
        (transcripts / f"meeting-{number:04d}.json").write_text(json.dumps({
            "format": "talkbase-transcript", "version": 1, "title": f"Meeting {number}", "kind": "meeting",
            "speakers": [{"label": "A"}, {"label": "B"}],
            "utterances": [{"speaker": "AB"[i % 2], "start": i * 2.0, "end": i * 2.0 + 1.5,
                            "text": f"Line {i} of meeting {number}."} for i in range(6)],
        }))  # fmt: skip
    with talkbase.open(home) as tb:
        tb.add_all([transcripts], options=talkbase.Options(without=("embed",)))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--conversations", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="talkbase-benchmark-"))
    folder.chmod(0o755)
    home = folder / "home"
    try:
        fill(home, arguments.conversations)
        with talkbase.open(home) as tb:
            tb.list()  # joins the server, so that it stays up between the commands
            measured = {
                "python -c pass": seconds([sys.executable, "-c", "pass"], home, arguments.repeats),
                "talkbase --help": seconds([TALKBASE, "--help"], home, arguments.repeats),
                "talkbase list": seconds([TALKBASE, "list"], home, arguments.repeats),
                "talkbase list --limit 1000": seconds([TALKBASE, "list", "--limit", "1000"], home, arguments.repeats),
            }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if arguments.json:
        print(json.dumps(measured, indent=2))
        return
    print(f"{arguments.conversations} conversations, {arguments.repeats} runs each: median (lowest to highest)")
    for name, times in measured.items():
        print(f"  {name:<28} {statistics.median(times):.3f} s ({min(times):.3f} to {max(times):.3f})")


if __name__ == "__main__":
    main()
