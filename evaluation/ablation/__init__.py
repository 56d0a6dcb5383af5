"""Ablations: a study trains what it needs, converts one protocol by every variant, and answers each of its questions."""

from evaluation.ablation.study import Ablation, ablate, prepare

__all__ = ["Ablation", "ablate", "prepare"]
