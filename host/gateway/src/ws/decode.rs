//! What a server reads: masked frames, in whatever pieces they come.

use super::{
    code,
    frame::{BINARY, CLOSE, Close, MAX_CONTROL, PING, PONG, TEXT},
};

const CONTINUATION: u8 = 0;

/// What has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// A text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
    /// Is to be answered with a pong of the same payload.
    Ping(Vec<u8>),
    /// An answer to a ping.
    Pong,
    /// The other side ends it, and nothing that follows counts. Is to be answered with the same code.
    Close(Option<Close>),
}

/// How the other side broke the protocol: the connection is to end with this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Violation {
    /// A code of section 7.4.1.
    pub code: u16,
    /// What was wrong.
    pub reason: &'static str,
}

impl From<Violation> for Close {
    fn from(Violation { code, reason }: Violation) -> Self {
        Self::new(code, reason)
    }
}

/// Takes a client's bytes apart.
///
/// What it holds of a message that is not complete is what has come of it, never what was merely
/// announced. What is wrong is seen as soon as it has come: a bad head before its payload, bad UTF-8
/// in the middle of a frame. Once it has reported a violation or a close it is of no more use.
#[derive(Debug)]
pub struct Decoder {
    most: usize,
    /// The head of the next frame, as far as it has come.
    head: [u8; 14],
    had: u8,
    /// The frame whose payload is coming.
    frame: Option<Incoming>,
    /// What kind of message has begun.
    kind: Option<Kind>,
    /// What has come of it.
    data: Vec<u8>,
    /// So much of it is known to be UTF-8.
    checked: usize,
    /// What has come of a control frame.
    control: Vec<u8>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Binary,
}

#[derive(Clone, Copy, Debug)]
struct Incoming {
    last: bool,
    opcode: u8,
    /// Turned so that the next byte's key is the first.
    mask: [u8; 4],
    left: usize,
}

impl Decoder {
    /// For messages of at most so many bytes.
    #[must_use]
    pub const fn new(most: usize) -> Self {
        Self {
            most,
            head: [0; 14],
            had: 0,
            frame: None,
            kind: None,
            data: Vec::new(),
            checked: 0,
            control: Vec::new(),
        }
    }

    /// Takes bytes, and stops behind the first message that they complete. Gives how many it took,
    /// which is all of them if there is no message. The bytes are of no use afterwards: they are
    /// unmasked in place.
    ///
    /// # Errors
    ///
    /// If the protocol was broken.
    pub fn decode(&mut self, bytes: &mut [u8]) -> Result<(usize, Option<Message>), Violation> {
        let mut taken = 0;
        loop {
            let frame = match &mut self.frame {
                Some(frame) => frame,
                None => {
                    let head = self.take_head(&bytes[taken..])?;
                    taken += head.0;
                    match head.1 {
                        Some(frame) => self.frame.insert(frame),
                        None => return Ok((taken, None)),
                    }
                }
            };
            let length = frame.left.min(bytes.len() - taken);
            let payload = &mut bytes[taken..taken + length];
            unmask(payload, &mut frame.mask);
            taken += length;
            frame.left -= length;
            let frame = *frame;
            if frame.opcode >= CLOSE {
                self.control.extend_from_slice(payload);
            } else {
                self.data.extend_from_slice(payload);
                self.check(false)?;
            }
            if frame.left > 0 {
                return Ok((taken, None));
            }
            self.frame = None;
            if let Some(message) = self.whole(frame)? {
                return Ok((taken, Some(message)));
            }
        }
    }

