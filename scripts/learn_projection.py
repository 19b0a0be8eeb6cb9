"""Learn the projection of token vectors to few dimensions, from any QMSum folder: principal components.

    python scripts/learn_projection.py FOLDER [DIMENSIONS]

Every meeting gives 100 utterances of at least four words, drawn with a fixed seed, so that long meetings weigh no more
than short ones. Writes src/talkbase/weights/minilm-l6-v2-tokens.npz; its size and hash then go into the card.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

from talkbase.engines.embeddings import Embedder, for_utterance

OUT = Path(__file__).parent.parent / "src/talkbase/weights/minilm-l6-v2-tokens.npz"
PER_MEETING = 100


def texts(folder: Path) -> list[str]:
    """The utterances to learn from."""
    chosen = []
    draw = np.random.default_rng(0)
    for file in sorted(folder.glob("*.json")):
        turns = json.loads(file.read_text("utf-8"))["meeting_transcripts"]
        lines = [for_utterance(turn["speaker"], turn["content"]) for turn in turns if len(turn["content"].split()) > 3]
        chosen += [lines[at] for at in sorted(draw.permutation(len(lines))[:PER_MEETING])]
    return chosen


def main() -> None:
    """Learn and write."""
    dimensions = int(sys.argv[2]) if len(sys.argv) > 2 else 128
    products, total, count = np.zeros((384, 384)), np.zeros(384), 0
    for batch in Embedder().batches(texts(Path(sys.argv[1]))):
        for vectors in batch.tokens:
            unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
            products += unit.T @ unit
            total += unit.sum(axis=0)
            count += len(unit)
    mean = total / count
    spreads, directions = np.linalg.eigh(products / count - np.outer(mean, mean))
    chosen = directions[:, ::-1][:, :dimensions]
    np.savez(OUT, mean=mean.astype(np.float32), projection=chosen.astype(np.float16))
    kept = spreads[::-1][:dimensions].sum() / spreads.sum()
    print(f"{count} tokens, {dimensions} dimensions keep {kept:.1%} of the variance")
    print(OUT.stat().st_size, hashlib.sha256(OUT.read_bytes()).hexdigest())


if __name__ == "__main__":
    main()
