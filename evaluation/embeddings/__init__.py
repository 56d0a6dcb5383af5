"""What factors tell of speaker and emotion: linear probes, and pictures in two dimensions."""

from evaluation.embeddings.probes import Vectors, some_vectors
from evaluation.embeddings.report import write_embeddings

__all__ = ["Vectors", "some_vectors", "write_embeddings"]
