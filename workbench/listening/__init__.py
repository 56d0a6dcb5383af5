"""Listening tests in the browser: what a listener sees and sends, what an administrator does."""
