//! Typed access to a configuration that collects every fault.

use super::fault::{Fault, UnusableKey, one_line};
use super::keys::{Key, Kind, ROOT};
use std::cell::RefCell;
use std::collections::HashMap;
use std::fs::{File, Metadata};
use std::io::{ErrorKind, Read as _};
use std::path::{Path, PathBuf};
use std::time::Duration;
use toml::de::{DeTable, DeValue};
use zeroize::Zeroizing;

/// Maximum size of a file that a configuration names, in bytes.
const MAX_FILE: u64 = 1 << 20;
/// Byte-order marks of UTF-8 and UTF-16, which some editors write.
const MARKS: [&[u8]; 3] = [b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"];

/// Origins of a configuration's values.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) places: Places,
    /// Directory that paths are relative to.
    pub(super) dir: PathBuf,
    /// Seconds since the Unix epoch.
    pub(super) now: i64,
    pub(super) findings: RefCell<Findings>,
}

/// Faults and warnings found while a configuration is read.
#[derive(Debug, Default)]
pub(super) struct Findings {
    pub(super) faults: Vec<Fault>,
    pub(super) warnings: Vec<String>,
    /// Those of the faults that are about API keys.
    pub(super) unusable_keys: Vec<UnusableKey>,
    /// True if the file itself holds a secret.
    pub(super) has_inline_secret: bool,
    /// Paths whose values were removed with a fault: that they are missing is no other fault.
    pub(super) rejected: Vec<String>,
}

impl Reader {
    /// Adds a fault, unless the value at this path was rejected.
    pub(super) fn fault(&self, path: &str, what: impl Into<String>, fix: impl Into<String>) {
        if !self.is_rejected(path) {
            let fault = Fault::new(self.places.get(path), what, fix);
            self.findings.borrow_mut().faults.push(fault);
        }
    }

    fn is_rejected(&self, path: &str) -> bool {
        let contains = |rejected: &String| {
            path.strip_prefix(&**rejected).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.findings.borrow().rejected.iter().any(contains)
    }
}

/// Where each value comes from.
#[derive(Debug, Default)]
pub(super) struct Places {
    pub(super) file: String,
    /// Values by path, e.g. `merchant[0].sink.url`.
    pub(super) sources: HashMap<String, Source>,
}

#[derive(Debug)]
pub(super) enum Source {
    /// A line of the file.
    Line(usize),
    /// The variable of this name.
    Variable(String),
}

impl Places {
    /// Returns how messages name a path: by the variable that sets it, or by the file, the line of the key or of the table
    /// that it belongs to, and the path.
    pub(super) fn get(&self, path: &str) -> String {
        let mut known = path;
        loop {
            match self.sources.get(known) {
                Some(Source::Variable(name)) if known == path => return one_line(name),
                Some(Source::Line(line)) => return format!("{}:{line}: {}", self.file, cut(path)),
                _ => {}
            }
            match known.rfind(['.', '[']) {
                Some(end) => known = known.get(..end).unwrap_or_default(),
                None => return format!("{}: {}", self.file, cut(path)),
            }
        }
    }
}

/// A table of the configuration; empty if there is none.
#[derive(Debug, Clone)]
pub(super) struct Section<'a> {
    pub(super) reader: &'a Reader,
    table: Option<&'a DeTable<'a>>,
    keys: Vec<&'static Key>,
    path: String,
}

impl<'a> Section<'a> {
    /// Returns the whole configuration.
    pub(super) fn root(reader: &'a Reader, table: &'a DeTable<'a>) -> Self {
        Self { reader, table: Some(table), keys: ROOT.keys(), path: String::new() }
    }

    /// Returns whether the table is there.
    pub(super) fn exists(&self) -> bool {
        self.table.is_some()
    }

    /// Returns whether a key is set, or would be if its value weren't rejected.
    pub(super) fn has(&self, key: &str) -> bool {
        self.get(key).is_some() || self.reader.is_rejected(&self.at(key))
    }

