"""Converters of others, run where they are installed: each is a system by name, started as a program of its own."""

from evaluation.rivals.catalogue import find_rival, rivals
from evaluation.rivals.rival import Rival
from evaluation.rivals.system import RivalSystem

__all__ = ["Rival", "RivalSystem", "find_rival", "rivals"]
