"""Vevo-Style of Amphion for one pair: `python vevo_style.py SOURCE REFERENCE OUTPUT`, started in Amphion's folder.

Amphion's own script, models.vc.vevo.infer_vevostyle, takes no words: its recordings are written in it. This one builds the
same pipeline from the same files of the hub (amphion/Vevo) and takes the words, style and timbre from where they belong: words
and timbre from the source, style from the reference.
"""

import importlib
import os
import sys

CONFIGS = "./models/vc/vevo/config"
NEEDED = {  # name of the pipeline's argument: the folder in amphion/Vevo, and the file in it, if one is meant
    "content_tokenizer_ckpt_path": ("tokenizer/vq32", "hubert_large_l18_c32.pkl"),
    "content_style_tokenizer_ckpt_path": ("tokenizer/vq8192", ""),
    "ar_ckpt_path": ("contentstyle_modeling/Vq32ToVq8192", ""),
    "fmt_ckpt_path": ("acoustic_modeling/Vq8192ToMels", ""),
    "vocoder_ckpt_path": ("acoustic_modeling/Vocoder", ""),
}
CONFIGURED = {"ar_cfg_path": "Vq32ToVq8192.json", "fmt_cfg_path": "Vq8192ToMels.json", "vocoder_cfg_path": "Vocoder.json"}


def main(source, reference, output):
    sys.path.insert(0, os.getcwd())
    torch, hub = importlib.import_module("torch"), importlib.import_module("huggingface_hub")
    vevo = importlib.import_module("models.vc.vevo.vevo_utils")
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    files = {}
    for name, (folder, file) in NEEDED.items():
        local = hub.snapshot_download(repo_id="amphion/Vevo", repo_type="model", cache_dir="./ckpts/Vevo",
                                      allow_patterns=[f"{folder}/*"])
        files[name] = os.path.join(local, folder, file) if file else os.path.join(local, folder)
    configs = {name: os.path.join(CONFIGS, file) for name, file in CONFIGURED.items()}
    pipeline = vevo.VevoInferencePipeline(**files, **configs, device=device)
    samples = pipeline.inference_ar_and_fm(src_wav_path=source, src_text=None, style_ref_wav_path=reference,
                                           timbre_ref_wav_path=source)
    vevo.save_audio(samples, output_path=output)


if __name__ == "__main__":
    main(*sys.argv[1:])
