"""The loss that compares what is said: nothing for the same speech, more for other speech than for another level of it."""

from __future__ import annotations

import torch

from pipelines.checkpoints.folder import Folder
from pipelines.checkpoints.loading import load_content_encoder
from pipelines.training.losses.content_loss import ContentLoss
from tests.support import tiny


def loss_of_tiny() -> ContentLoss:
    return ContentLoss(load_content_encoder(Folder(tiny.trained_tiny().checkpoint)), layer=1)


def test_the_level_of_speech_is_no_matter_of_its_content():
    content, speech, other = loss_of_tiny(), torch.randn(2, 4800), torch.randn(2, 4800)
    assert content(speech, speech) == 0
    assert content(0.5 * speech, speech) < 0.01 * content(other, speech)


def test_gradients_reach_the_rendered_speech_and_no_weight():
    content, rendered = loss_of_tiny(), torch.randn(2, 4800, requires_grad=True)
    content(rendered, torch.randn(2, 4800)).backward()
    assert rendered.grad is not None and rendered.grad.abs().sum() > 0
    assert all(weight.grad is None for weight in content.encoder.parameters())