    /// Returns the string or number of a key.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        self.get(key)?.as_str()
    }

    /// Returns the string of a key or its default.
    pub(super) fn text_or_default(&self, key: &str) -> &'a str {
        self.text(key).unwrap_or_else(|| self.row(key).map_or("", |row| row.default))
    }

    /// Returns the string of a required key; without one adds a fault.
    pub(super) fn required(&self, key: &str, fix: &str) -> Option<&'a str> {
        let text = self.text(key).filter(|text| !text.is_empty());
        if text.is_none() {
            self.fault(key, "missing", fix);
        }
        text
    }

    /// Returns the strings of a list.
    pub(super) fn list(&self, key: &str) -> Vec<&'a str> {
        let items = self.get(key).and_then(DeValue::as_array);
        items.into_iter().flatten().filter_map(|item| item.get_ref().as_str()).collect()
    }

    /// Returns a table in this one.
    pub(super) fn section(&self, key: &str) -> Self {
        let table = self.get(key).and_then(DeValue::as_table);
        let kind = self.row(key).map_or(Kind::Text, |row| row.kind);
        let name = table.and_then(|table| table.get("kind")?.get_ref().as_str());
        let keys = kind.variant(name).map_or_else(|| kind.keys(), |(_, keys)| keys);
        Self { reader: self.reader, table, keys, path: self.at(key) }
    }

    /// Returns the tables of an array.
    pub(super) fn sections(&self, key: &str) -> Vec<Self> {
        let items = self.get(key).and_then(DeValue::as_array).map_or(&[][..], |items| items);
        let keys = self.section(key).keys;
        let section = |(nth, item): (usize, &'a toml::Spanned<DeValue<'a>>)| Self {
            reader: self.reader,
            table: item.get_ref().as_table(),
            keys: keys.clone(),
            path: format!("{}[{nth}]", self.at(key)),
        };
        items.iter().enumerate().map(section).collect()
    }

    /// Returns the duration of a key or its default.
    pub(super) fn duration(&self, key: &str) -> Duration {
        let Some(Key { kind: Kind::Duration(min, max), default, .. }) = self.row(key) else {
            return Duration::ZERO;
        };
        let parse = |text: &str| humantime::parse_duration(text).ok();
        if let Some(text) = self.text(key) {
            match parse(text) {
                Some(found) if (parse(min)..=parse(max)).contains(&Some(found)) => return found,
                Some(_) => self.fault(key, "out of range", format!("give from {min} to {max}")),
                None => self.fault(key, "not a duration", "write it like \"7d\", \"36h\" or \"1500ms\""),
            }
        }
        parse(default).unwrap_or_default()
    }

    /// Returns the size of a key, or its default if there is one.
    pub(super) fn size(&self, key: &str) -> Option<u64> {
        let Some(Key { kind: Kind::Size(min, max), default, .. }) = self.row(key) else { return None };
        if let Some(text) = self.text(key) {
            match parse_size(text) {
                size @ Some(_) if (parse_size(min)..=parse_size(max)).contains(&size) => return size,
                Some(_) => self.fault(key, "out of range", format!("give from {min} to {max}")),
                None if max.ends_with('B') => {
                    self.fault(key, "not a size", format!("write it like \"{min}\", or as a number of bytes"))
                }
                None => self.fault(key, "not a number", "write it like 100"),
            }
        }
        parse_size(default)
    }

    /// Returns the string of a key that has one of several, or its default.
    pub(super) fn choice(&self, key: &str) -> Option<&'static str> {
        let Some(Key { kind: Kind::Choice(choices), .. }) = self.row(key) else { return None };
        let text = self.text_or_default(key);
        let chosen = choices.iter().copied().find(|choice| *choice == text);
        if chosen.is_none() {
            let fix = match nearest(text, choices.iter().copied()) {
                Some(meant) => format!("did you mean \"{meant}\"?"),
                None => format!("expected one of \"{}\"", choices.join("\", \"")),
            };
            self.fault(key, if self.has(key) { "unknown value" } else { "missing" }, fix);
        }
        chosen
    }

    /// Returns the value that a key has, or the file that its `_file` form names, without the file's last line end; and
    /// the name of the form that is set.
    pub(super) fn value(&self, key: &'static str) -> Option<(String, Zeroizing<Vec<u8>>)> {
        let file_key = format!("{key}_file");
        match (self.text(key), self.text(&file_key)) {
            (Some(_), Some(_)) => {
                self.fault(&file_key, format!("given together with {key}"), "keep one of the two");
                None
            }
            (Some(text), None) => {
                if self.row(key).is_some_and(|row| matches!(row.kind, Kind::Secret)) {
                    self.holds_secret(key);
                }
                Some((key.to_owned(), Zeroizing::new(text.as_bytes().to_vec())))
            }
            (None, Some(name)) => {
                let mut content = self.file(&file_key, name, true)?;
                let end =
                    content.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line).len());
                if let Some(end) = end {
                    content.truncate(end);
                }
                Some((file_key, content))
            }
            (None, None) => None,
        }
    }

    /// Notes that the value of a key is secret.
    pub(super) fn holds_secret(&self, key: &str) {
        let is_variable = matches!(self.reader.places.sources.get(&self.at(key)), Some(Source::Variable(_)));
        self.reader.findings.borrow_mut().has_inline_secret |= !is_variable;
    }

    /// Reads the file at a path. A secret one should be readable by its owner only.
    pub(super) fn file(&self, key: &str, name: &str, secret: bool) -> Option<Zeroizing<Vec<u8>>> {
        let path = self.resolve(name);
        let fault = |what: String, fix: &str| self.fault(key, what, fix);
        match read_file(&path) {
            _ if name.is_empty() => fault("is empty".to_owned(), "give the path of a file"),
            // The name may be the secret itself, given to the wrong key.
            Err((None, _, _)) if looks_secret(name) => {
                let fix = format!("put it into a file, or write it as {}", key.trim_end_matches("_file"));
                fault("holds a secret, not the path of a file".to_owned(), &fix);
            }
            Err((None, what, fix)) => fault(format!("the file {what}"), fix),
            Err((Some(path), what, fix)) => fault(format!("{} {what}", path.display()), fix),
            Ok((content, metadata)) => {
                if secret && is_open_to_others(&metadata) {
                    self.warn(key, &open_to_others(&path));
                }
                return Some(content);
            }
        }
        None
    }

    /// Adds a fault at a key; at the table itself if the key is empty.
    pub(super) fn fault(&self, key: &str, what: impl Into<String>, fix: impl Into<String>) {
        self.reader.fault(&self.at(key), what, fix);
    }

    /// Adds a warning at a key.
    pub(super) fn warn(&self, key: &str, what: &str) {
        self.reader.findings.borrow_mut().warnings.push(format!("{}: {what}", self.place(key)));
    }

    /// Returns how messages name a key.
    pub(super) fn place(&self, key: &str) -> String {
        self.reader.places.get(&self.at(key))
    }

    /// Returns the path of a file whose name is relative to the configuration.
    pub(super) fn resolve(&self, name: &str) -> PathBuf {
        self.reader.dir.join(name)
    }

    fn at(&self, key: &str) -> String {
        if key.is_empty() { self.path.clone() } else { join(&self.path, key) }
    }

    fn get(&self, key: &str) -> Option<&'a DeValue<'a>> {
        Some(self.table?.get(key)?.get_ref())
    }

    fn row(&self, key: &str) -> Option<&'static Key> {
        self.keys.iter().copied().find(|row| row.name == key)
    }
}

