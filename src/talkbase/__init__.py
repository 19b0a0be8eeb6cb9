"""talkbase: recordings of people talking, as a PostgreSQL database that you can search, correct, export and trust.

>>> import talkbase
>>> tb = talkbase.open()
>>> tb.add("meeting.mp4")
>>> tb.search("budget")
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase, open
    from talkbase.domain.transcript import Speaker, Transcript, Utterance, Word
    from talkbase.errors import TalkbaseError
    from talkbase.stages import Options

__version__ = "0.1.0"
__all__ = ["Options", "Speaker", "Talkbase", "TalkbaseError", "Transcript", "Utterance", "Word", "__version__", "open"]

_HOMES = {
    "Talkbase": "talkbase.actions.library",
    "open": "talkbase.actions.library",
    "Speaker": "talkbase.domain.transcript",
    "Transcript": "talkbase.domain.transcript",
    "Utterance": "talkbase.domain.transcript",
    "Word": "talkbase.domain.transcript",
    "TalkbaseError": "talkbase.errors",
    "Options": "talkbase.stages",
}


def __getattr__(name: str) -> Any:
    # Importing talkbase does no work: `talkbase --help` answers at once.
    if name not in _HOMES:
        raise AttributeError(f"module 'talkbase' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
