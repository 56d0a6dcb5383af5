"""The HuBERT that conversion runs is transformers' HubertModel, without its import."""

import subprocess
import sys

import pytest
import torch

from pipelines.errors import CheckpointError
from pipelines.networks.hubert import Hubert, read_sizes

SMALL = dict(hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, num_conv_pos_embedding_groups=4)


@pytest.mark.parametrize("different", [
    dict(num_conv_pos_embeddings=8, conv_dim=(16, 24), conv_kernel=(10, 4), conv_stride=(5, 2)),
    dict(num_conv_pos_embeddings=9, conv_bias=True, feat_proj_layer_norm=False, mask_time_prob=0.0),
    dict(num_conv_pos_embeddings=8, conv_bias=True, feat_extract_norm="layer", do_stable_layer_norm=True),
], ids=["even", "odd", "norm before each block"])
def test_same_output_from_the_same_weights(different):
    from transformers import HubertConfig, HubertModel

    torch.manual_seed(0)
    config = HubertConfig(**SMALL, **different)
    original = HubertModel(config).eval()
    ours = Hubert(read_sizes(config.to_diff_dict())).eval()
    ours.load_state_dict(original.state_dict(), strict=True)
    waveform = torch.randn(2, 4000)
    with torch.inference_mode():
        expected, got = original(waveform, output_hidden_states=True).hidden_states, ours(waveform).hidden_states
    assert len(got) == len(expected) == 3
    for one, other in zip(got, expected, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_layers_that_know_positions_see_long_recordings_in_windows_that_overlap():
    torch.manual_seed(0)
    sizes = read_sizes(SMALL | dict(num_conv_pos_embeddings=8, conv_dim=(16, 24), conv_kernel=(10, 4), conv_stride=(5, 2),
                                    positions=32, positions_before=1))
    hubert = Hubert(sizes).eval()
    torch.nn.init.normal_(hubert.encoder.positions)
    with torch.inference_mode():
        short = torch.randn(1, 20, 32)
        table, last = hubert.encoder.positions, hubert.encoder.layers[1]
        below, above = hubert.encoder(short)[1:]
        torch.testing.assert_close(above, last(below + table[:20]))
        long = torch.randn(1, 75, 32)
        below, above = hubert.encoder(long)[1:]
        assert above.shape == (1, 75, 32)
        windows = {(0, 30): 0, (30, 58): 28, (58, 75): 56}  # frames, and where their window begins: 32 long, 4 in common
        for (first, stop), start in windows.items():
            window = below[:, start:start + 32]
            expected = last(window + table[:window.shape[1]])[:, first - start:stop - start]
            torch.testing.assert_close(above[:, first:stop], expected)


def test_another_kind_of_hubert_is_refused():
    with pytest.raises(CheckpointError, match="hidden_act"):
        read_sizes({"hidden_act": "relu"})


def test_conversion_imports_no_transformers():
    code = "import sys, pipelines.conversion; sys.exit('transformers' in sys.modules or 'sklearn' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