    /// Bytes that are held of what is not complete.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.data.capacity() + self.control.capacity()
    }

    /// Takes bytes of a head.
    fn take_head(&mut self, bytes: &[u8]) -> Result<(usize, Option<Incoming>), Violation> {
        for (taken, byte) in bytes.iter().enumerate() {
            self.head[usize::from(self.had)] = *byte;
            self.had += 1;
            match self.had {
                1 => self.check_first()?,
                2 => self.check_second()?,
                _ => {}
            }
            if self.had >= 2 && usize::from(self.had) == self.head_length() {
                self.had = 0;
                return Ok((taken + 1, Some(self.begin()?)));
            }
        }
        Ok((bytes.len(), None))
    }

    fn check_first(&self) -> Result<(), Violation> {
        let first = self.head[0];
        let (last, opcode) = (first & 0x80 != 0, first & 0x0f);
        let wrong = if first & 0x70 != 0 {
            "a reserved bit is set, and no extension was agreed on"
        } else {
            match (opcode, self.kind) {
                (CONTINUATION, None) => "there is no message to continue",
                (TEXT | BINARY, Some(_)) => "a message begins within another one",
                (CLOSE | PING | PONG, _) if !last => "a control frame is in fragments",
                (CONTINUATION | TEXT | BINARY | CLOSE | PING | PONG, _) => return Ok(()),
                _ => "the opcode is reserved",
            }
        };
        Err(broken(wrong))
    }

    fn check_second(&self) -> Result<(), Violation> {
        if self.head[1] & 0x80 == 0 {
            return Err(broken("a client's frame is not masked"));
        }
        if self.head[0] & 0x08 != 0 && usize::from(self.head[1] & 0x7f) > MAX_CONTROL {
            return Err(broken("a control frame is longer than 125 bytes"));
        }
        Ok(())
    }

    /// Once its second byte is there.
    const fn head_length(&self) -> usize {
        match self.head[1] & 0x7f {
            126 => 8,
            127 => 14,
            _ => 6,
        }
    }

    /// Begins the frame whose head is complete.
    fn begin(&mut self) -> Result<Incoming, Violation> {
        let [first, second, ..] = self.head;
        let end = self.head_length();
        let extended = &self.head[2..end - 4];
        let length = match extended.len() {
            0 => u64::from(second & 0x7f),
            _ => extended
                .iter()
                .fold(0, |length, byte| length << 8 | u64::from(*byte)),
        };
        let shortest = match extended.len() {
            0 => 0,
            2 => 126,
            _ => 65_536,
        };
        if length < shortest {
            return Err(broken("a length is written longer than it needs to be"));
        }
        if length >> 63 != 0 {
            return Err(broken("a length has its highest bit set"));
        }
        let opcode = first & 0x0f;
        let left = usize::try_from(length).ok().filter(|length| {
            opcode >= CLOSE || *length <= self.most.saturating_sub(self.data.len())
        });
        let Some(left) = left else {
            return Err(Violation {
                code: code::TOO_BIG,
                reason: "the frame is too large",
            });
        };
        match opcode {
            TEXT => self.kind = Some(Kind::Text),
            BINARY => self.kind = Some(Kind::Binary),
            _ => {}
        }
        let mut mask = [0; 4];
        mask.copy_from_slice(&self.head[end - 4..end]);
        Ok(Incoming {
            last: first & 0x80 != 0,
            opcode,
            mask,
            left,
        })
    }

    /// Checks what has come of a text. In the middle of a message a character may be incomplete.
    fn check(&mut self, whole: bool) -> Result<(), Violation> {
        if self.kind != Some(Kind::Text) {
            return Ok(());
        }
        let good = match std::str::from_utf8(&self.data[self.checked..]) {
            Ok(text) => text.len(),
            Err(error) if error.error_len().is_none() && !whole => error.valid_up_to(),
            Err(_) => return Err(NOT_UTF8),
        };
        self.checked += good;
        Ok(())
    }

    /// What a frame that is complete completes.
    fn whole(&mut self, frame: Incoming) -> Result<Option<Message>, Violation> {
        let message = match frame.opcode {
            PING => Message::Ping(std::mem::take(&mut self.control)),
            PONG => {
                self.control = Vec::new();
                Message::Pong
            }
            CLOSE => Message::Close(reason(&self.control)?),
            _ if !frame.last => return Ok(None),
            _ => {
                self.check(true)?;
                self.checked = 0;
                let data = std::mem::take(&mut self.data);
                match self.kind.take() {
                    Some(Kind::Text) => {
                        Message::Text(String::from_utf8(data).map_err(|_| NOT_UTF8)?)
                    }
                    _ => Message::Binary(data),
                }
            }
        };
        Ok(Some(message))
    }
}

const NOT_UTF8: Violation = Violation {
    code: code::NOT_UTF8,
    reason: "the text is not UTF-8",
};

const fn broken(reason: &'static str) -> Violation {
    Violation {
        code: code::PROTOCOL,
        reason,
    }
}

/// Section 5.3. The mask is turned on, so that the next piece begins where this one ends.
fn unmask(payload: &mut [u8], mask: &mut [u8; 4]) {
    for piece in payload.chunks_mut(4) {
        for (byte, key) in piece.iter_mut().zip(*mask) {
            *byte ^= key;
        }
    }
    mask.rotate_left(payload.len() % 4);
}

/// Reads a close frame's payload (section 5.5.1). Codes are those that may be sent: of RFC 6455, of
/// its registry as of 2025, and those that are for libraries and private use.
fn reason(payload: &[u8]) -> Result<Option<Close>, Violation> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return match payload {
            [] => Ok(None),
            _ => Err(broken("a close frame has half a code")),
        };
    };
    let code = u16::from_be_bytes(*code);
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(broken("a close frame has a code that may not be sent"));
    }
    let reason = std::str::from_utf8(reason).map_err(|_| Violation {
        code: code::NOT_UTF8,
        reason: "the reason of a close is not UTF-8",
    })?;
    Ok(Some(Close {
        code,
        reason: reason.to_owned().into(),
    }))
}
