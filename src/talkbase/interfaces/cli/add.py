"""`talkbase add`: recordings and transcripts come in, and are analysed."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from talkbase.errors import Interrupted, UsageError
from talkbase.interfaces.cli import _analysis, _output
from talkbase.interfaces.cli._common import AsJson, opened
from talkbase.interfaces.cli._group import ADD, Command
from talkbase.interfaces.cli._progress import Display, took

if TYPE_CHECKING:
    from talkbase.actions.add import Added
    from talkbase.actions.library import Talkbase


def add(
    paths: Annotated[
        list[str], typer.Argument(metavar="PATH…", help="Files, folders, globs; - reads a list from standard input.")
    ],
    queue: _analysis.Queue = False,
    again: Annotated[bool, typer.Option("--again", help="Add once more what was added before.")] = False,
    title: Annotated[str | None, typer.Option("--title", help="Title, for a single file.")] = None,
    speakers: _analysis.Speakers = None,
    language: _analysis.Language = None,
    profile: _analysis.ProfileOption = None,
    only: _analysis.Only = None,
    without: _analysis.Without = None,
    as_json: AsJson = False,
) -> int:
    """Add recordings and transcripts, and analyse them."""
    from talkbase.actions.add import expand

    given = _with_list(paths)
    files = [found.path for found in expand(given)]
    if title is not None and len(files) != 1:
        raise UsageError(f"A title is for one file, not for {len(files)}.")
    with opened() as tb, Display() as display:
        chosen = _analysis.options(tb, profile, language, speakers, only, without)
        report = _Report(display, files, silent=as_json)
        try:
            results = tb.add_all(
                given, report=report, options=chosen, title=title, again=again, queue=queue, progress=display
            )
        except KeyboardInterrupt as error:
            raise Interrupted(hint="Run the same command again to go on.") from error
        display.end_stage()
        if as_json:
            _output.print_json(results)
        elif len(results) == 1 and results[0].id and not results[0].error and not queue:
            _summary(tb, results[0], report.took)
    return _exit_code(results)


def _with_list(paths: list[str]) -> list[str]:
    """The paths, with those on standard input in place of `-`: one a line, or ended by NUL as by `find -print0`."""
    given = []
    for path in paths:
        if path == "-":
            listed = sys.stdin.read()
            given += [line for line in listed.split("\0" if "\0" in listed else "\n") if line.strip()]
        else:
            given.append(path)
    return given


class _Report:
    """Tells of each file how it ended."""

    def __init__(self, display: Display, files: list[Path], *, silent: bool) -> None:
        self._display, self._files, self._silent = display, files, silent
        self._done, self._begun, self.took = 0, time.monotonic(), 0.0
        self._announce()

    def __call__(self, added: Added) -> None:
        self._display.end_stage()
        self.took = time.monotonic() - self._begun
        self._done += 1
        if not self._silent or added.error:
            self._display.line(_line(added, self.took))
        self._begun = time.monotonic()
        self._announce()

    def _announce(self) -> None:
        if self._done < len(self._files):
            count = f"{self._done + 1}/{len(self._files)} " if len(self._files) > 1 else ""
            self._display.begin(count + self._files[self._done].name)


def _line(added: Added, seconds: float) -> str:
    name = _output.clean(added.path)
    if added.status == "skipped":
        return f"- {name}: skipped, no reader knows this kind of file"
    if added.error:
        return f"✗ {name}: {_output.clean(added.error)}"
    if added.duplicate and added.status == "completed":
        return f"= {name}: was added before, as {_output.short(added.id)}"
    return f"✓ {name}: {added.status} in {took(seconds, None)}, {_output.short(added.id)}"


def _summary(tb: Talkbase, added: Added, seconds: float) -> None:
    found = tb.show(str(added.id))
    names = ", ".join(_output.clean(speaker.name or speaker.label) for speaker in found.speakers)
    sys.stdout.write(
        f"{_output.clean(found.title)}: {_output.many(len(found.utterances), 'utterance')}"
        f" by {_output.many(len(found.speakers), 'speaker')}{f' ({names})' if names else ''}"
        f"{f', {_output.length(found.duration)} long' if found.duration else ''}"
        f"{'' if added.duplicate else f', in {took(seconds, found.duration)}'}\n"
    )
    if _output.interactive():
        key = _output.short(added.id)
        _output.say(f'Next: talkbase show {key}   talkbase search "words"   talkbase export {key} --as srt')


def _exit_code(results: list[Added]) -> int:
    failed = [result for result in results if result.status == "failed"]
    if failed and len(failed) == len(results) and not any(Path(result.path).exists() for result in failed):
        return 3
    return 1 if failed else 0


command = Command(add, ADD, _analysis.WithStages)
