"""Data: found, read, audited, split, cached, varied and batched."""
