"""Protocols: which source is given which reference's emotion, generated from a manifest and a seed."""

from __future__ import annotations

from evaluation.protocol.make import ESD_SETTINGS, PER_SETTING, SECONDS, PairProtocol, esd_test, make_protocol, unseen
from evaluation.protocol.settings import SETTINGS, PairSetting

__all__ = ["ESD_SETTINGS", "PER_SETTING", "SECONDS", "SETTINGS", "PairProtocol", "PairSetting", "esd_test", "make_protocol",
           "unseen"]
