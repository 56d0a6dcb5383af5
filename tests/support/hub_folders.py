"""Published networks in the hub's format, small and with random weights, of the same classes as the ones that the paper
takes; and stages of the tiny training that read them."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from tests.support import tiny

SMALL = dict(hidden_size=32, num_hidden_layers=3, num_attention_heads=4, intermediate_size=48, conv_dim=(16,) * 7,
             num_conv_pos_embeddings=16, num_conv_pos_embedding_groups=4)


def hubert_base(folder: Path, seed: int = 0, **different) -> Path:
    """As facebook/hubert-base-ls960: a normalisation over time in the first convolution, weights in model.safetensors."""
    from transformers import HubertConfig, HubertModel

    torch.manual_seed(seed)
    HubertModel(HubertConfig(**SMALL | different)).save_pretrained(folder)
    return folder


def as_published_in_2021(folder: Path) -> Path:
    """The same weights in pytorch_model.bin with the names of that time, as most of the hub still has them."""
    from safetensors.torch import load_file

    names = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    weights = load_file(folder / "model.safetensors")
    for new, old in names.items():
        weights = {name.replace(new, old): value for name, value in weights.items()}
    torch.save(weights, folder / "pytorch_model.bin")
    (folder / "model.safetensors").unlink()
    return folder


def wav2vec_large(folder: Path, seed: int = 0) -> Path:
    """As facebook/wav2vec2-large-robust: normalised frame by frame, normalisation before each block, and with what it was
    pretrained by."""
    from transformers import Wav2Vec2Config, Wav2Vec2ForPreTraining

    torch.manual_seed(seed)
    config = Wav2Vec2Config(**SMALL, feat_extract_norm="layer", do_stable_layer_norm=True, conv_bias=True)
    Wav2Vec2ForPreTraining(config).save_pretrained(folder)
    return folder


ECAPA = """
# As speechbrain/spkrec-ecapa-voxceleb has it, but for the sizes.
pretrained_path: speechbrain/spkrec-ecapa-voxceleb
n_mels: 20
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
mean_var_norm: !new:speechbrain.processing.features.InputNormalization
    norm_type: sentence
    std_norm: False
embedding_model: !new:speechbrain.lobes.models.ECAPA_TDNN.ECAPA_TDNN
    input_size: !ref <n_mels>
    channels: [16, 16, 16, 16, 48]
    kernel_sizes: [5, 3, 3, 3, 1]
    dilations: [1, 2, 3, 4, 1]
    attention_channels: 8
    lin_neurons: 24
classifier: !new:speechbrain.lobes.models.ECAPA_TDNN.Classifier
    input_size: 24
    out_neurons: 2
mean_var_norm_emb: !new:speechbrain.processing.features.InputNormalization
    norm_type: global
    std_norm: False
modules:
    compute_features: !ref <compute_features>
    mean_var_norm: !ref <mean_var_norm>
    embedding_model: !ref <embedding_model>
    mean_var_norm_emb: !ref <mean_var_norm_emb>
    classifier: !ref <classifier>
label_encoder: !new:speechbrain.dataio.encoder.CategoricalEncoder
pretrainer: !new:speechbrain.utils.parameter_transfer.Pretrainer
    loadables:
        embedding_model: !ref <embedding_model>
    paths:
        embedding_model: !ref <pretrained_path>/embedding_model.ckpt
"""

XVECTOR = """
n_mels: 24
compute_features: !new:speechbrain.lobes.features.Fbank
    n_mels: !ref <n_mels>
embedding_model: !new:speechbrain.lobes.models.Xvector.Xvector
    in_channels: !ref <n_mels>
    activation: !name:torch.nn.LeakyReLU
    tdnn_blocks: 5
    tdnn_channels: [16, 16, 16, 16, 32]
    tdnn_kernel_sizes: [5, 3, 3, 1, 1]
    tdnn_dilations: [1, 2, 3, 1, 1]
    lin_neurons: 24
"""


def speaker_embedding(folder: Path, hyperparams: str = ECAPA, seed: int = 0) -> Path:
    """As SpeechBrain publishes them: a YAML of what to build, and the network's weights as a checkpoint of torch."""
    from speechbrain.lobes.models.ECAPA_TDNN import ECAPA_TDNN
    from speechbrain.lobes.models.Xvector import Xvector

    torch.manual_seed(seed)
    network = ECAPA_TDNN(20, channels=[16, 16, 16, 16, 48], attention_channels=8, lin_neurons=24) if hyperparams is ECAPA else (
        Xvector(in_channels=24, tdnn_channels=[16, 16, 16, 16, 32], lin_neurons=24))
    folder.mkdir(parents=True)
    (folder / "hyperparams.yaml").write_text(hyperparams)
    torch.save(network.state_dict(), folder / "embedding_model.ckpt")
    return folder


def recipe_with(run: tiny.Tiny, **tables: dict) -> tiny.Tiny:
    """The tiny recipe with other values in some of its tables."""
    sizes = {name: values | tables.get(name, {}) for name, values in tiny.SIZES.items()}
    tiny.write_recipe(run, tiny.tiny_corpus() / "cache", sizes=sizes)
    return run


def refused(run: tiny.Tiny, stage: str, kind: type, match: str) -> None:
    """Training the stage fails with one plain sentence and writes no weights."""
    before = sorted(run.folder.rglob("*.safetensors"))
    with pytest.raises(kind, match=match) as caught:
        run.train(stage)
    assert str(caught.value).count("\n") == 0 and str(caught.value).endswith(".")
    assert sorted(run.folder.rglob("*.safetensors")) == before


def unreachable(monkeypatch) -> None:
    """The hub's address becomes a port of this machine where nobody listens."""
    import huggingface_hub.constants

    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HUB_DOWNLOAD_TIMEOUT", "1")
