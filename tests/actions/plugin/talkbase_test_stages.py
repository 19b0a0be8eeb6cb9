"""Two stages of a foreign package, as slow as the kill tests need them.

Each writes scenes, `second_scenes` one for each of `first_scenes`. `TALKBASE_TEST_FAIL` names a stage that fails.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import Any

from talkbase.domain.ids import uuid7
from talkbase.errors import UnreadableInput
from talkbase.stages import Recipe

STEPS = int(os.environ.get("TALKBASE_TEST_STEPS", "8"))


@dataclass(slots=True)
class Scenes:
    """Writes one scene a step."""

    name: str
    needs: tuple[str, ...]
    offset: int
    description: str = "scenes for tests"
    version: str = "1"

    def recipe(self, reading: Any, subject: Any) -> Recipe | None:
        """The run before it."""
        return Recipe(input=[str(subject.runs.get(need)) for need in self.needs], settings={"steps": STEPS})

    def load(self, reading: Any, subject: Any) -> int:
        """How many scenes there are of the stage before."""
        return int(reading.value("SELECT count(*) FROM scenes WHERE conversation_id = %(id)s AND position < 1000",
                                 id=subject.conversation))  # fmt: skip

    def compute(self, rows: int, subject: Any, progress: Any) -> int:
        """Take a while."""
        for step in range(STEPS):
            time.sleep(0.02)
            progress(step + 1, STEPS)
        if os.environ.get("TALKBASE_TEST_FAIL") == self.name:
            raise UnreadableInput("A planted failure.")
        return rows

    def write(self, writing: Any, subject: Any, run: Any, result: int) -> dict[str, Any]:
        """Scenes in place of an earlier run's."""
        writing.execute("DELETE FROM scenes WHERE conversation_id = %(id)s AND position / 1000 = %(offset)s",
                        id=subject.conversation, offset=self.offset)  # fmt: skip
        for step in range(STEPS):
            time.sleep(0.01)
            writing.insert("scenes", {"conversation_id": subject.conversation, "id": uuid7(), "run_id": run,
                                      "position": 1000 * self.offset + step, "start_time": float(step)})  # fmt: skip
        return {"scenes": STEPS, "before": result}


first = Scenes("first_scenes", ("embed",), 0)
second = Scenes("second_scenes", ("first_scenes",), 1)
