"""Small programs for rivals without a command line of their own. Each is started by the rival's Python, in the rival's folder,
and imports nothing of this repository."""
