"""The report of an evaluation: statistics, tables, figures, one HTML file and one Markdown file."""

from evaluation.report.writing import Report, write_report

__all__ = ["Report", "write_report"]
