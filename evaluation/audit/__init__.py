"""The audit of judges and distances: what they are right about, what changes them, and what fools them."""

from evaluation.audit.auditing import AuditReport, AuditRequest, audit_judges
from evaluation.audit.clips import read_clips
from evaluation.audit.measure import Draw
from evaluation.audit.stored import audit_warnings

__all__ = ["AuditReport", "AuditRequest", "Draw", "audit_judges", "audit_warnings", "read_clips"]
