use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;

use super::Error;

/// Writes a new file that only its owner can read.
pub(super) fn create(path: &Path, content: &str) -> Result<(), Error> {
    open_new(path)
        .and_then(|mut file| file.write_all(content.as_bytes()))
        .map_err(|source| Error::File { path: path.to_owned(), source })
}

/// A new file that only its owner can read.
pub(crate) fn open_new(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
