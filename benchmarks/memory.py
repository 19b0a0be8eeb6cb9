"""Peak memory of `talkbase add` for a short and a long recording: it must not grow with length.

    .venv/bin/python benchmarks/memory.py [--minutes 30 180] [--profile fast] [--pause 40]

Each recording is added by a process of its own; its peak resident set is what the kernel reports at its end. The aims:
at most 1.2 GB for three hours, and no more than 10 % above half an hour. `--pause` is the silence between the joined
clips: with 40 seconds, about a third of the recording is speech.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import joined


def peak(recording: Path, home: Path, profile: str) -> tuple[float, float]:
    """Peak resident memory (MB) of a process that adds the recording, and its wall time in seconds."""
    start = time.perf_counter()
    process = subprocess.Popen(
        [Path(sys.executable).with_name("talkbase"), "add", recording, "--profile", profile],
        env={**os.environ, "TALKBASE_HOME": str(home)}, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"talkbase add ended with {os.waitstatus_to_exitcode(status)}")
    unit = 1 if sys.platform == "darwin" else 1024
    return usage.ru_maxrss * unit / 1e6, time.perf_counter() - start


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, nargs="+", default=[30, 180])
    parser.add_argument("--profile", default="fast")
    parser.add_argument("--pause", type=float, default=40.0)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="talkbase-benchmark-"))
    folder.chmod(0o755)
    rows = []
    try:
        for minutes in arguments.minutes:
            recording = joined.write(folder / f"{minutes:g}-minutes.wav", minutes, arguments.pause)
            megabytes, seconds = peak(recording, folder / "home", arguments.profile)
            recording.unlink()
            rows.append({"minutes": minutes, "peak_mb": megabytes, "seconds": seconds,
                         "real_time_factor": seconds / (minutes * 60)})  # fmt: skip
            print(f"{minutes:6g} min  {megabytes:7.0f} MB  {seconds:7.0f} s  "
                  f"real-time factor {seconds / (minutes * 60):.3f}", file=sys.stderr)  # fmt: skip
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    growth = rows[-1]["peak_mb"] / rows[0]["peak_mb"] - 1
    if arguments.json:
        print(json.dumps({"profile": arguments.profile, "rows": rows, "growth": growth}, indent=2))
        return
    print(f"profile {arguments.profile}: {rows[-1]['peak_mb']:.0f} MB at {rows[-1]['minutes']:g} minutes, "
          f"{growth:+.1%} against {rows[0]['minutes']:g} minutes (aims: 1200 MB, at most +10 %)")  # fmt: skip


if __name__ == "__main__":
    main()
