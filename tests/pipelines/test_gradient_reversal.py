"""Gradient reversal really reverses, and in EASE and SACE it is the encoder, not the adversary, that it turns round."""

import numpy as np
import pytest
import torch
from torch import nn

from pipelines.networks.layers import reverse_gradient
from pipelines.networks.sace import SACE_WIDTH, SpeakerAdversary
from pipelines.networks.speaker import EASE_WIDTH, XVECTOR_WIDTH, Ease, EaseHeads


@pytest.mark.parametrize("weight", [0.0, 1.0, 10.0])
def test_identity_forwards_and_reversed_backwards(weight):
    x = torch.randn(4, 3, requires_grad=True)
    reversed_x = reverse_gradient(x, weight)
    assert torch.equal(reversed_x, x)
    gradient = torch.randn(4, 3)
    (reversed_x * gradient).sum().backward()
    torch.testing.assert_close(x.grad, -weight * gradient)


def through(head, x: torch.Tensor, weight: float) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Gradients of the adversary's loss at its input and at its own weights."""
    x = x.clone().requires_grad_()
    head.zero_grad()
    nn.functional.cross_entropy(head(x, weight), torch.arange(len(x)) % 2).backward()
    return x.grad, {name: value.grad.clone() for name, value in head.named_parameters() if value.grad is not None}


@pytest.mark.parametrize(("make", "width", "call"), [
    (lambda: EaseHeads(3, 2), EASE_WIDTH, lambda head, x, weight: head(x, weight)[1]),
    (lambda: SpeakerAdversary(2), SACE_WIDTH, lambda head, x, weight: head(x, weight)),
], ids=["EASE", "SACE"])
def test_the_encoders_gradient_flips_and_the_adversarys_does_not(make, width, call):
    torch.manual_seed(0)
    network = make()

    class Head(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, x, weight):
            return call(self.network, x, weight)

    x = torch.randn(8, width)
    forward_input, forward_own = through(Head(), x, -1.0)  # reversed twice: the plain gradient
    reversed_input, reversed_own = through(Head(), x, 2.0)
    assert forward_input.abs().max() > 0
    torch.testing.assert_close(reversed_input, -2.0 * forward_input)
    for name, gradient in forward_own.items():
        torch.testing.assert_close(reversed_own[name], gradient)


def test_the_speaker_head_of_ease_is_not_reversed():
    torch.manual_seed(0)
    heads, x = EaseHeads(3, 2), torch.randn(6, EASE_WIDTH)
    speaker = torch.arange(6) % 3
    gradients = []
    for weight in (0.0, 10.0):
        inside = x.clone().requires_grad_()
        nn.functional.cross_entropy(heads(inside, weight)[0], speaker).backward()
        gradients.append(inside.grad)
    assert gradients[0].abs().max() > 0
    torch.testing.assert_close(gradients[0], gradients[1])


def toy_xvectors(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """x-vectors that hold speaker (of 4) and emotion (of 2) in directions of their own, with noise."""
    directions = np.random.default_rng(99).standard_normal((6, XVECTOR_WIDTH))
    random = np.random.default_rng(seed)
    speaker, emotion = random.integers(4, size=count), random.integers(2, size=count)
    clean = directions[speaker] + directions[4 + emotion]
    noisy = clean + 0.3 * random.standard_normal(clean.shape)
    return torch.from_numpy(noisy.astype(np.float32)), torch.from_numpy(speaker), torch.from_numpy(emotion)


def adversary_loss(ease: Ease, heads: EaseHeads, weight: float = 1.0) -> torch.Tensor:
    xvector, _, emotion = toy_xvectors(200, 1)
    return nn.functional.cross_entropy(heads(ease(xvector), weight)[1], emotion)


def loss_after_teaching_the_encoder(weight: float) -> tuple[float, float]:
    """Loss before and after: an adversary learns to classify the emotion, then only EASE learns, through the reversal."""
    torch.manual_seed(0)
    ease, heads = Ease(), EaseHeads(4, 2)
    adversary, encoder = torch.optim.Adam(heads.parameters(), 1e-2), torch.optim.Adam(ease.parameters(), 1e-3)
    for optimiser, steps in ((adversary, 3), (encoder, 10)):
        before = adversary_loss(ease, heads).item()
        for _ in range(steps):
            optimiser.zero_grad()
            adversary_loss(ease, heads, weight).backward()
            optimiser.step()
    return before, adversary_loss(ease, heads).item()


def test_training_against_the_adversary_makes_it_worse():
    before, after = loss_after_teaching_the_encoder(weight=10.0)
    helped_before, helped_after = loss_after_teaching_the_encoder(weight=-1.0)
    assert before == helped_before < 0.6  # log 2 is guessing: it has learnt something, whichever way EASE will be taught
    assert after > before + 0.3
    assert helped_after < 0.5 * helped_before
