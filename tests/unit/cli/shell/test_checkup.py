from gnomon.cli.shell import checkup
from gnomon.cli.shell.rows import plain

FACTS = {
    "machine": {
        "platform": "Linux",
        "processor": "P",
        "cores": 2,
        "threads": 1,
        "memory_bytes": 24 << 30,
        "memory_free_bytes": 12 << 30,
        "gpu": {"name": "G", "memory_bytes": 80 << 30},
    },
    "speeds": [{"what": "disk", "value": 4.2e8, "unit": "bytes/s"}],
    "folders": {
        "cache": {"path": "c", "free_bytes": 1 << 30, "writable": False},
        "data": {"path": None, "free_bytes": 0, "writable": False},
    },
    "versions": {"gnomon": "0.1.0", "torch": "2.13.0"},
    "self_test": {"passed": True, "text": "read 10 of 10 digits right"},
    "warnings": ["cache: c cannot be written; choose another with GNOMON_CACHE"],
}


def test_every_part_of_the_checkup_is_shown():
    shown = "\n".join(plain(row).replace("\u00a0", " ") for row in checkup.rows(FACTS))
    for line in (
        "processor   P, 2 cores, 1 threads in use",
        "memory      24.0 GiB, 12.0 GiB of it free",
        "GPU         G, 80.0 GiB",
        "disk        420M bytes/s",
        "cache       c · 1.0 GiB free · not writable",
        "data        not set",
        "gnomon 0.1.0  torch 2.13.0",
        "✓ read 10 of 10 digits right",
        "! cache: c cannot be written",
    ):
        assert line in shown


def test_no_gpu_and_a_failed_test_are_said():
    failed = FACTS | {"machine": FACTS["machine"] | {"gpu": None}, "self_test": {"passed": False, "text": "read 1"}}
    shown = "\n".join(plain(row) for row in checkup.rows(failed))
    assert "GPU         none" in shown
    assert "✗ read 1" in shown
