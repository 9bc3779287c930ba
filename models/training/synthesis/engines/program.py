"""Engines that are programs: one process says one utterance, or tells of it."""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile

_LONGEST_RUN = 60
"""Seconds."""


def output_of(command: list[str]) -> str:
    """Runs the command. Returns what it prints.

    Raises ValueError when it fails or takes too long.
    """
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, timeout=_LONGEST_RUN, check=True
        )
    except subprocess.SubprocessError as error:
        raise ValueError(str(error)) from error
    return run.stdout


def written_by(
    command: Callable[[Path], list[str]], text: str | None = None
) -> tuple[np.ndarray, int]:
    """Runs the command for a file with `text` as its input. Returns samples and rate.

    Raises ValueError when it takes too long or writes nothing.
    """
    with tempfile.TemporaryDirectory() as folder:
        wave = Path(folder, "said.wav")
        given = None if text is None else text.encode()
        try:
            run = subprocess.run(
                command(wave), input=given, capture_output=True, timeout=_LONGEST_RUN, check=False
            )
            return soundfile.read(wave)
        except subprocess.TimeoutExpired as error:
            raise ValueError(str(error)) from error
        except soundfile.LibsndfileError as error:
            raise ValueError(run.stderr.decode(errors="replace").strip() or str(error)) from error
