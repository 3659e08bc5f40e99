//! RFC 6455, the server's side: handshake, frames, and a goodbye that gets through.
//!
//! Reading is a [`Decoder`] without I/O, so that a connection keeps no buffer while nothing comes;
//! writing is [`Frame`]s, whose bytes many connections share. No extension is offered, compression
//! among them: what comes in is as large as it says, and what goes out is encoded once for all.

mod decode;
mod frame;
mod goodbye;
mod handshake;
#[cfg(test)]
mod table;

pub use decode::{Decoder, Message, Violation};
pub use frame::{Close, Frame, HEAD_ROOM};
pub use goodbye::goodbye;
pub use handshake::{accept, taken};

/// The largest message that is read by a gateway, in bytes.
pub const MAX_MESSAGE: usize = 64 << 10;

/// Codes with which a connection ends: RFC 6455, section 7.4.1, and the registry that it names.
pub mod code {
    /// Nothing is wrong.
    pub const NORMAL: u16 = 1000;
    /// The server goes away.
    pub const GOING_AWAY: u16 = 1001;
    /// A frame breaks the protocol.
    pub const PROTOCOL: u16 = 1002;
    /// Text is no UTF-8.
    pub const NOT_UTF8: u16 = 1007;
    /// The server does not like what it is sent.
    pub const POLICY: u16 = 1008;
    /// A message is too large.
    pub const TOO_BIG: u16 = 1009;
    /// Service restart: come back.
    pub const RESTART: u16 = 1012;
    /// Try again later.
    pub const TRY_AGAIN: u16 = 1013;
}
