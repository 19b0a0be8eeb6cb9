"""The group of all commands, which reads a command's file only when that command, or the help, is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from talkbase.errors import NotFound, UsageError

ADD, LOOK, CHANGE, KEEP = "Add and analyse", "Look and find", "Correct and forget", "Keep it running"
SECTIONS = (ADD, LOOK, CHANGE, KEEP)
"""The headings of the help, in order; commands of other sections come last, under "More"."""

DONE, PART_FAILED, INTERRUPTED = 0, 1, 130
"""Exit codes that commands return; errors bring their own: 2 wrong usage, 3 not found, 4 database unavailable."""

_FOLDER = Path(__file__).parent
HELP = {"help_option_names": ["--help", "-h"], "max_content_width": 100}
"""How every command shows its help."""

_TEXT_ONLY: Any = {"rich_markup_mode": None, "add_completion": False}


@dataclass(frozen=True, slots=True)
class Command:
    """A command as its file offers it: a function with typer's annotations, or a `typer.Typer` with several.

    The first line of the function's docstring is its line in the help of all commands.
    """

    run: Callable[..., Any] | typer.Typer
    section: str = "More"
    cls: type[TyperCommand] = TyperCommand


class CommandFolder(TyperGroup):
    """A group whose commands are the files of this folder and the entry points of foreign packages."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands, without importing any."""
        from talkbase.plugins import discover

        return [name.replace("_", "-") for name in discover("commands").names]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, or None; a plugin that is broken counts as missing."""
        command = offered(cmd_name)
        return built(cmd_name, command) if command else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command that the arguments name. Raises `UsageError` with the most similar names where there is none."""
        if self.get_command(ctx, args[0]) is None and not args[0].startswith("-") and not ctx.resilient_parsing:
            similar = get_close_matches(args[0], self.list_commands(ctx))
            hint = f"Did you mean {' or '.join(similar)}?" if similar else "`talkbase --help` lists them."
            raise UsageError(f"There is no command “{args[0]}”.", hint=hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands under the headings of their sections."""
        sections: dict[str, list[tuple[str, str]]] = {section: [] for section in (*SECTIONS, "More")}
        for name in self.list_commands(ctx):
            if command := offered(name):
                section = command.section if command.section in sections else "More"
                sections[section].append((name, first_line(command)))
        for section, rows in sections.items():
            if rows:
                with formatter.section(section):
                    formatter.write_dl(rows)


class Group(TyperGroup):
    """A group of commands that shows the whole first line of each in its help."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write the commands, in the order in which they were added."""
        rows = [(name, (command.help or "").split("\n")[0]) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class WithDefault(Group):
    """A group of which `list` is meant where no command of it is named: `talkbase jobs` is `talkbase jobs list`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `list` in front where the arguments name no command."""
        if not args or (args[0].startswith("-") and args[0] not in ("--help", "-h")):
            args = ["list", *args]
        return super().parse_args(ctx, args)


def offered(name: str) -> Command | None:
    """What the file of this name offers; only when there is no such file, what a foreign package does."""
    module = name.replace("-", "_")
    for candidate in (module, f"{module}_"):
        if not module.startswith("_") and (
            (_FOLDER / f"{candidate}.py").exists() or (_FOLDER / candidate / "__init__.py").exists()
        ):
            from importlib import import_module

            found: Command = import_module(f"{__package__}.{candidate}").command
            return found
    from talkbase.plugins import discover

    try:
        foreign = discover("commands").get(module)
    except NotFound:
        return None
    return foreign if isinstance(foreign, Command) else None


def built(name: str, command: Command) -> Any:
    """The command in the form that typer runs."""
    app = command.run
    if not isinstance(app, typer.Typer):
        function, app = app, group()
        app.command(name, cls=command.cls)(function)
    made = typer.main.get_command(app)
    made.name = name
    return made


def group(**settings: Any) -> typer.Typer:
    """A group of commands with plain help, which is written in a fraction of the time that boxes and colours take."""
    settings.setdefault("cls", Group)
    return typer.Typer(context_settings=HELP, **_TEXT_ONLY, **settings)


def first_line(command: Command) -> str:
    """The command's line in the help of all commands."""
    run = command.run
    text = str(run.info.help or "") if isinstance(run, typer.Typer) else run.__doc__ or ""
    return text.strip().split("\n")[0]