/// The path if it may be shown, what is wrong, and how to fix it.
type Unreadable<'a> = (Option<&'a Path>, &'static str, &'static str);

fn read_file(path: &Path) -> Result<(Zeroizing<Vec<u8>>, Metadata), Unreadable<'_>> {
    let metadata = std::fs::metadata(path).map_err(|error| {
        let (what, fix) = match error.kind() {
            ErrorKind::PermissionDenied => {
                ("can't be looked for", "let the user that runs wxhook read its folder")
            }
            _ => ("does not exist", "create it, or correct the path"),
        };
        (None, what, fix)
    })?;
    let fault = |what, fix| Err((Some(path), what, fix));
    // Opening a FIFO waits for its other end.
    if !metadata.is_file() {
        let what = if metadata.is_dir() { "is a folder" } else { "is not a plain file" };
        return fault(what, "give the path of a plain file");
    }
    // Room for a whole secret, so that no copy of it stays behind in memory.
    let mut content = Zeroizing::new(Vec::with_capacity(64 << 10));
    match File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut content)) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            fault("can't be read", "let the user that runs wxhook read it")
        }
        Err(_) => fault("can't be read", "give the path of a readable file"),
        Ok(_) if u64::try_from(content.len()).is_ok_and(|length| length > MAX_FILE) => {
            fault("is larger than 1 MiB", "give the path of the right file")
        }
        Ok(_) if MARKS.iter().any(|mark| content.starts_with(mark)) => {
            fault("begins with a byte-order mark", "save it without one (UTF-8 without BOM)")
        }
        Ok(_) => Ok((content, metadata)),
    }
}

