"""Keys: UUIDs of version 7 (RFC 9562), made here because `uuidv7()` exists only in PostgreSQL 18."""

from __future__ import annotations

import os
import threading
import time
import uuid
from datetime import UTC, datetime

_last_stamp = 0
_one_at_a_time = threading.Lock()


def uuid7() -> uuid.UUID:
    """A new key: 48 bits of milliseconds since 1970, then randomness; keys of one process sort by age.

    Threads may call it at once. The 12 bits after the version hold the fraction of the millisecond (RFC 9562, 6.2,
    method 3), stepped on where the clock gives the same stamp twice.
    """
    global _last_stamp
    with _one_at_a_time:
        _last_stamp = stamp = max(time.time_ns() * 4096 // 1_000_000, _last_stamp + 1)
    random = int.from_bytes(os.urandom(8), "big") & (1 << 62) - 1
    return uuid.UUID(int=(stamp >> 12) << 80 | 7 << 76 | (stamp & 0xFFF) << 64 | 2 << 62 | random)


def made_at(key: uuid.UUID) -> datetime:
    """When a key of version 7 was made."""
    return datetime.fromtimestamp((key.int >> 80) / 1000, UTC)
