"""DurFlex-EVC for one pair: `python durflex_evc.py SOURCE OUTPUT SPEAKER SOURCE_EMOTION EMOTION CONFIG`, started in its folder.

Its own script, `infer`, reads speaker and source emotion from the name of the recording, as ESD names them (0011_000021.wav),
converts to all five emotions, and writes NAME_Angry.wav and so on. This one gives the source such a name and picks the emotion.
"""

import os
import re
import runpy
import shutil
import sys
import tempfile
from pathlib import Path

SCRIPT = Path("infer").with_suffix(".py")
FIRST = {"Neutral": 1, "Angry": 351, "Happy": 701, "Sad": 1051, "Surprise": 1401}  # numbers of ESD's recordings, by emotion


def main(source, output, speaker, source_emotion, emotion, config):
    number = re.search(r"\d{4}$", speaker)
    if number is None:
        sys.exit(f"DurFlex-EVC knows the speakers of ESD by their numbers, as 0011, and not {speaker or 'an unnamed one'}")
    name = f"{number[0]}_{FIRST.get(source_emotion, 1):06d}"
    with tempfile.TemporaryDirectory() as folder:
        clip = os.path.join(folder, f"{name}.wav")
        shutil.copyfile(source, clip)
        sys.path.insert(0, os.getcwd())
        sys.argv = [str(SCRIPT), "--config", config, "--src_wav", clip, "--save_dir", folder]
        runpy.run_path(str(SCRIPT), run_name="__main__")
        shutil.copyfile(os.path.join(folder, f"{name}_{emotion}.wav"), output)


if __name__ == "__main__":
    main(*sys.argv[1:])
