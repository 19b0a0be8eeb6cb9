"""Importing talkbase, or asking it for help, does no work."""

from __future__ import annotations

import subprocess
import sys

HEAVY = (
    "numpy", "av", "psycopg", "psycopg_pool", "sqlalchemy", "alembic", "procrastinate", "onnxruntime", "faster_whisper",
    "ctranslate2", "scipy", "tokenizers", "fsspec", "cv2", "openai", "fastapi", "pandas",
)  # fmt: skip
SHOW = "import sys\n{code}\nprint(*sorted({heavy!r} & sys.modules.keys()), sep='\\n', file=sys.stderr)"


def heavy_after(code: str, also: tuple[str, ...] = ()) -> list[str]:
    """The heavy modules that a fresh interpreter has loaded after running the code."""
    program = SHOW.format(code=code, heavy={*HEAVY, *also})
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stderr.split()


def test_importing_talkbase_loads_nothing() -> None:
    assert heavy_after("import talkbase", also=("pydantic", "pydantic_settings", "rich", "typer")) == []


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = """
sys.argv = ["talkbase", "--help"]
from talkbase.interfaces.cli import main
try:
    main()
except SystemExit:
    pass
"""
    assert heavy_after(code, also=("pydantic", "pydantic_settings")) == []


def test_a_heavy_import_is_seen() -> None:
    assert heavy_after("import numpy") == ["numpy"]
