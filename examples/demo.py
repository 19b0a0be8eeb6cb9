"""What `make demo` runs: the main job on the recordings beside this file, through the command line as a person would.

It adds them, shows each transcript with speakers, times and confidence, searches, and says what to try next. Run
again, it recognises what is there and changes nothing.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.rule import Rule

HERE = Path(__file__).resolve().parent
TALKBASE = Path(sys.executable).parent / "talkbase"
RECORDINGS = {
    "jfk.wav": "a speech: eleven seconds, one voice",
    "ami-meeting-excerpt.flac": "a real meeting: thirty seconds, from across the room",
    "governance-call.json": "a transcript that another program wrote, without times",
}
SEARCHES = ("what you can do for your country", "emergency")
NEXT = (
    ("add FILE-OR-FOLDER", "your own recordings and transcripts"),
    ('search "two words"', "every word that was said, with who and when"),
    ("export {id} --as srt", "or txt, md, vtt, json, csv"),
    ("delete {id}", "forget this one: rows, files and vectors"),
    ("doctor", "whether all is well, and where the data lies"),
    ("--help", "everything else"),
)
ID_LENGTH = 13  # ids begin with their time: so much of one tells a millisecond

console = Console(highlight=False)


def main() -> int:
    """Run the demo; the exit code is 0 when every step did what it should."""
    heading("1. Add three recordings: transcribe, tell the speakers apart, index", "add", "examples/*")
    added = add([HERE / name for name in RECORDINGS])
    for item in added:
        name = Path(item["path"]).name
        again = " (was there)" if item["duplicate"] else ""
        heading(f"2. {RECORDINGS[name]}{again}", "show", item["id"][:ID_LENGTH])
        run("show", item["id"])
    for words in SEARCHES:
        heading(f"3. Search all of them: {words}", "search", f'"{words}"', "--limit", "3")
        run("search", words, "--limit", "3")
    heading("Try next")
    for command, meaning in NEXT:
        line = f"{shown(TALKBASE)} {command.format(id=added[0]['id'][:ID_LENGTH])}"
        console.print(f"{line:<52} {meaning}", markup=False, soft_wrap=True)
    return 0


def add(paths: list[Path]) -> list[dict[str, Any]]:
    """Add the files; progress goes to the terminal, the outcome comes back as `add --json` documents it."""
    done = subprocess.run([TALKBASE, "add", "--json", *paths], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        # What went wrong stands on the terminal already.
        raise SystemExit(done.returncode)
    added: list[dict[str, Any]] = json.loads(done.stdout)
    return added


def run(*arguments: str) -> None:
    """Run one command in sight; end the demo with its exit code where it fails."""
    sys.stdout.flush()
    code = subprocess.run([TALKBASE, *arguments], check=False).returncode
    if code:
        raise SystemExit(code)


def heading(title: str, *command: str) -> None:
    """Print what comes next and, where there is one, the command that does it."""
    console.print()
    console.print(Rule(f"[bold]{title}[/bold]", align="left"))
    if command:
        console.print(f"$ {shown(TALKBASE)} {' '.join(command)}", style="dim", markup=False, soft_wrap=True)


def shown(path: Path) -> str:
    """The path as a person would type it from here."""
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


if __name__ == "__main__":
    sys.exit(main())
