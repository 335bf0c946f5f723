"""All that training knows about scale-out."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Ranks:
    """Which of how many processes this one is. One process is ``Ranks(rank=0, world_size=1)``."""

    rank: int = 0
    world_size: int = 1

    @property
    def writes(self) -> bool:
        """True for the one process that writes the run folder."""
        return self.rank == 0

    def share(self, batch_size: int) -> slice:
        """Return the part of one global batch that this rank computes."""
        if batch_size % self.world_size:
            raise ValueError(f"a batch of {batch_size} cannot be shared by {self.world_size} ranks")
        size = batch_size // self.world_size
        return slice(self.rank * size, (self.rank + 1) * size)
