"""What listeners' answers say: screening, mean opinion scores with intervals, agreement, preference, confusion."""

from evaluation.listening.analysis.results import Analysis, StudyResults, results_of

__all__ = ["Analysis", "StudyResults", "results_of"]
