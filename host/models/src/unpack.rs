//! One file out of an archive.

use flate2::read::GzDecoder;
use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    path::Path,
};
use tar::Archive;

/// The most that an archive is unpacked to, in bytes; what follows is not looked at.
const MOST: u64 = 8 << 30;

/// Writes the file of a `.tar.gz` with this name, if it is there and not longer than `bytes`.
pub(crate) fn unpack(archive: &Path, member: &str, bytes: u64, into: &Path) -> io::Result<bool> {
    let packed = BufReader::new(File::open(archive)?);
    let mut archive = Archive::new(GzDecoder::new(packed).take(MOST));
    for entry in archive.entries()? {
        let entry = entry?;
        if entry.path()?.as_os_str() != member {
            continue;
        }
        let mut file = File::create(into)?;
        // One byte more shows that it is another file.
        io::copy(&mut entry.take(bytes + 1), &mut file)?;
        file.flush()?;
        file.sync_all()?;
        return Ok(true);
    }
    Ok(false)
}
