//! One picture: what its bytes say that it is.

use bytes::Bytes;
use sha2::{Digest, Sha256};
use std::fmt;

/// The most bytes of a picture.
pub(crate) const MOST_BYTES: u64 = 1 << 20;

/// The most pixels of an edge.
const LONGEST_EDGE: u32 = 512;

/// What a picture is. Only what browsers decode and never run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// PNG (<https://www.w3.org/TR/png-3/>), animated ones too.
    Png,
    /// GIF (<https://www.w3.org/Graphics/GIF/spec-gif89a.txt>).
    Gif,
    /// WebP (RFC 9649).
    Webp,
}

impl Kind {
    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Gif => "image/gif",
            Self::Webp => "image/webp",
        }
    }
}

/// A picture that may be served.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    kind: Kind,
    width: u32,
    height: u32,
    animated: bool,
    digest: String,
    bytes: Bytes,
}

/// Why something is no picture that may be served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It is none, or of a kind that is not taken.
    Kind,
    /// It is SVG, which is a program as much as a picture.
    Svg,
    /// It breaks off in its head.
    Short,
    /// One of its edges is 0, or too long.
    Size(u32, u32),
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind => f.write_str("not a PNG, GIF or WebP"),
            Self::Svg => f.write_str("SVG may hold programs: give a PNG, GIF or WebP instead"),
            Self::Short => f.write_str("broken off, or no picture"),
            Self::Size(width, height) => write!(
                f,
                "{width} by {height} pixels: each edge is to have 1 to {LONGEST_EDGE}"
            ),
        }
    }
}

impl Picture {
    /// The picture that these bytes are.
    ///
    /// # Errors
    ///
    /// If they are none that may be served. Only the head is read: what follows is the browser's to decode.
    pub fn new(bytes: Bytes) -> Result<Self, Unfit> {
        let head = head(&bytes)?;
        if !(1..=LONGEST_EDGE).contains(&head.width) || !(1..=LONGEST_EDGE).contains(&head.height) {
            return Err(Unfit::Size(head.width, head.height));
        }
        let digest = Sha256::digest(&bytes);
        Ok(Self {
            kind: head.kind,
            width: head.width,
            height: head.height,
            animated: head.animated,
            // As much of it as no two pictures share.
            digest: digest[..16]
                .iter()
                .map(|byte| format!("{byte:02x}"))
                .collect(),
            bytes,
        })
    }

    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// In pixels.
    #[must_use]
    pub const fn width(&self) -> u32 {
        self.width
    }

    /// In pixels.
    #[must_use]
    pub const fn height(&self) -> u32 {
        self.height
    }

    /// Whether it may move.
    #[must_use]
    pub const fn is_animated(&self) -> bool {
        self.animated
    }

    /// The first half of its SHA-256, as hexadecimal digits: another content has another one.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// All of it.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.bytes
    }
}

struct Head {
    kind: Kind,
    width: u32,
    height: u32,
    animated: bool,
}

fn head(bytes: &[u8]) -> Result<Head, Unfit> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        png(bytes).ok_or(Unfit::Short)
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        gif(bytes).ok_or(Unfit::Short)
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        webp(bytes).ok_or(Unfit::Short)
    } else if looks_like_svg(bytes) {
        Err(Unfit::Svg)
    } else {
        Err(Unfit::Kind)
    }
}

fn looks_like_svg(bytes: &[u8]) -> bool {
    let start = &bytes[..bytes.len().min(512)];
    start.trim_ascii_start().starts_with(b"<") && start.windows(4).any(|word| word == b"<svg")
}

/// The header chunk comes first; one that says that it is animated comes before the pixels.
fn png(bytes: &[u8]) -> Option<Head> {
    if bytes.get(12..16)? != b"IHDR" {
        return None;
    }
    let mut animated = false;
    let mut at = 8;
    while let (Some(length), Some(name)) = (be32(bytes, at), bytes.get(at + 4..at + 8)) {
        match name {
            b"acTL" => animated = true,
            b"IDAT" => break,
            _ => {}
        }
        // Length, name and checksum are 12 bytes.
        at = at.checked_add(length as usize)?.checked_add(12)?;
    }
    Some(Head {
        kind: Kind::Png,
        width: be32(bytes, 16)?,
        height: be32(bytes, 20)?,
        animated,
    })
}

/// Whether there is a second picture is known only at the end: most that are GIF move.
fn gif(bytes: &[u8]) -> Option<Head> {
    Some(Head {
        kind: Kind::Gif,
        width: le16(bytes, 6)?,
        height: le16(bytes, 8)?,
        animated: true,
    })
}

/// RFC 9649, sections 2.5 to 2.7: what the first chunk is says where the size is.
fn webp(bytes: &[u8]) -> Option<Head> {
    let (width, height, animated) = match bytes.get(12..16)? {
        b"VP8X" => {
            let animated = bytes.get(20)? & 0b10 != 0;
            (le24(bytes, 24)? + 1, le24(bytes, 27)? + 1, animated)
        }
        b"VP8L" => {
            if *bytes.get(20)? != 0x2f {
                return None;
            }
            let packed = le32(bytes, 21)?;
            ((packed & 0x3fff) + 1, ((packed >> 14) & 0x3fff) + 1, false)
        }
        b"VP8 " => {
            if bytes.get(23..26)? != [0x9d, 0x01, 0x2a] {
                return None;
            }
            (le16(bytes, 26)? & 0x3fff, le16(bytes, 28)? & 0x3fff, false)
        }
        _ => return None,
    };
    Some(Head {
        kind: Kind::Webp,
        width,
        height,
        animated,
    })
}

