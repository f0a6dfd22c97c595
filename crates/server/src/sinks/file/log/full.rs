//! Full files, named by numbers.

use super::place;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::UNIX_EPOCH;
use wxhook_idempotency::Clock;

/// Digits of a number; others, such as those that logrotate gives, aren't ours to count or remove.
const LEAST_DIGITS: usize = 13;

/// What becomes of a file that is full.
pub(super) struct Full {
    path: PathBuf,
    keep: Option<usize>,
    clock: Arc<dyn Clock>,
}

impl Full {
    pub(super) fn new(path: &Path, keep: Option<usize>, clock: Arc<dyn Clock>) -> Self {
        Self { path: path.to_owned(), keep, clock }
    }

    /// Gives the file a number that is greater than all others, and removes the oldest ones if there are too many.
    pub(super) fn set_aside(&self) -> io::Result<()> {
        let mut numbers = self.numbers()?;
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let now = u64::try_from(now).unwrap_or(u64::MAX);
        let newest = numbers.last().map_or(0, |newest| newest.saturating_add(1));
        let number = now.max(newest);
        fs::rename(&self.path, self.name(number))?;
        place::sync_folder(&self.path)?;
        numbers.push(number);
        let excess = self.keep.map_or(0, |keep| numbers.len().saturating_sub(keep));
        for oldest in numbers.into_iter().take(excess) {
            if let Err(error) = fs::remove_file(self.name(oldest)) {
                tracing::warn!(%error, path = %self.name(oldest).display(), "an old file can't be removed");
            }
        }
        Ok(())
    }

    fn name(&self, number: u64) -> PathBuf {
        let mut name = self.path.clone().into_os_string();
        name.push(format!(".{number:0LEAST_DIGITS$}"));
        name.into()
    }

    /// The numbers that there are, the oldest first.
    fn numbers(&self) -> io::Result<Vec<u64>> {
        let own = self.path.file_name().unwrap_or_default().as_encoded_bytes();
        let mut numbers = Vec::new();
        for entry in fs::read_dir(place::folder(&self.path))? {
            let name = entry?.file_name();
            let number = name.as_encoded_bytes().strip_prefix(own).and_then(|rest| rest.strip_prefix(b"."));
            numbers.extend(number.and_then(parse));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }
}

fn parse(digits: &[u8]) -> Option<u64> {
    let is_number = digits.len() >= LEAST_DIGITS && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}

impl fmt::Debug for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Full").field("path", &self.path).field("keep", &self.keep).finish_non_exhaustive()
    }
}
