"""Opening media: what a recording holds, its sound as 16 kHz samples on disk, and the store that keeps the files.

Everything here judges a file by its content, never by its name, and treats damaged, hostile and huge files as ordinary
input: they end in one of `talkbase.errors`, or in what could be read together with a note on what could not.
"""
