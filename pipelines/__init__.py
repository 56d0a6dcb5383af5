"""Conversion and training. Nothing here imports what scores or shows."""

import os
import sys

if sys.platform == "darwin":  # before torch is imported, which reads it: what Apple's GPU lacks, the CPU computes
    os.environ.setdefault("PYTORCH_ENABLE_MPS_FALLBACK", "1")
