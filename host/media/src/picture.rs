//! Pictures, as ffmpeg writes them: one portable pixmap (PPM) after another.

use crate::Pictures;
use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    time::Instant,
};

/// How many pictures wait for their time. ffmpeg decodes some seconds ahead of what is told.
const WAITING: usize = 24;

/// The longest head of a pixmap.
const HEAD: u64 = 64;

/// A picture, and its number.
pub(crate) struct Picture {
    /// Milliseconds since the process' first moment.
    pub(crate) after_ms: u64,
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) rgb: Vec<u8>,
}

/// Pictures that wait for their time: the latest ones. Whoever fills it never waits, so that sound,
/// which comes from the same process, never does either.
#[derive(Clone, Default)]
pub(crate) struct Album(Arc<Mutex<Pages>>);

#[derive(Default)]
struct Pages {
    pictures: VecDeque<Picture>,
    /// When the latest one came.
    came: Option<Instant>,
}

impl Album {
    fn lock(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, picture: Picture) {
        let Pages { pictures, came } = &mut *self.lock();
        if pictures.len() == WAITING {
            pictures.pop_front();
        }
        pictures.push_back(picture);
        *came = Some(Instant::now());
    }

    /// When the latest picture came.
    pub(crate) fn came(&self) -> Option<Instant> {
        self.lock().came
    }

    /// The next picture, if its time has come.
    pub(crate) fn due(&self, passed_ms: u64) -> Option<Picture> {
        let pictures = &mut self.lock().pictures;
        let due = pictures.front()?.after_ms <= passed_ms;
        if due { pictures.pop_front() } else { None }
    }
}

/// Reads pictures until there are no more.
pub(crate) async fn read(from: impl AsyncRead + Unpin, wanted: Pictures, album: Album) {
    let mut from = BufReader::new(from);
    let every_ms = 1000.0 / f64::from(wanted.per_second);
    let mut count: u64 = 0;
    // What is no picture ends the pictures, and the process with its next one.
    while let Ok(Some((width, height, rgb))) = next(&mut from, wanted.side).await {
        album.add(Picture {
            after_ms: (count as f64 * every_ms) as u64,
            width,
            height,
            rgb,
        });
        count += 1;
    }
}

async fn next<R: AsyncRead + Unpin>(
    from: &mut BufReader<R>,
    side: u16,
) -> io::Result<Option<(u32, u32, Vec<u8>)>> {
    let wrong = || io::Error::from(io::ErrorKind::InvalidData);
    let mut head = Vec::new();
    // P6, width and height, the largest value; each on a line of its own.
    for _ in 0..3 {
        let read = (&mut *from).take(HEAD).read_until(b'\n', &mut head).await?;
        if read == 0 {
            return if head.is_empty() {
                Ok(None)
            } else {
                Err(wrong())
            };
        }
    }
    let head = std::str::from_utf8(&head).map_err(|_| wrong())?;
    let mut words = head.split_ascii_whitespace();
    if words.next() != Some("P6") {
        return Err(wrong());
    }
    let mut number = || words.next()?.parse::<u32>().ok();
    let (Some(width), Some(height), Some(255)) = (number(), number(), number()) else {
        return Err(wrong());
    };
    let within = 1..=u32::from(side);
    if !within.contains(&width) || !within.contains(&height) {
        return Err(wrong());
    }
    let mut rgb = vec![0; width as usize * height as usize * 3];
    from.read_exact(&mut rgb).await?;
    Ok(Some((width, height, rgb)))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn count(bytes: &[u8]) -> usize {
        let album = Album::default();
        read(
            bytes,
            Pictures {
                per_second: 2.0,
                side: 16,
            },
            album.clone(),
        )
        .await;
        let pages = album.lock();
        assert_eq!(pages.came.is_some(), !pages.pictures.is_empty());
        pages.pictures.len()
    }

    #[tokio::test]
    async fn pictures_as_they_come_and_what_is_none() {
        let one = [&b"P6\n2 1\n255\n"[..], &[7; 6]].concat();
        let table: &[(Vec<u8>, usize)] = &[
            (one.repeat(3), 3),
            (one.repeat(100), WAITING),
            (one[..15].to_vec(), 0),
            (b"P6\n17 1\n255\n".to_vec(), 0),
            (b"P6\n99999999999 1\n255\n".to_vec(), 0),
            (b"P5\n2 1\n255\nxx".to_vec(), 0),
            (vec![b'9'; 10_000], 0),
            (vec![0xff; 100], 0),
            (Vec::new(), 0),
        ];
        for (bytes, expected) in table {
            assert_eq!(
                count(bytes).await,
                *expected,
                "{:?}",
                &bytes[..bytes.len().min(20)]
            );
        }
    }

    #[tokio::test]
    async fn each_waits_for_its_time() {
        let album = Album::default();
        let bytes = [&b"P6\n1 1\n255\n"[..], &[7; 3]].concat().repeat(3);
        read(
            &*bytes,
            Pictures {
                per_second: 2.0,
                side: 16,
            },
            album.clone(),
        )
        .await;
        let due = |ms| album.due(ms).map(|picture| picture.after_ms);
        assert_eq!((due(0), due(499), due(1200)), (Some(0), None, Some(500)));
        assert_eq!((due(1200), due(1200)), (Some(1000), None));
    }
}
