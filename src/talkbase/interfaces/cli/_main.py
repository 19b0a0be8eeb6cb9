"""Where the command line begins and ends: the one place that turns errors into words and exit codes."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from talkbase import __version__
from talkbase.errors import Interrupted, TalkbaseError, UsageError
from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._group import DONE, HELP, INTERRUPTED, CommandFolder


def application() -> Any:
    """The group of all commands, in the form that typer runs."""
    app = typer.Typer(
        cls=CommandFolder,
        rich_markup_mode=None,
        add_completion=True,
        no_args_is_help=True,
        context_settings=HELP,
        epilog="Every command takes --json, for programs, and --help.",
    )
    app.callback()(talkbase)
    return typer.main.get_command(app)


def _show_version(wanted: bool) -> None:
    if wanted:
        sys.stdout.write(f"talkbase {__version__}\n")
        raise typer.Exit


def talkbase(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Recordings of people talking, as a PostgreSQL database that you can search, correct, export and trust."""


def run(arguments: Sequence[str]) -> int:
    """Run the command line; returns the exit code. Whatever goes wrong is said on standard error, in one sentence.

    With `--json`, an error that comes before any result is also printed on standard output, as
    `{"error": {"code", "message", "hint"}}`.
    """
    as_json = "--json" in arguments
    _output.reset()
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    try:
        code = application()(args=list(arguments), prog_name="talkbase", standalone_mode=False)
        sys.stdout.flush()
    except (BrokenPipeError, SystemExit):
        _stop_printing()  # whoever reads has seen enough: `talkbase show … | head`
        return DONE
    except BaseException as error:
        return _report(error, as_json=as_json)
    if code == INTERRUPTED:
        return _report(Interrupted(), as_json=as_json)
    return code if isinstance(code, int) else DONE


def _report(error: BaseException, *, as_json: bool) -> int:
    known = _as_known(error)
    if known is None:
        return DONE
    head = "error:" if known.exit_code != INTERRUPTED else ""
    head = f"\x1b[1;31m{head}\x1b[0m" if head and _in_colour() else head
    _output.say(f"{head} {_output.clean_lines(str(known))}".strip())
    if isinstance(error, OSError):
        _stop_printing()
    elif as_json and not _output.value_printed():
        _output.print_json({"error": {"code": known.code, "message": known.message, "hint": known.hint}})
        sys.stdout.flush()
    return known.exit_code


def _stop_printing() -> None:
    """Print into nothing from here on: Python would complain once more at its end where standard output is broken."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _as_known(error: BaseException) -> TalkbaseError | None:
    if isinstance(error, TalkbaseError):
        return error
    if isinstance(error, typer.Abort | EOFError | KeyboardInterrupt):
        return Interrupted()
    if hasattr(error, "format_message"):  # typer's own: wrong usage, or the help that no arguments ask for
        return _usage(error)
    return _unexpected(error)


def _usage(error: Any) -> TalkbaseError | None:
    context = getattr(error, "ctx", None)
    if context and type(error).__name__ == "NoArgsIsHelpError":
        sys.stdout.write(context.get_help() + "\n")
        return None
    path = context.command_path if context else "talkbase"
    message = error.format_message().rstrip(".") + "."
    return UsageError(message, hint=f"`{path} --help` shows how it is used.")


def _unexpected(error: BaseException) -> TalkbaseError:
    from talkbase.interfaces.cli._log import keep_traceback

    kept = keep_traceback(error)
    what = f"Something went wrong that talkbase did not foresee ({type(error).__name__})."
    if isinstance(error, OSError) and error.strerror:
        what = f"The system said: {error.strerror}{f': {error.filename}' if error.filename else ''}."
    return TalkbaseError(what, hint=f"What is known of it was written to {kept}." if kept else None)


def _in_colour() -> bool:
    return sys.stderr.isatty() and _output.err().color_system is not None
