//! The listener's door: who begins as an RTMP stream does is let in, whoever else knocks is sent away and
//! keeps nobody out meanwhile.

use crate::push::Sender;
use std::{collections::VecDeque, time::Duration};
use tokio::{
    io::AsyncReadExt,
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
    time::{sleep, timeout},
};

/// What a stream begins with, in bytes: the version, then a time and noise (C0 and C1 in Adobe's RTMP
/// specification 1.0, section 5.2). It is sent before anything is answered.
const BEGINNING: usize = 1 + 1536;

/// The only version that is not encrypted, and that ffmpeg knows.
const VERSION: u8 = 3;

/// How long that may take.
const KNOCK: Duration = Duration::from_secs(3);

/// How many may be at it. Of more the one that has been for longest is sent away: streams say it at once.
const KNOCKING: usize = 8;

/// A pause after an accept that failed, so that a lack of file descriptors does not become a spin.
const BREATH: Duration = Duration::from_millis(200);

/// A port, and who knocks there.
pub(crate) struct Door {
    listener: TcpListener,
    knocking: JoinSet<Result<Sender, &'static str>>,
    /// The same, in the order in which they came.
    order: VecDeque<AbortHandle>,
}

impl Door {
    pub(crate) fn new(listener: TcpListener) -> Self {
        Self {
            listener,
            knocking: JoinSet::new(),
            order: VecDeque::new(),
        }
    }

    pub(crate) fn port(&self) -> Option<u16> {
        self.listener.local_addr().ok().map(|bound| bound.port())
    }

    /// The next who begins as a stream does, or why somebody was sent away. Dropping the future loses nobody.
    pub(crate) async fn next(&mut self) -> Result<Sender, &'static str> {
        loop {
            tokio::select! {
                stream = accept(&self.listener) => self.ask(stream),
                Some(asked) = self.knocking.join_next() => {
                    if let Ok(answer) = asked {
                        return answer;
                    }
                }
            }
        }
    }

    fn ask(&mut self, stream: TcpStream) {
        self.order.retain(|knocking| !knocking.is_finished());
        if self.order.len() >= KNOCKING
            && let Some(first) = self.order.pop_front()
        {
            first.abort();
        }
        self.order.push_back(self.knocking.spawn(beginning(stream)));
    }
}

async fn beginning(mut stream: TcpStream) -> Result<Sender, &'static str> {
    let mut said = vec![0; BEGINNING];
    let reading = async {
        let first = stream.read(&mut said).await.unwrap_or(0);
        match said[..first] {
            [] => return Err("who connected said nothing"),
            [VERSION, ..] => {}
            _ => return Err("what came was no stream"),
        }
        let rest = stream.read_exact(&mut said[first..]).await;
        rest.map_err(|_| "what came was no stream")
    };
    match timeout(KNOCK, reading).await {
        Ok(read) => read.map(|_| Sender::new(stream, said)),
        Err(_) => Err("who connected said nothing"),
    }
}

async fn accept(listener: &TcpListener) -> TcpStream {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => return stream,
            Err(_) => sleep(BREATH).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;
    use tokio::io::AsyncWriteExt;

    async fn door() -> (Door, u16) {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let door = Door::new(listener);
        let port = door.port().unwrap();
        (door, port)
    }

    async fn knock(port: u16, says: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
            .await
            .unwrap();
        stream.write_all(says).await.unwrap();
        stream
    }

    #[tokio::test]
    async fn only_what_begins_as_a_stream_is_let_in() {
        let (mut door, port) = door().await;
        let stream = [[VERSION; 1].as_slice(), &[7; BEGINNING - 1]].concat();
        let no_stream = Err("what came was no stream");
        let table: [(&[u8], _); 5] = [
            (&stream, Ok(())),
            (&[], Err("who connected said nothing")),
            (b"GET / HTTP/1.1\r\n\r\n", no_stream),
            (&[6; BEGINNING], no_stream),
            (&stream[..BEGINNING - 1], no_stream),
        ];
        for (says, expected) in table {
            // Who has gone by then.
            drop(knock(port, says).await);
            let answer = door.next().await;
            assert_eq!(answer.map(|_| ()), expected, "{} bytes", says.len());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_says_nothing_is_sent_away() {
        let (mut door, port) = door().await;
        let mut silent = knock(port, &[]).await;
        let answer = door.next().await;
        assert_eq!(answer.map(|_| ()), Err("who connected said nothing"));
        assert_eq!(silent.read(&mut [0]).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_crowd_that_says_nothing_keeps_no_stream_out() {
        let (mut door, port) = door().await;
        let mut silent = Vec::new();
        for _ in 0..3 * KNOCKING {
            silent.push(knock(port, &[]).await);
        }
        let _stream = knock(port, &[VERSION; BEGINNING]).await;
        assert!(door.next().await.is_ok());
        assert!(door.order.len() <= KNOCKING);
        // The first has gone by now.
        assert_eq!(silent[0].read(&mut [0]).await.unwrap(), 0);
    }
}
