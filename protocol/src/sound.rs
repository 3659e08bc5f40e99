//! Sound on its way from a page that shares it: the one format here that is no JSON.

use uuid::Uuid;

/// Samples a second. There is one channel, of 16-bit signed numbers, little-endian.
pub const SAMPLE_RATE: u32 = 16_000;

/// The largest piece, in bytes of samples: 128 ms.
pub const MAX_PIECE: usize = 4096;

/// What a payload begins with.
const VERSION: u8 = 1;

/// The version, and who shares.
const HEAD: usize = 1 + 16;

/// A piece of sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SoundPiece<'a> {
    /// Made anew each time somebody begins to share.
    pub sharer: Uuid,
    /// The samples' bytes.
    pub pcm: &'a [u8],
}

impl<'a> SoundPiece<'a> {
    /// As it travels on [`TopicKind::StreamSound`](crate::TopicKind::StreamSound).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut payload = Vec::with_capacity(HEAD + self.pcm.len());
        payload.push(VERSION);
        payload.extend(self.sharer.as_bytes());
        payload.extend(self.pcm);
        payload
    }

    /// Reads a payload; none if it is no piece of sound: of another version, with half a sample, empty or
    /// too large.
    #[must_use]
    pub fn decode(payload: &'a [u8]) -> Option<Self> {
        let (head, pcm) = payload.split_at_checked(HEAD)?;
        let (version, sharer) = head.split_first()?;
        let whole = !pcm.is_empty() && pcm.len().is_multiple_of(2) && pcm.len() <= MAX_PIECE;
        if *version != VERSION || !whole {
            return None;
        }
        Some(Self {
            sharer: Uuid::from_slice(sharer).ok()?,
            pcm,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_is_read_and_nothing_else_is() {
        let piece = SoundPiece {
            sharer: Uuid::from_u128(7),
            pcm: &[1, 2, 3, 4],
        };
        let payload = piece.encode();
        assert_eq!(SoundPiece::decode(&payload), Some(piece));
        let with = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut payload = payload.clone();
            change(&mut payload);
            payload
        };
        let table = [
            ("nothing", Vec::new()),
            ("another version", with(&|payload| payload[0] = 2)),
            ("no samples", with(&|payload| payload.truncate(HEAD))),
            ("half a sample", with(&|payload| payload.push(0))),
            ("part of a head", with(&|payload| payload.truncate(9))),
            (
                "too much",
                with(&|payload| payload.resize(HEAD + MAX_PIECE + 2, 0)),
            ),
            ("JSON", br#"{"v":1,"pcm":"AAAA"}"#.to_vec()),
        ];
        for (what, payload) in table {
            assert_eq!(SoundPiece::decode(&payload), None, "{what}");
        }
    }
}
