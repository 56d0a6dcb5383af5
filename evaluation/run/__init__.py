"""Running an evaluation: systems convert, observers observe clips, metrics score; all is kept in a RUN/ folder."""

from evaluation.run.folder import EvaluationRun, RunFolder, open_run
from evaluation.run.runner import evaluate
from evaluation.run.systems import parse_systems, why_not
from evaluation.run.wavs import open_scored, read_scored, unpack

__all__ = ["EvaluationRun", "RunFolder", "evaluate", "open_run", "open_scored", "parse_systems", "read_scored", "unpack",
           "why_not"]
