"""Lint the SQL of all migrations for long locks and lost data, with squawk and the rules of .squawk.toml."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from talkbase.db import migrate

SQUAWK = Path(sys.executable).parent / "squawk"


def main() -> int:
    """Give squawk's exit code: 0 where it found nothing."""
    script = migrate.sql_script("upgrade", "head")
    return subprocess.run(
        [SQUAWK, "--stdin-filepath", "migrations.sql"], input=script, text=True, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
