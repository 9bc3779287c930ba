"""Speech made by text-to-speech engines, with the time of each digit, to train the reader on."""
