"""What readers hand decoded samples to. One sink keeps them; one counts only, so that a long recording is decoded again later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from pipelines.features.resampling import resample


@dataclass
class Stretch:
    """Samples of one rate and number of channels. count: of each channel. blocks: (n, channels) float32, where they are kept."""

    rate: int
    channels: int
    count: int = 0
    blocks: list[np.ndarray] = field(default_factory=list)

    def whole(self) -> np.ndarray:
        """(count, channels) float32 of what was kept."""
        return np.concatenate(self.blocks or [np.zeros((0, self.channels), np.float32)])[:self.count]


class CountingSink:
    """Counts what is decoded and forgets it. Others override `take`."""

    def __init__(self):
        self.stretches: list[Stretch] = []
        self.seconds = 0.0

    @property
    def rate(self) -> int:
        """The highest rate, Hz; 0 before anything was decoded."""
        return max((stretch.rate for stretch in self.stretches), default=0)

    @property
    def count(self) -> int:
        return sum(stretch.count for stretch in self.stretches)

    def add(self, block: np.ndarray, rate: int) -> None:
        """block: (n, channels) float32; n may be 0, which tells rate and channels alone. rate: Hz."""
        last = self.stretches[-1] if self.stretches else None
        if last is None or (last.rate, last.channels) != (rate, block.shape[1]):
            self.stretches.append(Stretch(rate, block.shape[1]))
        self.stretches[-1].count += len(block)
        self.seconds += len(block) / rate if rate else 0.0
        self.take(block, self.stretches[-1])

    def take(self, block: np.ndarray, stretch: Stretch) -> None:
        """A block, counted already."""


class KeepingSink(CountingSink):
    """Keeps all samples in memory."""

    def take(self, block: np.ndarray, stretch: Stretch) -> None:
        stretch.blocks.append(block)


class LimitedSink(CountingSink):
    """Passes the first `most` samples of each channel on."""

    def __init__(self, sink: CountingSink, most: int):
        super().__init__()
        self._sink, self._most = sink, most

    def take(self, block: np.ndarray, stretch: Stretch) -> None:
        block = block[:max(0, self._most - (self.count - len(block)))]
        if len(block):
            self._sink.add(block, stretch.rate)


@dataclass(frozen=True)
class Sound:
    """What one reader has decoded.

    Attributes:
        sink: that took it. read: decodes it once more, into another sink.
        surplus: samples at the end that a codec's last block was filled with.
    """

    sink: CountingSink
    read: Callable[[CountingSink], object]
    surplus: int = 0

    @property
    def rate(self) -> int:
        return self.sink.rate

    @property
    def count(self) -> int:
        return self.sink.count - self.surplus

    @property
    def seconds(self) -> float:
        return self.sink.seconds - (self.surplus / self.rate if self.surplus else 0.0)

    def again(self, sink: CountingSink) -> None:
        """Decode it once more. The file must be open still."""
        self.read(LimitedSink(sink, self.count))

    def whole(self) -> tuple[np.ndarray, int]:
        """(n, channels) float32 and the rate in Hz of what a KeepingSink took."""
        samples, rate = join([(stretch.whole(), stretch.rate) for stretch in self.sink.stretches])
        return samples[:len(samples) - self.surplus], rate


def join(stretches: list[tuple[np.ndarray, int]]) -> tuple[np.ndarray, int]:
    """Stretches of (n, channels) samples at rates of their own, one after the other: at the highest rate, and in one channel
    where their channels differ."""
    rate = max(own for _, own in stretches)
    if len({samples.shape[1] for samples, _ in stretches}) > 1:
        from pipelines.features.channels import to_mono

        stretches = [(to_mono(samples, own)[0][:, None].astype(np.float32), own) for samples, own in stretches]
    same = [samples if own == rate else resample(samples, own, rate).reshape(-1, samples.shape[1])
            for samples, own in stretches]
    return (same[0] if len(same) == 1 else np.concatenate(same).astype(np.float32)), rate
