"""Families of networks, one file each: ``Config``, ``ACCEPTS``, ``build`` and ``size_for``."""
