"""The input doctor: what is doubtful about a recording before it is converted, what it will cost, and what to do."""
