use super::raw::RawSink;
use super::reader::Reader;

/// Where records are handed on to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SinkConfig {
    /// One line of JSON each on standard output.
    Stdout,
}

pub(super) fn parse(reader: &mut Reader<'_>, raw: RawSink, path: &str) -> Option<SinkConfig> {
    let at = format!("{path}.kind");
    match raw.kind.as_deref() {
        Some("stdout") => {
            let others = [
                ("url", &raw.url),
                ("secret", &raw.secret),
                ("secret_file", &raw.secret_file),
                ("timeout", &raw.timeout),
                ("give_up_after", &raw.give_up_after),
                ("path", &raw.path),
                ("stream", &raw.stream),
            ];
            for (name, value) in others {
                if value.is_some() {
                    reader.fault(&format!("{path}.{name}"), "means nothing to a stdout sink", "remove it");
                }
            }
            return Some(SinkConfig::Stdout);
        }
        Some("http" | "redis-stream" | "file") => {
            reader.fault(&at, "this version has the stdout sink only", "write kind = \"stdout\"");
        }
        Some(_) => reader.fault(&at, "not a kind of sink", "there is \"stdout\""),
        None => {
            reader.fault(&at, "missing", "write kind = \"stdout\", or remove the table to only keep records")
        }
    }
    None
}
