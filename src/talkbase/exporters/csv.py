"""CSV (RFC 4180) for spreadsheets and data frames: one row for each utterance."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass

from talkbase.domain.transcript import Transcript
from talkbase.exporters._common import names

COLUMNS = ("position", "speaker", "name", "start", "end", "said_at", "text", "confidence", "language")

# A spreadsheet runs a cell that begins so as a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True, slots=True)
class Csv:
    """Writes CSV (UTF-8, comma, header row)."""

    name: str = "csv"
    description: str = "CSV table, one row for each utterance"
    suffix: str = ".csv"
    mime: str = "text/csv; charset=utf-8; header=present"

    def write(self, transcript: Transcript, *, id: str | None = None) -> Iterator[bytes]:
        """A header, then the utterances; positions count from 0, times are seconds, unknown values are empty.

        Texts that a spreadsheet would run as a formula get an apostrophe in front.
        """
        shown = names(transcript)
        yield _row(COLUMNS)
        for position, utterance in enumerate(transcript.utterances):
            yield _row(
                (
                    position,
                    _harmless(utterance.speaker),
                    _harmless(shown[utterance.speaker]),
                    utterance.start,
                    utterance.end,
                    utterance.said_at.isoformat() if utterance.said_at else None,
                    _harmless(utterance.text),
                    utterance.confidence,
                    _harmless(utterance.language),
                )
            )


def _harmless(text: str | None) -> str | None:
    return f"'{text}" if text and text.startswith(_FORMULA) else text


def _row(values: tuple[object, ...]) -> bytes:
    line = io.StringIO()
    csv.writer(line).writerow(values)
    return line.getvalue().encode()


exporter = Csv()
