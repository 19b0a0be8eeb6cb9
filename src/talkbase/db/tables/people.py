"""Who is who across conversations, and where a voice suggests it."""

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, UniqueConstraint
from sqlalchemy.types import Uuid

from talkbase.db.tables.base import (
    SCHEMA,
    HalfVector,
    child_key,
    child_ref,
    json,
    key,
    number,
    one_of,
    owner,
    ref,
    run,
    string,
    table,
)

people = table(
    "people",
    "A person, across conversations.",
    key(),
    owner(),
    string("name", "Name.", null=False),
    string("email", "E-mail address."),
    string("phone", "Telephone number."),
    string("notes", "Notes."),
    string("relationship", "What the person is to the owner."),
    string("image_url", "Address of a picture."),
    string("image_sha256", "Picture in the media store."),
    Column("face", HalfVector(), comment="Face vector; only where identity by face is turned on."),
    string("face_model", "Model that made the face vector."),
    Column("voice", HalfVector(256), comment="Voice vector; only where voice identity is turned on."),
    string("voice_model", "Model that made the voice vector."),
    string("consent", "What the person agreed to.", null=False, server_default="unknown"),
    json("source_metadata", "What the source said that has no column here."),
    one_of("consent", "unknown", "given", "withdrawn"),
    Index("ix_people_owner_name", "owner_id", "name"),
)

voice_matches = table(
    "voice_matches",
    "The same voice in two recordings, as a proposal: nobody is merged without a person's word.",
    *child_key(),
    Column("speaker_id", Uuid, nullable=False, comment="The speaker."),
    Column("other_conversation_id", Uuid, nullable=False, comment="The conversation of the other speaker."),
    Column("other_speaker_id", Uuid, nullable=False, comment="The speaker of the other recording."),
    ref("person_id", "people", "Who the other speaker is, where known."),
    number("distance", "Cosine distance of the two voices, 0 to 2.", null=False),
    number("margin", "How much farther the next best candidate is; null where there is none."),
    string("status", "What a person said to it.", null=False, server_default="proposed"),
    run(),
    *child_ref("voice_matches", "speaker_id", "speakers", ondelete="CASCADE"),
    ForeignKeyConstraint(
        ["other_conversation_id", "other_speaker_id"],
        [f"{SCHEMA}.speakers.conversation_id", f"{SCHEMA}.speakers.id"],
        ondelete="CASCADE",
    ),
    Index("ix_voice_matches_other", "other_conversation_id", "other_speaker_id"),
    UniqueConstraint("conversation_id", "speaker_id", "other_conversation_id", "other_speaker_id",
                     name="uq_voice_matches_pair"),
    CheckConstraint("distance >= 0 AND distance <= 2", name="distance"),
    one_of("status", "proposed", "accepted", "rejected"),
)  # fmt: skip
