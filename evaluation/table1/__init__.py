"""The paper's table 1 on anyone's recordings: its rows, its page, and what it took. One function: reproduce.py."""
