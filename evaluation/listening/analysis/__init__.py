"""What listeners' answers say: screening, mean opinion scores with intervals, agreement, preference, confusion."""

from evaluation.listening.analysis.results import Results, Side, results_of

__all__ = ["Results", "Side", "results_of"]
