"""A sitting at a run: from what the user asked for to a finished model; train, resume and replay share it."""
