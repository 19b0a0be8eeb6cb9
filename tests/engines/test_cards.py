from __future__ import annotations

import re
from pathlib import PurePosixPath

import pytest

from talkbase.engines.cards import CARDS, Card
from talkbase.engines.weights import SHIPPED


@pytest.mark.parametrize("card", CARDS.values(), ids=lambda card: card.name)
def test_a_card_is_complete(card: Card) -> None:
    assert card.licence and card.attribution and card.measured and card.origin
    assert card.extra in {"speech", "text", "vision", "llm"}
    assert card.size_bytes == sum(file.size for file in card.files) > 0
    for file in card.files:
        assert re.fullmatch(r"[0-9a-f]{64}", file.sha256)
        assert PurePosixPath(file.name).name == file.name, "a file's name must not leave the model's folder"
        assert file.shipped or file.parts or card.hub, f"nothing says where {file.name} comes from"
    for requirement in card.requirements:
        assert re.fullmatch(r"[a-z0-9-]+==[0-9.]+", requirement), "a mirror must be pinned"
    if card.hub:
        assert re.fullmatch(r"[0-9a-f]{40}", card.hub.revision), "a hub revision must be a commit"


def test_every_shipped_file_has_a_card_and_its_hash_in_the_readme() -> None:
    shipped = {file.shipped: file.sha256 for card in CARDS.values() for file in card.files if file.shipped}
    assert {path.name for path in SHIPPED.iterdir()} - {"README.md"} == set(shipped)
    readme = (SHIPPED / "README.md").read_text()
    assert all(f"| {name} |" in readme and sha256 in readme for name, sha256 in shipped.items())


def test_shipped_models_that_ask_for_attribution_get_it_beside_them() -> None:
    readme = (SHIPPED / "README.md").read_text()
    whose = {
        "community1-segmentation": "pyannoteAI",
        "community1-embedding": "pyannoteAI",
        "minilm-l6-v2-tokens": "AMI",
    }
    asked = [card for card in CARDS.values() if card.shipped and card.licence.startswith("CC-BY")]
    assert {card.name for card in asked} == set(whose)
    for card in asked:
        assert whose[card.name] in card.attribution and whose[card.name] in readme and "CC BY 4.0" in readme
