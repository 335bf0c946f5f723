import io

import numpy as np
import pytest
import soundfile
from small_sounds import RATE_HZ, tone, wav

from gnomon.core.errors import UsageError
from gnomon.data import sounddecode
from gnomon.data.formats import UnreadableError


def packed(samples, *, format="WAV", subtype=None, rate_hz=RATE_HZ):
    stream = io.BytesIO()
    soundfile.write(stream, samples, rate_hz, format=format, subtype=subtype)
    return stream.getvalue()


def test_a_plain_file_comes_out_as_it_was():
    samples = tone(seed=1)
    found = sounddecode.decode(wav(samples), RATE_HZ)
    assert found.samples.dtype == np.int16
    assert np.array_equal(found.samples, samples)
    assert (found.heard.rate_hz, found.heard.channels, found.heard.format) == (RATE_HZ, 1, "WAV PCM_16")
    assert found.heard.seconds == pytest.approx(0.2)
    assert not found.heard.clipped


@pytest.mark.parametrize("subtype", ["PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE", "ULAW"])
def test_depths_from_8_to_64_bits_sound_alike(subtype):
    samples = tone() / 32768.0
    found = sounddecode.decode(packed(samples, subtype=subtype), RATE_HZ)
    assert found.samples / 32768.0 == pytest.approx(samples, abs=0.01)


@pytest.mark.parametrize(("format", "subtype"), [("FLAC", "PCM_16"), ("OGG", "VORBIS"), ("MP3", None), ("AIFF", None)])
def test_compressed_formats_are_read(format, subtype):
    samples = tone(seconds=1.0)
    found = sounddecode.decode(packed(samples / 32768.0, format=format, subtype=subtype), RATE_HZ)
    assert found.heard.format.startswith(format.replace("MP3", "MP3"))
    assert len(found.samples) == pytest.approx(len(samples), rel=0.2)
    assert np.abs(np.fft.rfft(found.samples[2000:6000])).argmax() == pytest.approx(220, abs=2)


def test_another_rate_is_resampled():
    high = tone(440.0, 0.5, rate_hz=44_100)
    found = sounddecode.decode(wav(high, rate_hz=44_100), RATE_HZ)
    assert len(found.samples) == 4000
    assert found.samples[500:3500] == pytest.approx(tone(440.0, 0.5)[500:3500], abs=200)


def test_what_is_above_half_the_rate_is_gone_and_not_folded_down():
    found = sounddecode.decode(wav(tone(440) + np.pad(tone(440), (0, 0)), rate_hz=RATE_HZ), RATE_HZ)
    assert np.abs(found.samples).max() > 15_000
    both = (tone(440, 0.5, rate_hz=44_100) // 2 + tone(7000, 0.5, rate_hz=44_100) // 2).astype(np.int16)
    spectrum = np.abs(np.fft.rfft(sounddecode.decode(wav(both, rate_hz=44_100), RATE_HZ).samples))
    assert spectrum.argmax() == 220
    assert spectrum[500] < 0.01 * spectrum[220]  # 7,000 Hz would come back as 1,000 Hz


def test_channels_are_mixed_and_the_loudest_is_taken_where_they_cancel():
    samples = tone()
    same = sounddecode.decode(wav(np.stack([samples, samples], 1), channels=2), RATE_HZ)
    assert np.array_equal(same.samples, samples)
    assert same.heard.channels == 2
    turned = sounddecode.decode(wav(np.stack([samples // 2, -(samples // 2)], 1), channels=2), RATE_HZ)
    assert np.array_equal(turned.samples, samples // 2)


def test_floats_beyond_full_scale_keep_their_form():
    loud = tone() / 32768.0 * 10
    found = sounddecode.decode(packed(loud, subtype="FLOAT"), RATE_HZ)
    assert np.abs(found.samples).max() >= 32_767
    assert found.samples / np.abs(found.samples).max() == pytest.approx(loud / np.abs(loud).max(), abs=1e-3)


def test_clipping_is_noticed():
    cut = np.clip(tone(loud=3.0 / 3).astype(np.int64) * 3, -32768, 32767).astype(np.int16)
    assert sounddecode.decode(wav(cut), RATE_HZ).heard.clipped
    assert not sounddecode.decode(wav(tone(loud=0.99)), RATE_HZ).heard.clipped


BROKEN = {
    "is empty": b"",
    "holds only zeros": bytes(2000),
    "is text, not a recording": b"hello, this is no sound\n" * 20,
    "is a picture, not a recording": b"\x89PNG\r\n\x1a\n" + bytes(range(200)),
    "is a zip archive, not a recording": b"PK\3\4" + bytes(range(200)),
    "is not in a known format": bytes(range(1, 200)) * 3,
    "is silent": wav(np.zeros(2000, np.int16)),
    "holds no sound": wav(np.zeros(0, np.int16)),
    "is too short: 3 samples": wav(tone()[:3]),
    "cut short": wav(tone())[:1000],
    "not finite": packed(np.array([0.1, np.nan, 0.2] * 100), subtype="FLOAT"),
    "cannot be decoded": b"fLaC" + bytes(range(200)),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_what_cannot_be_used_has_a_reason(reason):
    with pytest.raises(UnreadableError, match=reason):
        sounddecode.decode(BROKEN[reason], RATE_HZ)


def test_a_constant_value_is_silence():
    with pytest.raises(UnreadableError, match="is silent"):
        sounddecode.decode(wav(np.full(2000, 900, np.int16)), RATE_HZ)


def test_a_truncated_flac_is_told():
    whole = packed(np.random.default_rng(0).normal(0, 0.1, 60_000), format="FLAC")
    with pytest.raises(UnreadableError, match=r"cut short|cannot be decoded"):
        sounddecode.decode(whole[: len(whole) // 2], RATE_HZ)


def test_a_header_that_does_not_know_its_length_is_believed_as_far_as_samples_go():
    samples = tone()
    streamed = bytearray(wav(samples))
    place = streamed.index(b"data")
    streamed[place + 4 : place + 8] = b"\xff\xff\xff\xff"
    assert np.array_equal(sounddecode.decode(bytes(streamed), RATE_HZ).samples, samples)


def test_a_recording_of_hours_is_refused(monkeypatch):
    monkeypatch.setattr(sounddecode, "MAX_S", 0.1)
    with pytest.raises(UnreadableError, match="is too long: more than 0 s"):
        sounddecode.decode(wav(tone(seconds=1.5)), RATE_HZ)


def test_a_look_reads_the_header_alone():
    heard = sounddecode.look(wav(np.zeros(4000, np.int16)))
    assert (heard.rate_hz, heard.seconds) == (RATE_HZ, 0.5)


def test_without_the_library_the_extra_is_named(monkeypatch):
    def missing(name):
        raise ImportError(name)

    monkeypatch.setattr(sounddecode.importlib, "import_module", missing)
    with pytest.raises(UsageError, match="soundfile, which is not installed") as caught:
        sounddecode.require_decoder()
    assert caught.value.fix == "pip install 'gnomon[audio]'"
