"""Where answers are kept: append-only, each durable before the call returns."""

from evaluation.listening.store.collected import Collected, GivenAnswer, Listener, collect
from evaluation.listening.store.store import Entry, Shown, Store, Stored, open_store

__all__ = ["Collected", "Entry", "GivenAnswer", "Listener", "Shown", "Store", "Stored", "collect", "open_store"]
