"""Queries as people type them: what each form means, and that nothing is ever refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from talkbase.domain.query import MAX_LENGTH, MAX_WORDS, Both, Either, Not, Phrase, Prefix, Query, Word, bare, parse

A, B, C = Word("a1"), Word("b1"), Word("c1")


@pytest.mark.parametrize(
    ("typed", "root"),
    [
        ("a1", A),
        ("a1 b1", Both((A, B))),
        ('"a1 b1"', Phrase("a1 b1")),
        ("“a1 b1” c1", Both((Phrase("a1 b1"), C))),
        ('"a1"', A),
        ("a1 or b1", Either((A, B))),
        ("a1 OR b1 | c1", Either((A, B, C))),
        ("a1 b1 or c1", Either((Both((A, B)), C))),
        ("a1 -b1", Both((A, Not(B)))),
        ("a1 !b1", Both((A, Not(B)))),
        ("a1 NOT b1", Both((A, Not(B)))),
        ('a1 -"b1 c1"', Both((A, Not(Phrase("b1 c1"))))),
        ("a1 -(b1 or c1)", Both((A, Not(Either((B, C)))))),
        ("a1 & b1", Both((A, B), explicit=True)),
        ("'a1 & b1'", Both((A, B), explicit=True)),
        ("a1 && b1", Both((A, B), explicit=True)),
        ("a1 AND b1", Both((A, B), explicit=True)),
        ("(a1 or b1) c1", Both((Either((A, B)), C))),
        ("a1*", Prefix("a1")),
        ("a1:*", Prefix("a1")),
        ("a1, b1!", Both((A, B))),
        ("well-known", Word("well-known")),
        ("don't", Word("don't")),
        ("a1 -", A),
        ("((a1", A),
        ("a1))) b1", Both((A, B))),
        ("or a1 or", A),
        ("& | !", None),
        ('""', None),
        ("", None),
        ("…?!", None),
        ("Did a1 or b1 (say) -c1?", Both(tuple(map(Word, ("Did", "a1", "or", "b1", "say", "c1"))))),
    ],
)
def test_each_form_means_what_people_mean_by_it(typed: str, root: object) -> None:
    assert parse(typed).root == root


@pytest.mark.parametrize(
    ("typed", "required"),
    [
        ("a1 b1", ()),
        ("a1 or b1", ()),
        ("(a1 or b1) c1", ()),
        ("a1 & b1", ("wa1", "wb1", "&")),
        ("a1 -b1", ("wb1", "!")),
        ('a1 "b1 c1" -d1', ("pb1 c1", "wd1", "!", "&")),
        ('who said "b1 c1"?', ()),
        ("a1*", ("xa1",)),
    ],
)
def test_only_what_a_person_insists_on_is_required(typed: str, required: tuple[str, ...]) -> None:
    assert parse(typed).required == required


def test_excluded_words_are_not_looked_for() -> None:
    assert parse('a1 -b1 "c1 d1" e1* -(f1 or g1)').words == ("a1", "c1", "d1", "e1*")


def test_words_stand_bare() -> None:
    assert [bare(word) for word in ("Hello,", "…", "C++", "it's", "'quoted'")] == ["Hello", "", "C++", "it's", "quoted"]


SIGNS = st.sampled_from(
    ['"', "(", ")", "-", "!", "&", "|", "or", "OR", "AND", "NOT", "*", ":", "?", "'", " ", "\\", "\0"]
)


@given(st.lists(st.one_of(SIGNS, st.text(max_size=6)), max_size=60).map("".join))
def test_nonsense_is_read_and_its_programs_are_whole(typed: str) -> None:
    query = parse(typed)
    for program in (query.whole, query.required):
        assert _depth(program) == (1 if program else 0)
    assert all("\0" not in word and bare(word.rstrip("*")) for word in query.words)


@given(
    st.lists(st.from_regex(r"[a-z]{2,8}", fullmatch=True).filter(lambda word: word != "or"), min_size=1, max_size=20)
)
def test_plain_words_stay_as_they_are(words: list[str]) -> None:
    query = parse(" ".join(words))
    assert query.words == tuple(dict.fromkeys(words))
    assert query.required == ()


@pytest.mark.parametrize(
    "typed", ["(" * 5000, "-(" * 5000 + "a", "!" * 5000 + "a", '"a ' * 5000, "a " * 50_000, "-" * 9999]
)
def test_too_much_is_cut(typed: str) -> None:
    query = parse(typed)
    assert len(query.text) <= MAX_LENGTH
    assert len(query.words) <= MAX_WORDS
    assert _depth(query.whole) <= 1


def _depth(program: tuple[str, ...]) -> int:
    """How many values a postfix program leaves; fails where it takes more than there are."""
    depth = 0
    for step in program:
        taken = {"&": 2, "|": 2, "!": 1}.get(step, 0)
        assert depth >= taken
        depth += 1 - taken
    return depth


def test_a_broken_program_is_noticed() -> None:
    with pytest.raises(AssertionError):
        _depth(("wa", "&"))
    assert Query("", None).whole == ()
