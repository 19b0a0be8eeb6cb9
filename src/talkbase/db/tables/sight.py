"""What was seen: feelings, gestures, faces and scenes."""

from sqlalchemy import CheckConstraint, Column, Index

from talkbase.db.tables.base import (
    HalfVector,
    child_key,
    integer,
    json,
    number,
    one_of,
    ref,
    run,
    span_check,
    string,
    table,
    unit,
)

_SUPPORT = ("evidence", "imported", "unsupported")

emotions = table(
    "emotions",
    "A feeling at a second, with the inputs that the label was mapped from.",
    *child_key(),
    number("start_time", "Second in the recording.", null=False),
    number("end_time", "End in seconds, where it lasts."),
    string("label", "Feeling.", null=False),
    number("confidence", "0 to 1; null where nothing measured it."),
    number("valence", "Pleasantness, -1 to 1 (Russell 1980)."),
    number("arousal", "Activation, -1 to 1 (Russell 1980)."),
    string("modality", "What it was read from."),
    ref("person_id", "people", "Whose feeling."),
    string("support", "What it rests on.", null=False, server_default="evidence"),
    string("support_reason", "Why it is marked unsupported or imported."),
    json("source_metadata", "What the source said that has no column here."),
    run(),
    one_of("label", "neutral", "happy", "serious", "passionate", "confident", "hopeful"),
    one_of("modality", "face", "voice", "words", "combined"),
    one_of("support", *_SUPPORT),
    *unit("confidence"),
    CheckConstraint("valence >= -1 AND valence <= 1", name="valence"),
    CheckConstraint("arousal >= -1 AND arousal <= 1", name="arousal"),
    span_check(),
    Index("ix_emotions_time", "conversation_id", "start_time"),
    Index("ix_emotions_label", "label"),
)

gestures = table(
    "gestures",
    "A gesture and when it was made.",
    *child_key(),
    number("start_time", "Start in seconds.", null=False),
    number("end_time", "End in seconds."),
    string("type", "Kind of gesture.", null=False),
    string("description", "Description for people."),
    number("confidence", "0 to 1; null where nothing measured it."),
    ref("person_id", "people", "Whose gesture."),
    string("support", "What it rests on.", null=False, server_default="evidence"),
    string("support_reason", "Why it is marked unsupported or imported."),
    json("source_metadata", "What the source said that has no column here."),
    run(),
    one_of("type", "hand_raise", "pointing", "open_arms", "hand_gesture"),
    one_of("support", *_SUPPORT),
    *unit("confidence"),
    span_check(),
    Index("ix_gestures_time", "conversation_id", "start_time"),
    Index("ix_gestures_type", "type"),
)

faces = table(
    "faces",
    "A face and where it was seen.",
    *child_key(),
    number("start_time", "Start in seconds.", null=False),
    number("end_time", "End in seconds."),
    json("boxes", "Where it was: [{time, x, y, width, height}], as fractions of the picture."),
    number("confidence", "0 to 1."),
    Column("vector", HalfVector(), comment="Face vector; only where identity by face is turned on."),
    string("model", "Model that made the vector."),
    ref("person_id", "people", "Whose face."),
    run(),
    *unit("confidence"),
    span_check(),
    Index("ix_faces_time", "conversation_id", "start_time"),
)

scenes = table(
    "scenes",
    "A stretch of the picture without a cut, and the text on it (slides).",
    *child_key(),
    integer("position", "Place in the recording, from 0.", null=False),
    number("start_time", "Start in seconds.", null=False),
    number("end_time", "End in seconds."),
    string("text", "Text read from the picture."),
    string("image_sha256", "Its picture in the media store."),
    run(),
    span_check(),
    Index("ix_scenes_time", "conversation_id", "start_time"),
)
