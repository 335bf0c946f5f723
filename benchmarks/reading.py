"""Reading a class folder of JPEGs into the cache, against the decoder alone on one core.

    python benchmarks/reading.py FOLDER --copies 4 --mosaic 2

The folder's pictures are copied several times with other bytes at the end of each file, so that there is enough to do.
With ``--mosaic 2`` every file is a square of 2 x 2 pictures of its class, saved at quality 90: the size of real photos
(448 px, about 60 kB) where the folder holds thumbnails.
Decoder alone: Pillow, from bytes in memory to an RGB array at full size and with its own scaling to the cached size.
"""

from __future__ import annotations

import argparse
import io
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image
from records import keep

from gnomon.core.config import DataConfig
from gnomon.core.events import silent
from gnomon.data.opening import load_dataset


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--copies", type=int, default=4)
    parser.add_argument("--size-px", type=int, default=128)
    parser.add_argument("--mosaic", type=int, default=1)
    args = parser.parse_args()
    files = [p for p in sorted(Path(args.folder).rglob("*")) if p.suffix.lower() in (".jpg", ".jpeg")]
    with tempfile.TemporaryDirectory() as folder:
        source = Path(args.folder)
        if args.mosaic > 1:
            files = _mosaics(files, source, Path(folder) / "mosaics", args.mosaic)
            source = Path(folder) / "mosaics"
        num_files = _copy(files, source, Path(folder) / "data", args.copies)
        size_kb = round(sum(path.stat().st_size for path in files) / len(files) / 1000, 1)
        full, scaled = _decoder_alone(files, args.size_px)
        import torch  # noqa: F401  # resizing needs it, as training does: its import is not a part of reading

        os.environ["GNOMON_CACHE"] = f"{folder}/cache"
        started_s = time.perf_counter()
        load_dataset(DataConfig(path=f"{folder}/data", size_px=args.size_px), seed=0, data_dir=None, emit=silent)
        ours = num_files / (time.perf_counter() - started_s)
    cores = len(os.sched_getaffinity(0))
    record = {
        "gnomon_per_s": round(ours),
        "decoder_full_per_core_s": round(full),
        "decoder_scaled_per_core_s": round(scaled),
        "ratio_to_cores_x_full": round(ours / (cores * full), 3),
        "ratio_to_cores_x_scaled": round(ours / (cores * scaled), 3),
        "files": num_files,
        "mean_kb": size_kb,
        "mosaic": args.mosaic,
        "size_px": args.size_px,
    }
    keep("reading", record)


def _copy(files: list[Path], source: Path, target: Path, copies: int) -> int:
    for copy in range(copies):
        for path in files:
            place = target / path.relative_to(source).parent / f"{copy}_{path.name}"
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes() + bytes([copy]))
    return copies * len(files)


def _mosaics(files: list[Path], source: Path, target: Path, side: int) -> list[Path]:
    made = []
    for start in range(0, len(files) - side**2, 2):
        chosen = [Image.open(path).convert("RGB") for path in files[start : start + side**2]]
        width, height = chosen[0].size
        sheet = Image.new("RGB", (side * width, side * height))
        for index, picture in enumerate(chosen):
            sheet.paste(picture, (index % side * width, index // side * height))
        path = target / files[start].relative_to(source).parent / f"{start}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        sheet.save(path, quality=90)
        made.append(path)
    return made


def _decoder_alone(files: list[Path], size_px: int) -> tuple[float, float]:
    """Return pictures a second on one core: decoded in full, and decoded with the decoder's own scaling."""
    data = [path.read_bytes() for path in files]
    rates = []
    for draft in (False, True):
        started_s = time.perf_counter()
        for content in data:
            picture = Image.open(io.BytesIO(content))
            if draft:
                picture.draft("RGB", (size_px, size_px))
            np.asarray(picture.convert("RGB"))
        rates.append(len(data) / (time.perf_counter() - started_s))
    return rates[0], rates[1]


if __name__ == "__main__":
    main()
