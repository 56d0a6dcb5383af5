"""Where answers are kept: append-only, each durable before the call returns."""

from evaluation.listening.store.collected import Collected, GivenAnswer, Listener, collect
from evaluation.listening.store.database import has_store
from evaluation.listening.store.replies import ListenerSession, ShownTrial, StoredAnswer
from evaluation.listening.store.store import AnswerStore, open_store

__all__ = ["AnswerStore", "Collected", "GivenAnswer", "Listener", "ListenerSession", "ShownTrial", "StoredAnswer", "collect",
           "has_store", "open_store"]
