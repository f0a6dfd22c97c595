//! A resource's file, as `decode` and `trigger --resource` take it.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use wxhook_wire::json::{Doc, Kind};

use crate::usage::Usage;

/// Far more than any notification has.
const MAX_BYTES: u64 = 8 << 20;
/// Members that an event record has and no resource.
const OF_RECORDS: [&str; 2] = ["seq", "event_type"];

/// The text of a file, or of stdin for `-`.
///
/// # Errors
/// [`Usage`] for what can't be read, is no text, or isn't the resource alone.
pub(crate) fn read(file: &Path) -> Result<String, Usage> {
    let is_stdin = file == Path::new("-");
    let name = if is_stdin { "stdin".to_owned() } else { file.display().to_string() };
    let bytes = if is_stdin { bytes(io::stdin()) } else { File::open(file).and_then(bytes) };
    let bytes = bytes.map_err(|error| Usage::new(format!("can't read {name}: {error}")))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        let most = MAX_BYTES >> 20;
        return Err(Usage::new(format!("{name}: larger than {most} MiB, which no notification is")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Usage::new(format!("{name}: isn't UTF-8")))?;
    if text.starts_with('\u{feff}') {
        let what = "begins with a byte order mark, which no notification does: save it without";
        return Err(Usage::new(format!("{name}: {what}")));
    }
    if is_record(&text) {
        let file = if is_stdin { "FILE".to_owned() } else { name.clone() };
        return Err(Usage::new(format!(
            "{name}: this is a whole event record; give its resource: jq .resource {file}"
        )));
    }
    Ok(text)
}

fn bytes(from: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn is_record(text: &str) -> bool {
    Doc::parse(text).is_ok_and(|doc| {
        let root = doc.root();
        let has_resource = root.get("resource").is_some_and(|resource| resource.kind() == Kind::Object);
        has_resource && OF_RECORDS.iter().all(|name| root.get(name).is_some())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_more_than_its_resource() {
        assert!(is_record(r#"{"seq":1,"event_type":"A","resource":{"id":"7"}}"#));
        for text in [
            r#"{"event_type":"A","resource":{}}"#,
            r#"{"seq":1,"resource":{}}"#,
            r#"{"seq":1,"event_type":"A","resource":"x"}"#,
            r#"{"seq":1,"event_type":"A"}"#,
            "",
        ] {
            assert!(!is_record(text), "{text}");
        }
    }
}
