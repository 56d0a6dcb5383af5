"""Where answers are kept: append-only, each durable before the call returns."""

from evaluation.listening.store.collected import Collected, GivenAnswer, Listener, collect
from evaluation.listening.store.opening import open_store
from evaluation.listening.store.shown import ShownTrial
from evaluation.listening.store.store import AnswerStore, ListenerSession, StoredAnswer

__all__ = ["AnswerStore", "Collected", "GivenAnswer", "Listener", "ListenerSession", "ShownTrial", "StoredAnswer", "collect",
           "open_store"]
