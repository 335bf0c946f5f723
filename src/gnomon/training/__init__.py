"""Training: objects come in, a run folder comes out. Knows no family, reader or task by name."""
