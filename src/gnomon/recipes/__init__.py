"""Recipes, one file each: ``recipe(...) -> RunConfig``."""
