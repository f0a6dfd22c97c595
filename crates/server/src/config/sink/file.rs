use super::super::raw::RawSink;
use super::super::reader::{self, Reader};
use crate::config::Fault;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

const ROTATE_SIZE: u64 = 100 << 20;

/// Into which file records are written. A file that isn't there is made, readable by its owner only.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileSinkConfig {
    /// The file, its path made relative to nothing but the working directory.
    pub path: PathBuf,
    /// A line that would make the file longer than these bytes begins a new one.
    pub rotate_size: u64,
    /// How many full files are kept; `None` keeps all.
    pub rotate_keep: Option<usize>,
    /// A record of this age that fails once more is parked.
    pub give_up_after: Duration,
    /// How a message names the path.
    place: String,
}

impl FileSinkConfig {
    /// What is wrong with this configuration, when the file can't be written because of `error`.
    pub(crate) fn fault(&self, error: &wxhook_sinks::Error) -> Fault {
        Fault::new(&*self.place, error.to_string(), "let the user that runs wxhook write it and its folder")
    }
}

pub(super) fn parse(
    reader: &mut Reader<'_>,
    raw: RawSink,
    path: &str,
    files: &mut Vec<PathBuf>,
) -> Option<FileSinkConfig> {
    let at = |key: &str| format!("{path}.{key}");
    let size = (1 << 10)..=(1 << 40);
    let rotate_size =
        reader.size(&at("rotate_size"), raw.rotate_size, ROTATE_SIZE, size, "\"100MiB\" or 104857600");
    let given = raw.rotate_keep.is_some();
    let rotate_keep = reader.size(&at("rotate_keep"), raw.rotate_keep, 1, 1..=1_000_000, "10");
    let rotate_keep = usize::try_from(rotate_keep).ok().filter(|_| given);
    let give_up_after = super::give_up_after(reader, path, raw.give_up_after);
    let at = at("path");
    let Some(name) = raw.path.filter(|name| !name.is_empty()) else {
        reader.fault(&at, "missing", "add path = \"events.jsonl\"");
        return None;
    };
    let path = reader.resolve(&name);
    if let Some((what, fix)) = unusable(&path) {
        reader.fault(&at, what, fix);
        return None;
    }
    if files.contains(&path) {
        reader.fault(&at, "another sink writes this file", "give each sink a file of its own");
        return None;
    }
    if std::fs::metadata(&path).is_ok_and(|metadata| reader::is_open_to_others(&metadata)) {
        reader.warn(&at, &reader::readable(&path));
    }
    files.push(path.clone());
    Some(FileSinkConfig { path, rotate_size, rotate_keep, give_up_after, place: reader.place(&at) })
}

/// What can be seen of a path that no file can be written at, and how to mend it.
fn unusable(path: &Path) -> Option<(String, &'static str)> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match (std::fs::metadata(folder), std::fs::metadata(path)) {
        (Err(error), _) if error.kind() == ErrorKind::NotFound => {
            let what = format!("the folder {} does not exist", folder.display());
            Some((what, "create it, or correct the path"))
        }
        (_, Ok(found)) if found.is_dir() => {
            Some((format!("{} is a folder", path.display()), "give the path of a file"))
        }
        (_, Ok(found)) if !found.is_file() => {
            Some((format!("{} is not a plain file", path.display()), "give the path of a plain file"))
        }
        _ => None,
    }
}
