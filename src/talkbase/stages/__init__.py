"""Analyses: each stage makes new knowledge of one kind from rows, and is one file.

A stage loads its rows, computes with an engine (no transaction is open then), and writes rows that name their run. The
caller, actions/analyze.py, opens and commits the transactions, one for each stage, and skips a stage whose recipe an
earlier run had.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING, Any, Literal, Protocol
from uuid import UUID

from talkbase.domain.progress import Progress
from talkbase.errors import UsageError
from talkbase.plugins import Registry, discover

if TYPE_CHECKING:
    from talkbase.config import Settings
    from talkbase.db.session import Reading, Writing
    from talkbase.media.sound import Sound

Profile = Literal["fast", "balanced", "accurate"]


@dataclass(frozen=True, slots=True)
class Options:
    """What a person asked for: which stages with which models, and what is known beforehand.

    `speakers` is the number of speakers where known, `language` an ISO 639 code, `only` and `without` names of stages,
    `speech_model` the model that transcribes where it is not the profile's.
    """

    profile: Profile = "balanced"
    language: str | None = None
    speakers: int | None = None
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    hotwords: tuple[str, ...] = ()
    voice_identity: bool = False
    speech_model: str | None = None

    @classmethod
    def of(cls, settings: Settings) -> Options:
        """The options that the settings give."""
        return cls(profile=settings.profile, voice_identity=settings.voice_identity, speech_model=settings.speech_model)


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that shapes a result: equal recipes of the same stage version give equal results.

    `input` is anything that JSON can hold; it stands for what goes in.
    """

    input: Any
    model: str | None = None
    model_sha256: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)

    def hash(self, stage: Stage) -> str:
        """sha256 over stage, version, model, settings and input."""
        parts = [stage.name, stage.version, self.model, self.model_sha256, dict(self.settings), self.input]
        return hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Subject:
    """The conversation that is analysed.

    `runs` maps each stage that has completed to the id of its latest run. `sound` decodes the recording when first
    called; `media_sha256` is None where there is no recording to hear.
    """

    conversation: UUID
    owner: UUID
    options: Options
    media_sha256: str | None
    runs: Mapping[str, UUID]
    sound: Callable[[], Sound]


class Stage(Protocol):
    """One analysis. `needs` are the stages whose results it reads, where they run at all."""

    @property
    def name(self) -> str:
        """The word by which people choose it."""

    @property
    def description(self) -> str:
        """What it finds, in one line."""

    @property
    def version(self) -> str:
        """Changes when equal recipes no longer give equal results."""

    @property
    def needs(self) -> Sequence[str]:
        """Stages that run before it."""

    def recipe(self, reading: Reading, subject: Subject) -> Recipe | None:
        """What would go in, or None where the stage has nothing to do for this conversation."""

    def load(self, reading: Reading, subject: Subject) -> Any:
        """The rows that `compute` needs."""

    def compute(self, rows: Any, subject: Subject, progress: Progress) -> Any:
        """The result, from rows and recording; no transaction is open."""

    def write(self, writing: Writing, subject: Subject, run: UUID, result: Any) -> dict[str, Any]:
        """Write the result as rows of this run, in place of an earlier run's; returns counts for the run."""


def registry() -> Registry[Stage]:
    """All stages, own and foreign."""
    return discover("stages")


def plan(options: Options) -> list[Stage]:
    """The stages that the options choose, each after those that it needs.

    Raises `UsageError` where a name in `only` or `without` is no stage.
    """
    stages = registry().items
    for name in (*options.only, *options.without):
        if name not in stages:
            raise UsageError(f"There is no stage “{name}”.", hint=f"Known are: {', '.join(stages)}.")
    graph = {name: [need for need in stage.needs if need in stages] for name, stage in stages.items()}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise UsageError(f"The stages {', '.join(error.args[1])} need each other.") from error
    chosen = [name for name in order if not options.only or name in options.only]
    return [stages[name] for name in chosen if name not in options.without]
