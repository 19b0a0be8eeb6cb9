"""How many voices there are and what each sounds like: agglomerative clustering of voice vectors.

Average linkage on cosine distance (UPGMA, Sokal & Michener 1958). Time and memory grow with the square of the number
of vectors, so at most MOST of them take part, spread evenly over the recording: 36 MB and a second, however long it is.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from talkbase.engines.runtime import require
from talkbase.engines.voices import unit

THRESHOLD: Final = 0.75
"""Mean cosine distance up to which two groups are one voice, for pieces of about two seconds."""

MOST: Final = 3_000
"""Vectors that take part in the clustering at most."""


def voices_of(vectors: NDArray[np.float32], speakers: int | None = None) -> NDArray[np.float32]:
    """The voices among the vectors of short pieces: [n, 256] of length 1 → [k, 256] of length 1, n ≥ 1.

    `speakers` asks for so many; there are fewer where there are fewer vectors.
    """
    if len(vectors) > MOST:
        vectors = vectors[np.linspace(0, len(vectors) - 1, MOST).astype(int)]
    groups = _grouped(vectors, speakers)
    return unit(np.stack([vectors[groups == group].mean(axis=0) for group in np.unique(groups)]))


def _grouped(vectors: NDArray[np.float32], speakers: int | None) -> NDArray[np.int32]:
    if len(vectors) < 2:
        return np.zeros(len(vectors), np.int32)
    hierarchy: Any = require("scipy.cluster.hierarchy", "speech")
    tree = hierarchy.linkage(vectors, "average", metric="cosine")
    groups: NDArray[np.int32] = (
        hierarchy.fcluster(tree, THRESHOLD, "distance")
        if speakers is None
        else hierarchy.fcluster(tree, speakers, "maxclust")
    )
    return groups
