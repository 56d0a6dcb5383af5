"""The frontier of a system: which emotion is recognised at what cost of voice and words, over strength."""

from evaluation.frontier.curve import Frontier, frontier_of
from evaluation.frontier.measure import METRICS, FrontierReport, frontier_systems, measure_frontier
from evaluation.frontier.strengths import STRENGTHS, read_strengths
from evaluation.frontier.writing import write_frontier

__all__ = ["METRICS", "STRENGTHS", "Frontier", "FrontierReport", "frontier_of", "frontier_systems", "measure_frontier",
           "read_strengths", "write_frontier"]
