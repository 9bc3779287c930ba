//! The logo of a company: an image of a kind that can do nothing but be looked at.

use std::fmt;
use std::str::FromStr;

use imagesize::ImageType;
use sha2::{Digest, Sha256};

/// An image that was looked at: it is of this kind, and not too large.
#[derive(Clone, PartialEq, Eq)]
pub struct Logo {
    kind: LogoKind,
    bytes: Vec<u8>,
}

/// What a logo can be. Not SVG: that is a document, which can hold scripts and load things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogoKind {
    Png,
    Jpeg,
    WebP,
}

/// Which logo it is: another image has another version. Part of its address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogoVersion(String);

/// Why something can not be a logo.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidLogo {
    #[error("it has {0} bytes; {MOST_BYTES} at most are taken")]
    TooLarge(usize),
    #[error("its content is neither a PNG, nor a JPEG, nor a WebP image")]
    OtherKind,
    #[error("it is {width} x {height} pixels; 1 to {LONGEST_SIDE} are taken for each side")]
    OddSize { width: usize, height: usize },
}

/// Text that names no kind of logo.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no kind of logo")]
pub struct InvalidKind(pub String);

/// More than a logo on a page needs, and little enough for a phone on a slow line.
const MOST_BYTES: usize = 128 * 1024;

/// An image may be small in bytes and huge once it is unpacked.
const LONGEST_SIDE: usize = 2_048;

impl Logo {
    /// Looks at the content. Its name is of no interest.
    ///
    /// # Errors
    /// When it is something else, or too large.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, InvalidLogo> {
        if bytes.len() > MOST_BYTES {
            return Err(InvalidLogo::TooLarge(bytes.len()));
        }
        let kind = match imagesize::image_type(&bytes) {
            Ok(ImageType::Png) => LogoKind::Png,
            Ok(ImageType::Jpeg) => LogoKind::Jpeg,
            Ok(ImageType::Webp) => LogoKind::WebP,
            _ => return Err(InvalidLogo::OtherKind),
        };
        let size = imagesize::blob_size(&bytes).map_err(|_| InvalidLogo::OtherKind)?;
        let (width, height) = (size.width, size.height);
        let is_usable = |side| (1..=LONGEST_SIDE).contains(&side);
        if !is_usable(width) || !is_usable(height) {
            return Err(InvalidLogo::OddSize { width, height });
        }
        Ok(Self { kind, bytes })
    }

    /// A logo as it was stored: it was looked at then.
    pub fn from_stored(kind: LogoKind, bytes: Vec<u8>) -> Self {
        Self { kind, bytes }
    }

    pub fn kind(&self) -> LogoKind {
        self.kind
    }

    /// The image file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Its version: the beginning of the hash of its content.
    pub fn version(&self) -> LogoVersion {
        let digest = Sha256::digest(&self.bytes);
        LogoVersion(digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect())
    }
}

impl fmt::Debug for Logo {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Logo({:?}, {} bytes)", self.kind, self.bytes.len())
    }
}

impl LogoKind {
    /// The name in the store, and what a browser is told.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::WebP => "image/webp",
        }
    }
}

impl FromStr for LogoKind {
    type Err = InvalidKind;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let kinds = [Self::Png, Self::Jpeg, Self::WebP];
        let named = kinds.into_iter().find(|kind| kind.media_type() == text);
        named.ok_or_else(|| InvalidKind(text.to_owned()))
    }
}

impl LogoVersion {
    /// A version as it was stored, or as it came in an address: then it may be none.
    pub fn from_text(text: String) -> Self {
        Self(text)
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a PNG of this size (PNG, third edition, §5.2 and §11.2.1): as much as tells it.
    fn png(width: u32, height: u32) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR".to_vec();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.extend(*b"\x08\x06\x00\x00\x00");
        bytes
    }

    #[test]
    fn its_content_says_what_it_is() {
        // A JPEG (ITU-T T.81): the frame header says 3 x 2. A lossless WebP (RFC 9649 §3.4): 1 x 1.
        let jpeg =
            b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x02\x00\x03\x03\x01\x11\x00\x02\x11\x00\x03\x11\x00";
        let webp = b"RIFF\x1a\x00\x00\x00WEBPVP8L\x0d\x00\x00\x00\x2f\x00\x00\x00\x10\x07\x10\x11\x11\x88\x88\xfe\x07\x00";
        for (bytes, kind) in [
            (png(120, 40), LogoKind::Png),
            (jpeg.to_vec(), LogoKind::Jpeg),
            (webp.to_vec(), LogoKind::WebP),
        ] {
            let logo = Logo::parse(bytes.clone()).unwrap();
            assert_eq!((logo.kind(), logo.bytes()), (kind, bytes.as_slice()));
            assert_eq!(kind.media_type().parse(), Ok(kind));
        }
    }

    #[test]
    fn what_is_something_else_or_too_large_is_no_logo() {
        for bytes in [
            &b""[..],
            b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>",
            b"<!doctype html><script>alert(1)</script>",
            b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
            b"\x89PNG\r\n\x1a\n",
        ] {
            assert_eq!(Logo::parse(bytes.to_vec()), Err(InvalidLogo::OtherKind));
        }
        let mut large = png(10, 10);
        large.resize(MOST_BYTES + 1, 0);
        assert_eq!(Logo::parse(large), Err(InvalidLogo::TooLarge(MOST_BYTES + 1)));
        for (width, height) in [(0, 10), (10, 2_049), (4_000_000, 1)] {
            assert!(matches!(Logo::parse(png(width, height)), Err(InvalidLogo::OddSize { .. })));
        }
    }

    #[test]
    fn another_image_is_another_version() {
        let version = |width| Logo::parse(png(width, 10)).unwrap().version();
        assert_eq!(version(10), version(10));
        assert_ne!(version(10), version(11));
        assert_eq!(version(10).as_str().len(), 16);
    }
}
