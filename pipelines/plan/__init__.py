"""Long recordings, directed: where phrases are, what is to become of each, and how they are rendered and joined."""
