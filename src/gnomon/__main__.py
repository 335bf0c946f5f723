"""``python -m gnomon``: the same as the command ``gnomon``."""

from gnomon.cli import process

if __name__ == "__main__":
    process()
