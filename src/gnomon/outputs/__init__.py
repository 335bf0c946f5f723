"""What is made of a run: evaluation, predictions, report. Each reads a run folder and writes one thing."""
