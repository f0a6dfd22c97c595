//! Files with a resource, for `decode` and `trigger --resource`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use wxhook_wire::json::{Doc, Kind};

use crate::usage::Usage;

/// Far more than any notification has.
const MAX_BYTES: u64 = 8 << 20;
/// Members that event records have, but no resource.
const RECORD_MEMBERS: [&str; 2] = ["seq", "event_type"];

/// Reads a file, or stdin for `-`.
///
/// # Errors
/// [`Usage`] if it can't be read, isn't text, or isn't just a resource.
pub(crate) fn read(file: &Path) -> Result<String, Usage> {
    let is_stdin = file == Path::new("-");
    let name = if is_stdin { "stdin".to_owned() } else { file.display().to_string() };
    let bytes = if is_stdin { bytes(io::stdin()) } else { File::open(file).and_then(bytes) };
    let bytes = bytes.map_err(|error| Usage::new(format!("can't read {name}: {error}")))?;
    if u64::try_from(bytes.len()).is_ok_and(|length| length > MAX_BYTES) {
        let max = MAX_BYTES >> 20;
        return Err(Usage::new(format!("{name}: larger than {max} MiB; no notification is")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Usage::new(format!("{name}: not UTF-8")))?;
    if text.starts_with('\u{feff}') {
        let what = "begins with a byte order mark, which no notification has: save it without";
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
        has_resource && RECORD_MEMBERS.iter().all(|name| root.get(name).is_some())
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
