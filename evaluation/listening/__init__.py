"""Listening tests: a frozen study from a run, the store of answers, and what they say (docs/listening.md)."""
