//! The form of a recording: WAV with linear samples of 16 bits, which every browser plays.
//!
//! A header of 44 bytes and then nothing but samples (Microsoft, *Multimedia Programming Interface
//! and Data Specifications 1.0*, "Waveform Audio File Format"). The header holds the length twice,
//! and so is written anew when the length is known: at the end of a call, or after a crash.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

/// Bytes before the first sample.
pub(super) const HEADER: u64 = 44;

/// Bytes a sample takes.
pub(super) const SAMPLE: u64 = 2;

/// Where the header holds the sample rate, in samples a second.
const RATE_AT: u64 = 24;

/// What the header holds besides its two lengths and two rates.
const RIFF: [u8; 4] = *b"RIFF";
const FORMAT: [u8; 16] = *b"WAVEfmt \x10\0\0\0\x01\0\x01\0"; // 16 bytes follow; linear; one channel
const DEPTH: [u8; 8] = *b"\x02\0\x10\0data"; // two bytes, 16 bits a sample

fn header(sample_rate: u32, sample_bytes: u32) -> [u8; HEADER as usize] {
    let mut header = [0; HEADER as usize];
    let parts: [&[u8]; 7] = [
        &RIFF,
        &(sample_bytes + (HEADER as u32 - 8)).to_le_bytes(),
        &FORMAT,
        &sample_rate.to_le_bytes(),
        &(sample_rate * SAMPLE as u32).to_le_bytes(),
        &DEPTH,
        &sample_bytes.to_le_bytes(),
    ];
    let mut rest = header.as_mut_slice();
    for part in parts {
        let (place, behind) = rest.split_at_mut(part.len());
        place.copy_from_slice(part);
        rest = behind;
    }
    header
}

/// Begins an empty file.
pub(super) fn begin(file: &File, sample_rate: u32) -> io::Result<()> {
    file.write_all_at(&header(sample_rate, 0), 0)
}

/// Writes samples where they belong. What is never written before them is heard as silence.
pub(super) fn write(file: &File, position: u64, samples: &[i16]) -> io::Result<()> {
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    file.write_all_at(&bytes, HEADER + SAMPLE * position)
}

/// Makes the header true for all that was written. Returns how many bytes the file has; `None`
/// when there is nothing to hear in it, or it was not begun here.
pub(super) fn complete(file: &File) -> io::Result<Option<u64>> {
    let length = file.metadata()?.len();
    // A file that long was not written here: a call is limited.
    let Ok(sample_bytes) = u32::try_from(length.saturating_sub(HEADER) / SAMPLE * SAMPLE) else {
        return Ok(None);
    };
    if sample_bytes == 0 {
        return Ok(None);
    }
    let mut rate = [0; 4];
    file.read_exact_at(&mut rate, RATE_AT)?;
    if rate == [0; 4] {
        return Ok(None);
    }
    file.write_all_at(&header(u32::from_le_bytes(rate), sample_bytes), 0)?;
    Ok(Some(length))
}
