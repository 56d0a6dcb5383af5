"""IndexTTS-2.5 for one pair: `python speak_indextts.py SOURCE REFERENCE OUTPUT LANGUAGE TEXT`, started in its folder.

Its own script, indextts.infer_v2_5, takes no emotional reference on the command line; its class does. The source is the
prompt of the voice, the reference that of the emotion.
"""

import importlib
import os
import sys

CHECKPOINTS = "checkpoints"


def main(source, reference, output, language, text):
    sys.path.insert(0, os.getcwd())
    package = importlib.import_module("indextts.infer_v2_5")
    speech = package.IndexTTS2(cfg_path=os.path.join(CHECKPOINTS, "config.yaml"), model_dir=CHECKPOINTS, use_bf16=True)
    speech.infer(spk_audio_prompt=source, text=text, lang=language, output_path=output, emo_audio_prompt=reference)


if __name__ == "__main__":
    main(*sys.argv[1:])