/// Returns whether a text is more likely a secret than the name of a file: a key, a URL, or PEM.
fn looks_secret(text: &str) -> bool {
    let is_key = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_key || text.starts_with("whsec_") || text.contains("-----BEGIN") || text.contains("://")
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

/// Returns the warning about a file that others can read.
pub(super) fn open_to_others(path: &Path) -> String {
    let shown = path.display();
    format!("{shown} can be read by others than its owner; run chmod 600 {shown}")
}

/// Returns whether others than its owner may do anything with a file.
#[cfg(unix)]
pub(super) fn is_open_to_others(metadata: &Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    metadata.is_file() && metadata.permissions().mode() & 0o077 != 0
}

/// Returns false: permissions aren't known here.
#[cfg(not(unix))]
pub(super) fn is_open_to_others(_: &Metadata) -> bool {
    false
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// Returns the name that was probably meant: a letter or two differ, or neighbours are swapped.
pub(super) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let max = (given.chars().count() / 3).clamp(1, 2);
    let near = known.into_iter().map(|known| (strsim::osa_distance(given, known), known));
    near.filter(|(distance, _)| *distance <= max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Returns a name without control characters, its last part cut to 64 characters.
pub(super) fn cut(name: &str) -> String {
    let line = one_line(name);
    let start = line.rfind('.').map_or(0, |dot| dot + 1);
    match line.get(start..).and_then(|last| last.char_indices().nth(64)) {
        Some((end, _)) => format!("{}…", line.get(..start + end).unwrap_or_default()),
        None => line,
    }
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

    #[test]
    fn a_secret_in_place_of_a_path_is_recognized() {
        for secret in [
            "s3cretV3s3cretV3s3cretV3s3cretV3",
            "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkw",
            "-----BEGIN PRIVATE KEY-----\nMII",
            "redis://:s3cret@db",
        ] {
            assert!(looks_secret(secret), "{secret}");
        }
        for path in
            ["api_v3_key", "/etc/wxhook/shop.key", "secrets/0123456789012345678901234567", "C:\\keys\\a", ""]
        {
            assert!(!looks_secret(path), "{path}");
        }
    }

    #[test]
    fn names_are_cut() {
        assert_eq!(cut("名".repeat(64).as_str()), "名".repeat(64));
        assert_eq!(cut(&format!("limits.{}", "名".repeat(65))), format!("limits.{}…", "名".repeat(64)));
    }

    #[test]
    fn near_names_are_suggested() {
        let known = ["listen", "admin_listen", "store", "name", "id"];
        for (given, meant) in [
            ("listne", Some("listen")),
            ("Listen", Some("listen")),
            ("adminlisten", Some("admin_listen")),
            ("stored", Some("store")),
            ("nmae", Some("name")),
            ("ids", Some("id")),
            ("port", None),
            ("", None),
            ("sink", None),
        ] {
            assert_eq!(nearest(given, known), meant, "{given}");
        }
    }
}
