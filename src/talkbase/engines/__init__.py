"""Models: arrays in, plain values out. Engines know no database and no file formats.

`cards` says which models there are, `weights` brings their files, checked by hash; each engine imports its runtime
(faster-whisper, ONNX Runtime …) only when it is first used, through `runtime`.
"""
