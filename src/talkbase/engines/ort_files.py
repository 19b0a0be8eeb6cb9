"""Read more out of a model file than its author put into the outputs.

A file in ONNX Runtime's ORT format is a FlatBuffer. The name of the graph's output is a string that one 32-bit offset
points to; pointing it at the name of an inner value makes the runtime return that value instead, without a second
copy of the weights. Positions belong to one file exactly, so they are used only on files whose sha256 was checked.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from talkbase.engines.runtime import cores, require

if TYPE_CHECKING:
    from onnxruntime import InferenceSession


def with_output(model: bytes, slot: int, name: str) -> bytes:
    """The model with the offset at `slot` (that of its only output's name) pointed at `name`.

    FlatBuffers offsets are unsigned and only reach forward, so the name is appended, aligned to four bytes.
    """
    text = name.encode()
    patched = bytearray(model) + bytes(-len(model) % 4)
    target = len(patched)
    patched += struct.pack("<I", len(text)) + text + bytes(4 - len(text) % 4)
    struct.pack_into("<I", patched, slot, target - slot)
    return bytes(patched)


def session(model: bytes, *, threads: int = 0) -> InferenceSession:
    """An inference session on the CPU; `threads` 0 means one for each core. MissingExtra without ONNX Runtime."""
    runtime: Any = require("onnxruntime", "speech")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads or cores()
    # Spinning threads burn the cores that the transcription, running at the same time, needs.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.add_session_config_entry("session.load_model_format", "ORT")
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
