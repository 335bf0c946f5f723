"""Tasks, one file each: ``Config``, ``TARGETS`` and ``Task``."""
