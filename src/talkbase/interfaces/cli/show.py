"""`talkbase show`: one conversation whole."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from talkbase.domain.time import clock
from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, Reference, opened
from talkbase.interfaces.cli._group import LOOK, Command

if TYPE_CHECKING:
    from rich.text import Text

    from talkbase.queries.conversations import Conversation, UtteranceRow

LOW = 0.5
"""Confidence below which words are shown dim."""

NAME = 20
"""Characters of a speaker's name on a terminal; in a pipe it is whole."""

_COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan", "bright_magenta")
_MARKS = {"silence": "in silence?", "music": "music?", "repetition": "repetition?", "low_confidence": "unsure"}


def show(reference: Reference, as_json: AsJson = False) -> None:
    """Show a conversation: who said what, when, and how sure that is."""
    with opened() as tb:
        found = tb.show(reference)
    if as_json:
        _output.print_json(as_value(found))
        return
    _head(found)
    if not found.utterances:
        _output.say(_why_empty(found))
    _Transcript(found).print()


def as_value(found: Conversation) -> dict[str, Any]:
    """The conversation as `show --json` gives it."""
    return {
        "id": found.id, "title": found.title, "kind": found.kind, "status": found.status, "language": found.language,
        "duration": found.duration, "started_at": found.started_at, "error": found.error,
        "speakers": [{"id": s.id, "label": s.label, "name": s.name} for s in found.speakers],
        "utterances": [
            {
                "id": u.id, "position": u.position, "speaker": u.speaker, "start": u.start, "end": u.end,
                "said_at": u.said_at, "text": u.text, "confidence": u.confidence, "language": u.language,
                "suspect": u.suspect, "words": [_word(word) for word in u.words or ()],
            }
            for u in found.utterances
        ],
    }  # fmt: skip


def _word(word: dict[str, Any]) -> dict[str, Any]:
    return {
        "text": str(word.get("text", "")).strip(), "start": word.get("start"), "end": word.get("end"),
        "confidence": word.get("confidence"),
    }  # fmt: skip


def _head(found: Conversation) -> None:
    from rich.text import Text

    facts = [found.kind, found.language, clock(found.duration) if found.duration else None,
             _output.moment(found.started_at), _output.many(len(found.speakers), "speaker"),
             found.status if found.status != "completed" else None, str(found.id)]  # fmt: skip
    console = _output.out()
    console.print(Text(_output.clean(found.title), style="bold"))
    console.print(Text(" · ".join(_output.clean(fact) for fact in facts if fact), style="dim"))
    if found.error:
        console.print(Text(_output.clean(found.error), style="red"))
    console.print()


def _why_empty(found: Conversation) -> str:
    if found.status in ("pending", "processing"):
        return "It is not analysed yet. `talkbase status` shows how far it is."
    return "Nothing was said." if found.status == "completed" else "Its analysis failed."


class _Transcript:
    """Prints utterances line by line: time, confidence, speaker, text; columns that nothing fills are left out."""

    def __init__(self, found: Conversation) -> None:
        self._lines = found.utterances
        self._names = {s.label: _output.clean(s.name or s.label) for s in found.speakers}
        self._colours = {s.label: _COLOURS[i % len(_COLOURS)] for i, s in enumerate(found.speakers)}
        self._times = max((len(_time(u)) for u in self._lines), default=0)
        self._sure = any(u.confidence is not None for u in self._lines)
        if _output.interactive():
            self._names = {label: _cropped(name) for label, name in self._names.items()}
        self._widest = max((len(name) for name in self._names.values()), default=0)

    def print(self) -> None:
        """Print them all."""
        console = _output.out()
        for line in self._lines:
            head = self._prefix(line)
            if not console.is_terminal:
                console.print(head + self._said(line), soft_wrap=True)
                continue
            width = max(console.width - head.cell_len, 20)
            for number, part in enumerate(self._said(line).wrap(console, width)):
                part.rstrip()
                console.print((head if number == 0 else _blank(head.cell_len)) + part, soft_wrap=True)

    def _prefix(self, line: UtteranceRow) -> Text:
        from rich.text import Text

        prefix = Text()
        if self._times:
            prefix.append(_time(line).rjust(self._times) + "  ", style="dim")
        if self._sure:
            percent = "" if line.confidence is None else f"{100 * line.confidence:.0f}%"
            prefix.append(percent.rjust(4) + "  ", style="dim")
        if self._widest:
            name = self._names.get(line.speaker or "", "")
            prefix.append(name.ljust(self._widest) + "  ", style=self._colours.get(line.speaker or "", ""))
        return prefix

    def _said(self, line: UtteranceRow) -> Text:
        from rich.text import Text

        said = Text(_output.clean(line.text), style="dim" if (line.confidence or 1.0) < LOW else "")
        if line.suspect:
            said.append(f"  [{_MARKS.get(line.suspect, line.suspect)}]", style="yellow")
        return said


def _cropped(name: str) -> str:
    return name if len(name) <= NAME else name[: NAME - 1] + "…"


def _blank(width: int) -> Text:
    from rich.text import Text

    return Text(" " * width)


def _time(line: UtteranceRow) -> str:
    if line.start is not None:
        return clock(line.start)
    return _output.moment(line.said_at)


command = Command(show, LOOK)
