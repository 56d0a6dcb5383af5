"""Protocols: which source is given which reference's emotion, generated from a manifest and a seed."""

from __future__ import annotations

from evaluation.protocol.esd_test import esd_test
from evaluation.protocol.make import PER_SETTING, SECONDS, PairProtocol, make_protocol, unseen
from evaluation.protocol.settings import SETTINGS, Setting

__all__ = ["PER_SETTING", "SECONDS", "SETTINGS", "PairProtocol", "Setting", "esd_test", "make_protocol", "unseen"]
