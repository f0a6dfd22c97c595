use super::fault::{Fault, KeyFault};
use super::origin::Origins;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read};
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// No file that a configuration names is larger, in bytes.
const LARGEST_FILE: u64 = 1 << 20;
/// What some editors put before a text: the byte-order marks of UTF-8 and UTF-16.
const MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

/// What parsing needs to know, and what it finds out besides values.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    origins: &'a Origins,
    dir: &'a Path,
    /// Seconds since the Unix epoch.
    pub(super) now: i64,
    /// Whether a secret stands in the configuration file itself.
    pub(super) inline_secret: bool,
    pub(super) faults: Vec<Fault>,
    /// Those of the faults that are about API keys.
    pub(super) key_faults: Vec<KeyFault>,
    /// Keys whose faults are noted already, as they are misspelt or of another kind: nothing else is said of them, or of what
    /// is below them.
    pub(super) told: Vec<String>,
    pub(super) warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    /// `dir` is what relative paths are relative to, `now` is in seconds since the Unix epoch.
    pub(super) fn new(origins: &'a Origins, dir: &'a Path, now: i64) -> Self {
        Self {
            origins,
            dir,
            now,
            inline_secret: false,
            faults: Vec::new(),
            key_faults: Vec::new(),
            told: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// Notes a fault at a key.
    pub(super) fn fault(&mut self, path: &str, what: impl Into<String>, fix: impl Into<String>) {
        if !self.is_told(path) {
            self.faults.push(Fault::new(self.place(path), what, fix));
        }
    }

    /// Returns whether a fault of this key, or of what it belongs to, is noted already.
    pub(super) fn is_told(&self, path: &str) -> bool {
        let is_at = |told: &String| {
            path.strip_prefix(&**told).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.told.iter().any(is_at)
    }

    /// Notes something at a key that is worth a look.
    pub(super) fn warn(&mut self, path: &str, what: &str) {
        self.warnings.push(format!("{}: {what}", self.place(path)));
    }

    /// How a message names a key.
    pub(super) fn place(&self, path: &str) -> String {
        self.origins.place(path, path)
    }

    /// A path in the configuration, relative to its file.
    pub(super) fn resolve(&self, name: &str) -> PathBuf {
        self.dir.join(name)
    }

    /// Reads a file; a secret one should be readable by its owner only.
    ///
    /// A name that leads to no file isn't shown: it may be the secret itself, given to the wrong key.
    pub(super) fn file(&mut self, path: &str, name: &str, secret: bool) -> Option<Zeroizing<Vec<u8>>> {
        if name.is_empty() {
            self.fault(path, "is empty", "give the path of a file");
            return None;
        }
        let full = self.resolve(name);
        let metadata = match std::fs::metadata(&full) {
            Ok(metadata) => metadata,
            Err(error) => {
                let (what, fix) = match error.kind() {
                    ErrorKind::PermissionDenied => {
                        ("the file may not be looked for", "let the user that runs wxhook read its folder")
                    }
                    _ => ("the file does not exist", "create it, or correct the path"),
                };
                self.fault(path, what, fix);
                return None;
            }
        };
        let shown = full.display();
        // Opening a FIFO waits for its other end.
        if !metadata.is_file() {
            let what = if metadata.is_dir() { "is a folder" } else { "is not a plain file" };
            self.fault(path, format!("{shown} {what}"), "give the path of a plain file");
            return None;
        }
        let mut content = Zeroizing::new(Vec::new());
        let opened = File::open(&full).and_then(|file| {
            // Room for all of it at once, so that no copy of a secret stays behind in memory.
            content.reserve_exact(usize::try_from(LARGEST_FILE).unwrap_or_default().min(64 << 10));
            file.take(LARGEST_FILE + 1).read_to_end(&mut content)
        });
        match opened.map(|length| u64::try_from(length).unwrap_or(u64::MAX)) {
            Ok(length) if length > LARGEST_FILE => {
                self.fault(path, format!("{shown} is larger than 1 MiB"), "give the path of the right file");
                None
            }
            Ok(_) if MARKS.iter().any(|mark| content.starts_with(mark)) => {
                let what = format!("{shown} begins with a byte-order mark");
                self.fault(path, what, "save it without one (UTF-8 without BOM)");
                None
            }
            Ok(_) => {
                if secret && is_open_to_others(&metadata) {
                    self.warn(path, &readable(&full));
                }
                Some(content)
            }
            Err(error) => {
                let (what, fix) = match error.kind() {
                    ErrorKind::PermissionDenied => {
                        ("may not be read", "let the user that runs wxhook read it")
                    }
                    _ => ("can't be read", "give the path of a readable file"),
                };
                self.fault(path, format!("{shown} {what}"), fix);
                None
            }
        }
    }

    /// A secret that stands at `path`, or in the file that `path` and `_file` names; without that file's last line end.
    pub(super) fn secret(
        &mut self,
        path: &str,
        value: Option<String>,
        file: Option<String>,
    ) -> Option<Zeroizing<Vec<u8>>> {
        if value.is_some() {
            self.holds_secret(path);
        }
        self.either(path, value, file)
    }

    /// Notes that what stands at `path` is secret.
    pub(super) fn holds_secret(&mut self, path: &str) {
        self.inline_secret |= self.origins.variable(path).is_none();
    }

    /// The same for what is a secret only where it stands in a file of its own.
    pub(super) fn either(
        &mut self,
        path: &str,
        value: Option<String>,
        file: Option<String>,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let file_path = format!("{path}_file");
        match (value.map(|value| Zeroizing::new(value.into_bytes())), file) {
            (Some(_), Some(_)) => {
                let name = path.rsplit('.').next().unwrap_or(path);
                let what = format!("given together with {name}");
                self.fault(&file_path, what, "keep one of the two");
                None
            }
            (Some(value), None) => Some(value),
            (None, Some(name)) => {
                let mut content = self.file(&file_path, &name, true)?;
                if content.ends_with(b"\n") {
                    content.pop();
                    if content.ends_with(b"\r") {
                        content.pop();
                    }
                }
                Some(content)
            }
            (None, None) => None,
        }
    }

    /// The key that [`secret`](Self::secret) took its value from, for a message about it.
    pub(super) fn source(path: &str, from_file: bool) -> String {
        if from_file { format!("{path}_file") } else { path.to_owned() }
    }

    /// A span such as `7d` within bounds.
    pub(super) fn duration(
        &mut self,
        path: &str,
        value: Option<String>,
        default: Duration,
        bounds: RangeInclusive<Duration>,
    ) -> Duration {
        let Some(text) = value else { return default };
        match humantime::parse_duration(&text) {
            Ok(span) if bounds.contains(&span) => span,
            Ok(_) => {
                let (least, most) = (*bounds.start(), *bounds.end());
                let fix = format!(
                    "give from {} to {}",
                    humantime::format_duration(least),
                    humantime::format_duration(most)
                );
                self.fault(path, "out of bounds", fix);
                default
            }
            Err(_) => {
                self.fault(path, "not a span of time", "write it like \"7d\", \"36h\" or \"1500ms\"");
                default
            }
        }
    }

    /// A number, or a size such as `256KiB`, within bounds.
    pub(super) fn size(
        &mut self,
        path: &str,
        value: Option<String>,
        default: u64,
        bounds: RangeInclusive<u64>,
        example: &str,
    ) -> u64 {
        let Some(text) = value else { return default };
        match parse_size(&text) {
            Some(size) if bounds.contains(&size) => size,
            Some(_) => {
                self.fault(
                    path,
                    "out of bounds",
                    format!("give from {} to {}", bounds.start(), bounds.end()),
                );
                default
            }
            None => {
                self.fault(path, "not a number that is understood", format!("write it like {example}"));
                default
            }
        }
    }
}

fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at_checked(digits)?;
    let factor = match unit.trim_start() {
        "" | "B" => 1,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

/// What to say of a file that others can read.
pub(super) fn readable(path: &Path) -> String {
    let shown = path.display();
    format!("{shown} can be read by others than its owner; run chmod 600 {shown}")
}

/// Returns whether others than its owner may do anything with a file.
#[cfg(unix)]
pub(super) fn is_open_to_others(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.is_file() && metadata.permissions().mode() & 0o077 != 0
}

/// Nothing is known about it here.
#[cfg(not(unix))]
pub(super) fn is_open_to_others(_: &Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_binary_units() {
        for (text, size) in
            [("7", 7), ("7B", 7), ("256KiB", 262_144), ("64 MiB", 67_108_864), ("1GiB", 1 << 30)]
        {
            assert_eq!(parse_size(text), Some(size), "{text}");
        }
        for text in ["", "KiB", "1KB", "-1", "1.5MiB", "99999999999GiB", "1e3", "٣"] {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
