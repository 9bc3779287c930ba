//! Recordings, in any format that symphonia reads, as a telephone line would carry them.

use std::path::{Path, PathBuf};

use symphonia::core::codecs::audio::{AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, FormatReader, TrackType};
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;

use super::resample::to_line_rate;

/// Why a recording could not be read.
#[derive(Debug, thiserror::Error)]
pub enum AudioFileError {
    /// The file is not there, or may not be read.
    #[error("cannot read {}: {source}", path.display())]
    Read { path: PathBuf, source: std::io::Error },
    /// It holds no audio, or in a form that is not known here.
    #[error("{name} holds no audio that can be read: {reason}")]
    NotAudio { name: String, reason: String },
}

/// Reads the recording at `path`: its samples at [`super::LINE_RATE`], all channels mixed to one.
///
/// # Errors
/// When the file can not be read or holds no audio.
pub fn read(path: &Path) -> Result<Vec<i16>, AudioFileError> {
    let file = std::fs::File::open(path)
        .map_err(|source| AudioFileError::Read { path: path.to_owned(), source })?;
    let extension = path.extension().and_then(|extension| extension.to_str());
    read_source(Box::new(file), extension, &path.display().to_string())
}

/// Reads a recording that is in memory, as [`read`] does. `name` is what errors call it.
///
/// # Errors
/// When it holds no audio.
pub fn read_bytes(bytes: &'static [u8], name: &str) -> Result<Vec<i16>, AudioFileError> {
    read_source(Box::new(std::io::Cursor::new(bytes)), None, name)
}

fn read_source(
    source: Box<dyn MediaSource>,
    extension: Option<&str>,
    name: &str,
) -> Result<Vec<i16>, AudioFileError> {
    let not_audio = |reason: String| AudioFileError::NotAudio { name: name.to_owned(), reason };
    let (mono, rate) = decode(source, extension).map_err(|error| not_audio(error.to_string()))?;
    if mono.is_empty() {
        return Err(not_audio("it is empty".to_owned()));
    }
    to_line_rate(&mono, rate).map_err(not_audio)
}

/// Decodes the first audio track to mono, and tells its sample rate.
fn decode(source: Box<dyn MediaSource>, extension: Option<&str>) -> Result<(Vec<f32>, u32), Error> {
    let mut hint = Hint::new();
    if let Some(extension) = extension {
        hint.with_extension(extension);
    }
    let stream = MediaSourceStream::new(source, Default::default());
    let mut format = symphonia::default::get_probe().probe(
        &hint,
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    )?;
    let (track, mut decoder) = decoder_for(format.as_ref())?;

    let mut mono = Vec::new();
    let mut rate = 0;
    let mut interleaved: Vec<f32> = Vec::new();
    while let Some(packet) = format.next_packet()? {
        if packet.track_id != track {
            continue;
        }
        let decoded = match decoder.decode(&packet) {
            Ok(decoded) => decoded,
            // One broken packet is a gap, not the end of the recording.
            Err(Error::DecodeError(_)) => continue,
            Err(error) => return Err(error),
        };
        rate = decoded.spec().rate();
        let channels = decoded.spec().channels().count().max(1);
        decoded.copy_to_vec_interleaved(&mut interleaved);
        let frames = interleaved.chunks_exact(channels);
        mono.extend(frames.map(|frame| frame.iter().sum::<f32>() / channels as f32));
    }
    Ok((mono, rate))
}

fn decoder_for(format: &dyn FormatReader) -> Result<(u32, Box<dyn AudioDecoder>), Error> {
    let track =
        format.default_track(TrackType::Audio).ok_or(Error::Unsupported("no audio track in it"))?;
    let parameters = track
        .codec_params
        .as_ref()
        .and_then(|parameters| parameters.audio())
        .ok_or(Error::Unsupported("its audio is not described"))?;
    let decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())?;
    Ok((track.id, decoder))
}
