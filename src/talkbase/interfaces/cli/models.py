"""`talkbase models`: the weights of the models, fetched and checked."""

from __future__ import annotations

from typing import Annotated

import typer

from talkbase.errors import Interrupted
from talkbase.interfaces.cli import _output
from talkbase.interfaces.cli._common import AsJson, opened
from talkbase.interfaces.cli._contract import ModelInUse
from talkbase.interfaces.cli._group import KEEP, Command, WithDefault, group
from talkbase.interfaces.cli._progress import Display


def _known(incomplete: str = "") -> list[str]:
    from talkbase.engines.cards import CARDS

    return [name for name in CARDS if name.startswith(incomplete)]


Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME…]", autocompletion=_known, help="Models; else the usual ones.")
]

app = group(cls=WithDefault, help="List, fetch, verify and choose models.")


@app.command("list")
def list_models(as_json: AsJson = False) -> None:
    """List the models: what is here, what is in use, how good they are."""
    with opened() as tb:
        rows = tb.models()
    if as_json:
        _output.print_json({"items": list(rows)})
        return
    _output.print_table(
        ["model", "task", "size", "here", "in use", "licence", "measured"],
        [
            (row.name, row.task, f"{row.size / 1e6:,.0f} MB", "yes" if row.here else "no",
             "yes" if row.in_use else "", row.licence, row.measured)
            for row in rows
        ],
        wide=("measured",),
    )  # fmt: skip


@app.command()
def fetch(names: Names = None, as_json: AsJson = False) -> None:
    """Fetch models, each file checked by its hash; without names, all that offline work needs."""
    with opened() as tb, Display() as display:
        try:
            rows = tb.fetch_models(names or (), progress=lambda name, done, total: display(name, done, total))
        except KeyboardInterrupt as error:
            raise Interrupted(hint="Run the same command again to go on.") from error
    if as_json:
        _output.print_json({"items": list(rows)})
        return
    for row in rows:
        _output.say(f"✓ {row.name}, {row.size / 1e6:,.0f} MB")


@app.command()
def verify(names: Names = None, as_json: AsJson = False) -> int:
    """Hash the files of models afresh; exit code 1 where one is missing or damaged."""
    with opened() as tb:
        checks = tb.verify_models(names or ())
    if as_json:
        _output.print_json({"items": list(checks)})
    else:
        _output.print_table(
            ["model", "file", "state"],
            [(check.model, check.file, _output.status_text(check.state)) for check in checks],
        )
    return 0 if all(check.state == "ok" for check in checks) else 1


@app.command()
def use(
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", autocompletion=_known, help="Without one, the profile's again.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose the model that transcribes from now on."""
    with opened() as tb:
        chosen = tb.use_model(name)
        here = next(model.here for model in tb.models() if model.name == chosen)
    if as_json:
        _output.print_json(ModelInUse(chosen, here))
    else:
        later = "" if here else f" It is not here yet: `talkbase models fetch {chosen}`."
        _output.say(f"✓ {chosen} transcribes from now on.{later}")


command = Command(app, KEEP)
