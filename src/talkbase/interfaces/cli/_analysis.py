"""The options of everything that analyses, `add` and `analyze`: which stages, with which models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from talkbase.actions.library import Talkbase
    from talkbase.stages import Options

Profile = Literal["fast", "balanced", "accurate"]

Speakers = Annotated[int | None, typer.Option("--speakers", min=1, max=100, help="How many speakers there are.")]
Language = Annotated[
    str | None, typer.Option("--language", metavar="CODE", help="The language spoken, such as en; else detected.")
]
ProfileOption = Annotated[Profile | None, typer.Option("--profile", help="How thorough; else as in the settings.")]


def _stage_names(incomplete: str = "") -> list[str]:
    from talkbase.plugins import discover

    return [name for name in discover("stages").names if name.startswith(incomplete)]


Only = Annotated[
    list[str] | None,
    typer.Option("--only", metavar="STAGE", autocompletion=_stage_names, help="Only this stage; may be repeated."),
]
Without = Annotated[
    list[str] | None,
    typer.Option(
        "--without", metavar="STAGE", autocompletion=_stage_names, help="Not this stage; --no-STAGE is the same."
    ),
]
Queue = Annotated[bool, typer.Option("--queue", help="Leave the analysis to `talkbase worker`.")]


class WithStages(TyperCommand):
    """A command that takes `--no-STAGE` for each stage there is, as another way to write `--without STAGE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the arguments."""
        if any(argument.startswith("--no-") for argument in args):
            short = {f"--no-{name}": name for name in _stage_names()}
            end = args.index("--") if "--" in args else len(args)
            args = [f"--without={short[a]}" if a in short else a for a in args[:end]] + args[end:]
        return super().parse_args(ctx, args)

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Name the stages below the help."""
        self.epilog = f"Stages: {', '.join(_stage_names())}."
        super().format_epilog(ctx, formatter)


def options(
    tb: Talkbase,
    profile: Profile | None,
    language: str | None,
    speakers: int | None,
    only: list[str] | None,
    without: list[str] | None,
) -> Options:
    """The options as given, what was not given as the settings say."""
    from dataclasses import replace

    from talkbase.stages import Options

    default = Options.of(tb.settings)
    return replace(
        default, profile=profile or default.profile, language=language, speakers=speakers,
        only=tuple(only or ()), without=tuple(without or ()),
    )  # fmt: skip
