"""Lists of results that show themselves as a table in a notebook."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from html import escape
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Results(list[T], Generic[T]):
    """A list of equal frozen dataclasses; a notebook renders it as an HTML table."""

    def __init__(self, items: Iterable[T] = (), *, next: str | None = None) -> None:
        super().__init__(items)
        self.next = next
        """Where the next page starts; None when this is the last."""

    def _repr_html_(self) -> str:
        if not self:
            return "<p>nothing</p>"
        names = _columns(self[0])
        head = "".join(f"<th>{escape(name)}</th>" for name in names)
        body = "".join(
            "<tr>" + "".join(f"<td>{escape(_cell(getattr(item, name)))}</td>" for name in names) + "</tr>"
            for item in self
        )
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _columns(item: Any) -> list[str]:
    return [field.name for field in fields(item)] if is_dataclass(item) else ["value"]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if isinstance(value, float) else str(value)