fn be32(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..at.checked_add(4)?)?;
    Some(u32::from_be_bytes(four.try_into().ok()?))
}

fn le32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

fn le24(bytes: &[u8], at: usize) -> Option<u32> {
    let [a, b, c] = bytes.get(at..at + 3)?.try_into().ok()?;
    Some(u32::from_le_bytes([a, b, c, 0]))
}

fn le16(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?).into())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A PNG of that size, as far as its head goes; animated ones say so.
    pub(crate) fn png(width: u32, height: u32, animated: bool) -> Vec<u8> {
        let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
        let mut chunk = |name: &[u8; 4], data: &[u8]| {
            bytes.extend(u32::try_from(data.len()).unwrap().to_be_bytes());
            bytes.extend(name);
            bytes.extend(data);
            bytes.extend([0; 4]);
        };
        let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
        chunk(b"IHDR", &[&size[..], &[8, 6, 0, 0, 0]].concat());
        if animated {
            chunk(b"acTL", &[0; 8]);
        }
        chunk(b"IDAT", b"pixels");
        bytes
    }

    fn gif(width: u16, height: u16) -> Vec<u8> {
        [b"GIF89a", &width.to_le_bytes()[..], &height.to_le_bytes()].concat()
    }

    fn webp(chunk: &[u8; 4], data: &[u8]) -> Vec<u8> {
        [b"RIFF\0\0\0\0WEBP", &chunk[..], &[0; 4], data].concat()
    }

    fn seen(bytes: Vec<u8>) -> Result<(Kind, u32, u32, bool), Unfit> {
        let picture = Picture::new(bytes.into())?;
        Ok((
            picture.kind,
            picture.width,
            picture.height,
            picture.animated,
        ))
    }

    #[test]
    fn a_picture_is_what_its_bytes_say() {
        for (what, bytes, wanted) in [
            ("PNG", png(32, 28, false), (Kind::Png, 32, 28, false)),
            ("APNG", png(512, 1, true), (Kind::Png, 512, 1, true)),
            ("GIF", gif(96, 32), (Kind::Gif, 96, 32, true)),
            (
                "lossy WebP",
                webp(b"VP8 ", &[0, 0, 0, 0x9d, 1, 0x2a, 64, 0x40, 48, 0]),
                (Kind::Webp, 64, 48, false),
            ),
            (
                "lossless WebP",
                webp(
                    b"VP8L",
                    &[&[0x2f][..], &(63u32 | (47 << 14)).to_le_bytes()].concat(),
                ),
                (Kind::Webp, 64, 48, false),
            ),
            (
                "animated WebP",
                webp(b"VP8X", &[0b10, 0, 0, 0, 95, 0, 0, 31, 0, 0]),
                (Kind::Webp, 96, 32, true),
            ),
            (
                "extended WebP that does not move",
                webp(b"VP8X", &[0, 0, 0, 0, 95, 0, 0, 31, 0, 0]),
                (Kind::Webp, 96, 32, false),
            ),
        ] {
            assert_eq!(seen(bytes), Ok(wanted), "{what}");
        }
    }

    #[test]
    fn what_may_not_be_served_is_told() {
        let mut no_header = png(1, 1, false);
        no_header[12..16].copy_from_slice(b"iTXt");
        for (what, bytes, wanted) in [
            ("nothing", vec![], Unfit::Kind),
            ("text", b"hello".to_vec(), Unfit::Kind),
            (
                "a page",
                b"<!doctype html><script>1</script>".to_vec(),
                Unfit::Kind,
            ),
            ("SVG", b"<svg xmlns='...'/>".to_vec(), Unfit::Svg),
            (
                "SVG with a head",
                b"\n<?xml version='1.0'?>\n<svg/>".to_vec(),
                Unfit::Svg,
            ),
            ("JPEG", b"\xff\xd8\xff\xe0\0\x10JFIF".to_vec(), Unfit::Kind),
            ("a WAV", b"RIFF\0\0\0\0WAVEfmt ".to_vec(), Unfit::Kind),
            (
                "half a PNG",
                png(32, 32, false)[..20].to_vec(),
                Unfit::Short,
            ),
            ("a PNG without a header", no_header, Unfit::Short),
            ("half a GIF", gif(1, 1)[..9].to_vec(), Unfit::Short),
            ("half a WebP", webp(b"VP8X", &[0; 9]), Unfit::Short),
            (
                "WebP of an unknown kind",
                webp(b"VP9 ", &[0; 20]),
                Unfit::Short,
            ),
            ("an empty PNG", png(0, 9, false), Unfit::Size(0, 9)),
            ("a wide PNG", png(513, 9, false), Unfit::Size(513, 9)),
            (
                "a huge PNG",
                png(u32::MAX, u32::MAX, false),
                Unfit::Size(u32::MAX, u32::MAX),
            ),
        ] {
            assert_eq!(seen(bytes), Err(wanted), "{what}");
        }
    }

    #[test]
    fn no_head_is_read_beyond_its_end() {
        let whole = [
            png(32, 32, true),
            gif(32, 32),
            webp(b"VP8X", &[0b10, 0, 0, 0, 95, 0, 0, 31, 0, 0]),
        ];
        for bytes in whole {
            for length in 0..bytes.len() {
                // It may be enough, or not: what counts is that it ends.
                let _ = Picture::new(Bytes::copy_from_slice(&bytes[..length]));
            }
        }
        let mut endless = png(1, 1, false);
        endless[8..12].copy_from_slice(&u32::MAX.to_be_bytes());
        assert!(Picture::new(endless.into()).is_ok());
    }
}
