"""Readers of data, one file each: ``Config``, ``sniff`` and ``read``."""
