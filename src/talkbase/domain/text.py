"""Text as written: whitespace, sentences, and the PostgreSQL text-search configuration of a language."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

_CLOSING = "\"'”’»)]}›*_"
_TOKEN = re.compile(r"[^\s。！？]+[。！？]*|[。！？]+")

# Words that end in a full stop without ending a sentence, in the languages that talkbase is tested with most. Those
# that may also end one ("etc.") are left to the rule that a sentence begins with no small letter.
_ABBREVIATIONS = re.compile(
    r"dr|mr|mrs|ms|prof|st|jr|sr|rev|gen|col|capt|lt|sgt|hon|gov|sen|rep|vs|approx|eq|cf|al|dept|est|inc|ltd"
    r"|e\.g|i\.e|a\.k\.a|z\.b|d\.h|u\.a|bzw|ca|hr|fr|abb|bspw|sra|srta|uds?|mme|mlle"
)
_BEFORE_NUMBER = re.compile(r"nos?|nr|pp?|fig|vol|ch|sec|art")

# The configurations that PostgreSQL 14 ships (`pg_ts_config`), by the primary language subtag of BCP 47.
_CONFIGS: Mapping[str, str] = {
    "ar": "arabic", "hy": "armenian", "eu": "basque", "ca": "catalan", "da": "danish", "nl": "dutch",
    "en": "english", "fi": "finnish", "fr": "french", "de": "german", "el": "greek", "hi": "hindi",
    "hu": "hungarian", "id": "indonesian", "ga": "irish", "it": "italian", "lt": "lithuanian", "ne": "nepali",
    "no": "norwegian", "nb": "norwegian", "nn": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip

SEARCH_CONFIGS: tuple[str, ...] = ("simple", *sorted(set(_CONFIGS.values())))
"""Every text-search configuration that `search_config` can name; all of them are in PostgreSQL 14 and later."""


def search_config(language: str | None) -> str:
    """The PostgreSQL text-search configuration of a language: "en", "en-US" and "English" give "english".

    A language that PostgreSQL 14 cannot stem, or None, gives "simple".
    """
    name = (language or "").strip().lower()
    return name if name in _CONFIGS.values() else _CONFIGS.get(re.split(r"[-_]", name)[0], "simple")


def normalise(text: str) -> str:
    """Put one space for each run of whitespace, line breaks included, and none at the ends."""
    return " ".join(text.split())


def ends_sentence(word: str, following: str | None = None) -> bool:
    """Whether a sentence ends with this word, given the word after it (None at the end of the text).

    A full stop after an abbreviation ("Dr."), an initial ("J."), or before a small letter or within a number ("3.5",
    "No. 7") ends none. Other languages' marks (。！？؟।) count like ours.
    """
    core = word.strip().rstrip(_CLOSING)
    if core.endswith(("!", "?", "。", "！", "？", "؟", "।", "۔")):
        return True
    if not core.endswith((".", "…")):
        return False
    if following is None:
        return True
    ahead = following.strip().lstrip("\"'“‘«([{‹¿¡*_")
    if ahead[:1].islower() or core == "." * len(core):
        return False
    if core.endswith(("…", "..")):
        return True
    return not _is_abbreviation(core[:-1].lstrip("\"'“‘«([{‹*_"), ahead)


def _is_abbreviation(stem: str, ahead: str) -> bool:
    lower = stem.lower()
    if _BEFORE_NUMBER.fullmatch(lower):
        return ahead[:1].isdigit()
    initial = len(stem) == 1 and stem.isalpha() and stem.isupper() and stem != "I"
    return initial or bool(_ABBREVIATIONS.fullmatch(lower))


def sentence_spans(text: str) -> Iterator[tuple[int, int]]:
    """The sentences of a text, in order, as (start, end) in characters, without the whitespace around them."""
    tokens = list(_TOKEN.finditer(text))
    start = 0
    for position, token in enumerate(tokens):
        following = tokens[position + 1] if position + 1 < len(tokens) else None
        if following is None or ends_sentence(token.group(), following.group()):
            yield tokens[start].start(), token.end()
            start = position + 1


def sentences(text: str) -> tuple[str, ...]:
    """The sentences of a text, in order, as written, without the whitespace around them."""
    return tuple(text[start:end] for start, end in sentence_spans(text))
