//! What a server writes: whole frames, unmasked, never in fragments.

use bytes::Bytes;
use std::borrow::Cow;

pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;
pub(super) const PING: u8 = 9;
pub(super) const PONG: u8 = 10;

const FIN: u8 = 0x80;

/// The most that a control frame carries (section 5.5).
pub(super) const MAX_CONTROL: usize = 125;

/// So many bytes before a text are for its frame's head: see [`Frame::of_text`].
pub const HEAD_ROOM: usize = 10;

/// A frame as it goes over the wire. A clone shares the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame(Bytes);

impl Frame {
    /// Makes a frame of a text that was written after [`HEAD_ROOM`] bytes of any value. It is not
    /// copied, and what is before it is cut off.
    ///
    /// # Panics
    ///
    /// If the room is missing.
    #[must_use]
    pub fn of_text(mut written: Vec<u8>) -> Self {
        let (head, length) = head(TEXT, written.len() - HEAD_ROOM);
        let start = HEAD_ROOM - length;
        written[start..HEAD_ROOM].copy_from_slice(&head[..length]);
        Self(Bytes::from(written).slice(start..))
    }

    /// A text.
    #[must_use]
    pub fn text(text: &str) -> Self {
        Self::new(TEXT, text.as_bytes())
    }

    /// Bytes.
    #[must_use]
    pub fn binary(bytes: &[u8]) -> Self {
        Self::new(BINARY, bytes)
    }

    /// A ping without a payload.
    #[must_use]
    pub const fn ping() -> Self {
        Self(Bytes::from_static(&[FIN | PING, 0]))
    }

    /// The answer to a ping, with that one's payload.
    #[must_use]
    pub fn pong(payload: &[u8]) -> Self {
        Self::new(PONG, &payload[..payload.len().min(MAX_CONTROL)])
    }

    /// A goodbye. A reason that does not fit is cut short.
    #[must_use]
    pub fn close(close: Option<&Close>) -> Self {
        let Some(Close { code, reason }) = close else {
            return Self::new(CLOSE, &[]);
        };
        let mut end = reason.len().min(MAX_CONTROL - 2);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        let payload = [&code.to_be_bytes(), &reason.as_bytes()[..end]].concat();
        Self::new(CLOSE, &payload)
    }

    fn new(opcode: u8, payload: &[u8]) -> Self {
        let (head, length) = head(opcode, payload.len());
        Self([&head[..length], payload].concat().into())
    }

    /// The bytes on the wire.
    #[must_use]
    pub const fn bytes(&self) -> &Bytes {
        &self.0
    }

    /// What it carries.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        let head = match self.0[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        &self.0[head..]
    }
}

/// The shortest head for a payload of a length (section 5.2), and its own length.
fn head(opcode: u8, length: usize) -> ([u8; 10], usize) {
    let mut head = [0; 10];
    head[0] = FIN | opcode;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ ..126), _) => {
            head[1] = short;
            (head, 2)
        }
        (_, Ok(medium)) => {
            head[1] = 126;
            head[2..4].copy_from_slice(&medium.to_be_bytes());
            (head, 4)
        }
        _ => {
            head[1] = 127;
            head[2..].copy_from_slice(&(length as u64).to_be_bytes());
            (head, 10)
        }
    }
}

/// Why a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Close {
    /// One of [`code`](super::code), or another.
    pub code: u16,
    /// For people; may be empty.
    pub reason: Cow<'static, str>,
}

impl Close {
    /// With words of the program's own.
    #[must_use]
    pub const fn new(code: u16, reason: &'static str) -> Self {
        Self {
            code,
            reason: Cow::Borrowed(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_as_short_as_they_can_be() {
        for (length, head) in [
            (0, &[0x81, 0][..]),
            (1, &[0x81, 1]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xff, 0xff]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let text = "x".repeat(length);
            let frame = Frame::text(&text);
            assert_eq!(&frame.bytes()[..head.len()], head, "{length}");
            assert_eq!(frame.payload(), text.as_bytes(), "{length}");
            let written = [&[7; HEAD_ROOM], text.as_bytes()].concat();
            assert_eq!(Frame::of_text(written), frame, "{length}");
        }
    }

    #[test]
    fn a_goodbye_fits_into_its_frame() {
        let long = Close {
            code: 1008,
            reason: "é".repeat(100).into(),
        };
        let frame = Frame::close(Some(&long));
        assert_eq!(frame.payload().len(), 124, "a character is not cut");
        assert_eq!(&frame.payload()[..4], [3, 240, 0xc3, 0xa9]);
        assert_eq!(Frame::close(None).bytes()[..], [0x88, 0]);
    }
}
