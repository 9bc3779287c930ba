"""That what was taught comes back out of its file. Run: python -m unittest discover"""

import tempfile
import unittest
from pathlib import Path

import torch

from ggml_file import read_ggml, write_ggml
from network import Reader, Shape


class File(unittest.TestCase):
    def test_what_was_written_is_read_and_written_alike(self) -> None:
        shape = Shape("small", lambda folder: None, 64, 2, (0,), (0, 1), 0, 0)
        torch.manual_seed(1)
        written = Reader(shape).state_dict()
        with tempfile.TemporaryDirectory() as folder:
            first, second = Path(folder, "first.bin"), Path(folder, "second.bin")
            write_ggml(shape, written, first)
            read = read_ggml(first)
            Reader(shape).load_state_dict(read)
            for name, tensor in written.items():
                # Half of the step from one of 255 values to the next, and a step that is a float16.
                torch.testing.assert_close(
                    read[name], tensor, rtol=0, atol=float(tensor.abs().max()) / 220, msg=name
                )
            write_ggml(shape, read, second)
            self.assertEqual(first.read_bytes(), second.read_bytes())

    def test_another_file_is_refused(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            other = Path(folder, "other.bin")
            other.write_bytes(b"GGUF")
            with self.assertRaisesRegex(ValueError, "no ggml file"):
                read_ggml(other)


if __name__ == "__main__":
    unittest.main()
