"""The decoders, the best first. A new one is a file beside this one and a line of DECODERS (docs/how-to/add-a-decoder.md)."""

from __future__ import annotations

from pipelines.decoders import generate, residual_neural, residual_psola, residual_world
from pipelines.decoders.base import Decoder
from pipelines.errors import ZestError

DECODERS: dict[str, Decoder] = {one.name: one for one in (  # as measured (README's table); the first with weights is the default
    residual_neural.DECODER,
    residual_world.DECODER,
    residual_psola.DECODER,
    generate.DECODER,
)}


def find_decoder(name: str) -> Decoder:
    """A decoder by its name or an older one. Raises ZestError: there is no such decoder."""
    for one in DECODERS.values():
        if name == one.name or name in one.aliases:
            return one
    raise ZestError(f"There is no decoder '{name}'; choose one of {', '.join(DECODERS)}.")


def is_decoder(name: str) -> bool:
    """Whether it is a decoder's name or an older one."""
    return any(name == one.name or name in one.aliases for one in DECODERS.values())
