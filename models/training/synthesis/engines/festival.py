"""festival as a program: English, Italian and Russian voices, each word timed by its phonemes."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import soundfile

from synthesis.engines import Missing, Voice, token_times
from synthesis.plan import Utterance
from synthesis.sound import Speech, Times

_VOICE_FOLDERS = Path("/usr/share/festival/voices")
_LONGEST_RUN = 60
_VOICES = (
    # folder, language, encoding that its letter-to-sound rules expect
    ("english/ked_diphone", "en", "ascii"),
    ("english/kal_diphone", "en", "ascii"),
    ("us/cmu_us_slt_arctic_hts", "en", "ascii"),
    ("italian/lp_diphone", "it", "latin-1"),
    ("italian/pc_diphone", "it", "latin-1"),
    ("russian/msu_ru_nsh_clunits", "ru", "utf-8"),
)
_SCRIPT = """(voice_{voice})
(Parameter.set 'Duration_Stretch {stretch:.3f})
(set! said (utt.synth (Utterance Text "{text}")))
(mapcar
  (lambda (token)
    (if (not (item.parent token))
      (begin
        (format t "token")
        (mapcar
          (lambda (word)
            (format t " %l %l" (item.feat word "word_start") (item.feat word "word_end")))
          (item.daughters token))
        (format t "\\n"))))
  (utt.relation.items said 'Token))
(utt.save.wave said "{wave}" 'riff)
"""


class Festival:
    """festival as an engine, a process an utterance."""

    name = "festival"

    def voices(self) -> list[Voice]:
        """Those of the known voices that are installed."""
        return [
            Voice(folder.split("/")[1], language, {"encoding": encoding})
            for folder, language, encoding in _VOICES
            if (_VOICE_FOLDERS / folder).is_dir()
        ]

    def speak(self, utterance: Utterance, voice: Voice) -> Speech:
        """Says it; a span's times are those of its words."""
        with tempfile.TemporaryDirectory() as folder:
            wave, script = Path(folder, "said.wav"), Path(folder, "say.scm")
            text = re.sub(r'["\\]', "", utterance.text)
            stretch = 1 / utterance.rate
            lines = _SCRIPT.format(voice=voice.name, stretch=stretch, text=text, wave=wave)
            script.write_bytes(lines.encode(voice.settings["encoding"]))
            run = _run(script)
            if not wave.exists():
                raise ValueError(run.stderr.decode(errors="replace").strip())
            samples, rate = soundfile.read(wave)
        tokens = [_times(line) for line in run.stdout.split(b"\n") if line.startswith(b"token")]
        return Speech(samples, rate, token_times(utterance, tokens))


def _run(script: Path) -> subprocess.CompletedProcess[bytes]:
    command = ["festival", "-b", str(script)]
    try:
        return subprocess.run(command, capture_output=True, timeout=_LONGEST_RUN, check=False)
    except subprocess.TimeoutExpired as error:
        raise ValueError(str(error)) from error


def _times(line: bytes) -> Times:
    """Start of the first and end of the last word of a token; punctuation is a word without."""
    numbers = [float(number) for number in line.split()[1:]]
    words = [pair for pair in zip(numbers[::2], numbers[1::2], strict=True) if pair[1] > pair[0]]
    return (words[0][0], words[-1][1]) if words else (0.0, 0.0)


def start() -> Festival:
    """Finds festival."""
    if shutil.which("festival") is None:
        raise Missing("festival is not installed")
    return Festival()
