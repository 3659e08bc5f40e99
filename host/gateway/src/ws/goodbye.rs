//! Ending a connection so that the other side gets to know why.

use super::{Decoder, Message};
use socket2::SockRef;
use std::{
    io::{ErrorKind, Result},
    net::Shutdown,
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};

/// Bytes that are read at once.
const PIECE: usize = 4 << 10;

/// Writes what is left to be said, the close frame last, and then reads until the other side has
/// ended too: a socket that is dropped with bytes unread resets the connection, and what was written
/// may never be seen. `decoder` is what goes on reading, unless the other side has said goodbye
/// already or can't be understood any more. All of it takes at most as long as `patience`.
pub async fn goodbye(
    tcp: &TcpStream,
    last_words: &[u8],
    decoder: Option<&mut Decoder>,
    patience: Duration,
) {
    let mut hearing = Hearing { tcp, decoder };
    let ending = async {
        write(tcp, last_words, &mut hearing).await?;
        let mut open = true;
        while open && hearing.decoder.is_some() {
            open = hearing.hear().await?;
        }
        SockRef::from(tcp).shutdown(Shutdown::Write)?;
        while open {
            open = hearing.hear().await?;
        }
        Ok::<_, std::io::Error>(())
    };
    // Whoever does not end in time, or has gone, has been told as well as it could be.
    let _ = timeout(patience, ending).await;
}

async fn write(tcp: &TcpStream, mut bytes: &[u8], hearing: &mut Hearing<'_>) -> Result<()> {
    let mut open = true;
    while !bytes.is_empty() {
        match tcp.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // It may wait for us to read before it reads.
                tokio::select! {
                    writable = tcp.writable() => writable?,
                    heard = hearing.hear(), if open => open = heard?,
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What the other side still says. The decoder is there until it has said goodbye, or something that
/// can't be understood.
struct Hearing<'a> {
    tcp: &'a TcpStream,
    decoder: Option<&'a mut Decoder>,
}

impl Hearing<'_> {
    /// Reads a piece; false if that was the last one.
    async fn hear(&mut self) -> Result<bool> {
        let mut piece = [0; PIECE];
        self.tcp.readable().await?;
        let length = match self.tcp.try_read(&mut piece) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(true),
            read => read?,
        };
        let mut bytes = &mut piece[..length];
        while let Some(decoder) = self.decoder.as_mut()
            && !bytes.is_empty()
        {
            match decoder.decode(bytes) {
                Ok((_, Some(Message::Close(_)))) | Err(_) => self.decoder = None,
                Ok((taken, _)) => bytes = &mut bytes[taken..],
            }
        }
        Ok(length > 0)
    }
}
