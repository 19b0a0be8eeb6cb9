"""What a person types to search, read as they mean it: nonsense is read as words and never refused.

    budget meeting        words, each weighed by how rare it is
    "quarterly budget"    a phrase
    budg*                 words that begin so
    budget -march         without a word (also `!march`, `NOT march`)
    budget or money       one or the other (also `|`, `OR`)
    AI & education        both (also `&&`, `AND`), as PostgreSQL's own queries have it
    (a or b) "c d"        grouping

A text that ends in a question mark is a question: all of it is read as words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

MAX_WORDS = 64
"""Words of a query that are read; what follows them is left out, so that work is bounded."""

MAX_LENGTH = 4000
"""Characters of a query that are read."""

_DEEPEST = 32
_TOKEN = re.compile(
    r'"(?P<phrase>[^"]*)"|(?P<open>\()|(?P<close>\))|(?P<and>&+)|(?P<or>\|+)'
    r'|(?P<not>(?<![^\s(&|!-])[-!](?=[\w"(]))|(?P<word>[^\s"()&|]+)'
)
_QUOTES = str.maketrans(dict.fromkeys("“”„«»‟", '"') | {"\0": " "})
_EDGES = "'’‘`.,;:?!-–—<>[]{}…¿¡/\\"
_WORDS: dict[str, Literal["and", "or", "not"]] = {"AND": "and", "OR": "or", "or": "or", "NOT": "not"}


@dataclass(frozen=True, slots=True)
class Word:
    """A word in any of its forms."""

    text: str


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that follow each other."""

    text: str


@dataclass(frozen=True, slots=True)
class Prefix:
    """The beginning of a word."""

    text: str


@dataclass(frozen=True, slots=True)
class Not:
    """What may not occur."""

    part: Node


@dataclass(frozen=True, slots=True)
class Both:
    """All parts; `explicit` where a sign between them says so, rather than a blank."""

    parts: tuple[Node, ...]
    explicit: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    """At least one part."""

    parts: tuple[Node, ...]


Node = Word | Phrase | Prefix | Not | Both | Either


@dataclass(frozen=True, slots=True)
class Query:
    """A query as it was read; `root` is None where there is no word in it."""

    text: str
    root: Node | None

    @property
    def words(self) -> tuple[str, ...]:
        """The words that are looked for, in order, each once; beginnings end in `*`."""
        found = dict.fromkeys(_positive(self.root)) if self.root else {}
        return tuple(found)[:MAX_WORDS]

    @property
    def whole(self) -> tuple[str, ...]:
        """The query as a postfix program for the database (`compile_query`); every part counts."""
        return tuple(_program(self.root)) if self.root else ()

    @property
    def required(self) -> tuple[str, ...]:
        """The same of what the person insists on: phrases, exclusions, beginnings, signed groups; no plain words."""
        parts = self.root.parts if isinstance(self.root, Both) and not self.root.explicit else (self.root,)
        strict = tuple(part for part in parts if part is not None and not _is_loose(part))
        return tuple(_program(strict[0] if len(strict) == 1 else Both(strict))) if strict else ()


def parse(text: str) -> Query:
    """Read a query; never fails."""
    text = text[:MAX_LENGTH].encode("utf-8", "replace").decode().translate(_QUOTES).strip()
    if len(text) > 1 and text[0] == text[-1] == "'":
        text = text[1:-1]
    if text.endswith("?"):
        words = [Word(word) for found in re.findall(r"[^\s\"()&|]+", text) if (word := bare(found))]
        return Query(text, _together(words[:MAX_WORDS]))
    return Query(text, _Parser(_tokens(text)).parse())


def bare(word: str) -> str:
    """A word without the marks around it; empty where it has no letter or digit."""
    word = word.strip(_EDGES + "*")
    return word if any(letter.isalnum() for letter in word) else ""


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    count = 0
    for match in _TOKEN.finditer(text):
        kind, content = match.lastgroup or "", match[match.lastgroup or 0]
        if kind == "word" and content in _WORDS:
            kind = _WORDS[content]
        elif kind in ("word", "phrase"):
            count += 1
            if count > MAX_WORDS:
                return
        yield kind, content


class _Parser:
    """Recursive descent: either → both → one; what does not fit is passed over."""

    def __init__(self, tokens: Iterator[tuple[str, str]]) -> None:
        self._tokens = list(tokens)
        self._at = 0
        self._depth = 0

    def parse(self) -> Node | None:
        parts = []
        while self._at < len(self._tokens):
            if part := self._either():
                parts.append(part)
            self._at += 1  # a closing bracket that nothing opened
        return _together(parts)

    def _kind(self) -> str:
        return self._tokens[self._at][0] if self._at < len(self._tokens) else ""

    def _either(self) -> Node | None:
        parts = [self._both()]
        while self._kind() == "or":
            self._at += 1
            parts.append(self._both())
        found = tuple(part for part in parts if part is not None)
        return Either(found) if len(found) > 1 else found[0] if found else None

    def _both(self) -> Node | None:
        parts: list[Node] = []
        explicit = False
        while self._kind() not in ("", "or", "close"):
            if self._kind() == "and":
                explicit = True
                self._at += 1
            elif part := self._one():
                parts.append(part)
        return _together(parts, explicit=explicit)

    def _one(self) -> Node | None:
        kind, content = self._tokens[self._at]
        self._at += 1
        if kind == "not":
            if self._kind() in ("", "or", "and", "close"):
                return None
            self._depth += 1
            part = self._one() if self._depth < _DEEPEST else None
            self._depth -= 1
            return Not(part) if part else None
        if kind == "open":
            return self._group()
        if kind == "phrase":
            words = [word for found in content.split() if (word := bare(found))]
            return Phrase(" ".join(words)) if len(words) > 1 else Word(words[0]) if words else None
        word = bare(content)
        return Prefix(word) if word and content.endswith("*") else Word(word) if word else None

    def _group(self) -> Node | None:
        if self._depth >= _DEEPEST:
            return None
        self._depth += 1
        inside = self._either()
        self._depth -= 1
        if self._kind() == "close":
            self._at += 1
        return inside


def _together(parts: list[Node] | list[Word], *, explicit: bool = False) -> Node | None:
    if len(parts) > 1:
        return Both(tuple(parts), explicit)
    return parts[0] if parts else None


def _is_loose(node: Node) -> bool:
    """Whether the person leaves it to the ranking: words, with blanks or `or` between them."""
    if isinstance(node, Both):
        return not node.explicit and all(map(_is_loose, node.parts))
    return isinstance(node, Word) or (isinstance(node, Either) and all(map(_is_loose, node.parts)))


def _positive(node: Node) -> Iterator[str]:
    match node:
        case Word(text):
            yield text
        case Phrase(text):
            yield from text.split()
        case Prefix(text):
            yield f"{text}*"
        case Both(parts) | Either(parts):
            for part in parts:
                yield from _positive(part)


def _program(node: Node) -> Iterator[str]:
    match node:
        case Word(text):
            yield f"w{text}"
        case Phrase(text):
            yield f"p{text}"
        case Prefix(text):
            yield f"x{text}"
        case Not(part):
            yield from _program(part)
            yield "!"
        case Both(parts) | Either(parts):
            yield from _program(parts[0])
            for part in parts[1:]:
                yield from _program(part)
                yield "&" if isinstance(node, Both) else "|"
