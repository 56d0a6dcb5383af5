"""Where answers are kept: append-only, each durable before the call returns."""

from evaluation.listening.store.collected import Collected, GivenAnswer, Listener, collect
from evaluation.listening.store.opening import open_store
from evaluation.listening.store.shown import Shown
from evaluation.listening.store.store import Entry, Store, Stored

__all__ = ["Collected", "Entry", "GivenAnswer", "Listener", "Shown", "Store", "Stored", "collect", "open_store"]
