//! A web server of a folder, as small as ffmpeg can do with.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use tokio_util::task::AbortOnDropHandle;

/// A server; dropping it ends it. Paths that begin with `/answers/STATUS/` are answered with that status, those of `/half/` are
/// broken off in the middle the first four times, and of those of `/live/` no length is told and no part given.
pub(crate) struct Web {
    pub(crate) address: SocketAddr,
    _server: AbortOnDropHandle<()>,
}

impl Web {
    pub(crate) async fn of(folder: &Path) -> Self {
        Self::at(folder, SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    pub(crate) async fn at(folder: &Path, address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        let folder = folder.to_owned();
        let halves = Arc::new(AtomicUsize::new(0));
        let server = tokio::spawn(async move {
            let mut answers = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                answers.spawn(answer(stream, folder.clone(), Arc::clone(&halves)));
            }
        });
        Self {
            address,
            _server: AbortOnDropHandle::new(server),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

async fn answer(stream: TcpStream, folder: PathBuf, halves: Arc<AtomicUsize>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).await.ok()?;
        if line.trim().is_empty() {
            break;
        }
        lines.push(line.to_lowercase());
    }
    let path = lines.first()?.split(' ').nth(1)?.to_owned();
    let range = lines
        .iter()
        .find_map(|line| line.strip_prefix("range: bytes="));
    let from: usize = range
        .and_then(|range| range.split('-').next()?.parse().ok())
        .unwrap_or(0);
    let half = path.strip_prefix("/half");
    let live = path.strip_prefix("/live/");
    let name = half.or(live).unwrap_or(&path).trim_start_matches('/');
    let name = name.split('?').next()?;
    let (head, body) = if let Some(status) = path.strip_prefix("/answers/") {
        (format!("{} So", status.split('/').next()?), Vec::new())
    } else {
        match std::fs::read(folder.join(name)) {
            Err(_) => ("404 Not Found".to_owned(), Vec::new()),
            Ok(all) if from >= all.len() => ("416 Range Not Satisfiable".to_owned(), Vec::new()),
            Ok(all) if live.is_some() => ("200 OK".to_owned(), all),
            Ok(all) => {
                let of = format!("bytes {from}-{}/{}", all.len() - 1, all.len());
                let rest = all.get(from..)?.to_vec();
                (format!("206 Partial Content\r\nContent-Range: {of}"), rest)
            }
        }
    };
    let length = match live {
        Some(_) => String::new(),
        None => format!("Accept-Ranges: bytes\r\nContent-Length: {}\r\n", body.len()),
    };
    let head = format!("HTTP/1.1 {head}\r\n{length}Connection: close\r\n\r\n");
    let stream = stream.get_mut();
    stream.write_all(head.as_bytes()).await.ok()?;
    let end = if half.is_some() && halves.fetch_add(1, Ordering::Relaxed) < 4 {
        body.len() / 2
    } else {
        body.len()
    };
    stream.write_all(&body[..end]).await.ok()?;
    Some(())
}
