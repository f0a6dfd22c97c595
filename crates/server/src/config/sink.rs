mod file;
mod http;
mod redis_stream;

pub use file::FileSinkConfig;
pub use http::HttpSinkConfig;
pub use redis_stream::RedisStreamSinkConfig;

use super::nearest::nearest;
use super::raw::RawSink;
use super::reader::Reader;
use super::store::StoreUrl;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Unless the configuration says otherwise, a record that can't be handed on parks at this age: 3 days.
const GIVE_UP_AFTER: Duration = Duration::from_secs(3 * 86_400);
/// What a sink may be, and the keys that mean something to each.
const KINDS: [(&str, &[&str]); 4] = [
    ("stdout", &[]),
    ("http", &["url", "secret", "secret_file", "timeout", "success", "give_up_after"]),
    ("file", &["path", "rotate_size", "rotate_keep", "give_up_after"]),
    ("redis-stream", &["stream", "url", "url_file", "max_len", "give_up_after"]),
];
const THERE_ARE: &str = "there are \"stdout\", \"http\", \"file\" and \"redis-stream\"";

/// Where records are handed on to. Prints what it is without anything secret.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SinkConfig {
    /// One line of JSON each on standard output.
    Stdout,
    /// Posted to a URL, one JSON object each.
    Http(HttpSinkConfig),
    /// One line of JSON each in a file.
    File(FileSinkConfig),
    /// An entry each of a stream of a Redis or Valkey server.
    RedisStream(RedisStreamSinkConfig),
}

impl SinkConfig {
    /// Its kind, as the configuration writes it.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Http(_) => "http",
            Self::File(_) => "file",
            Self::RedisStream(_) => "redis-stream",
        }
    }
}

impl fmt::Display for SinkConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.kind())?;
        match self {
            Self::Stdout => Ok(()),
            Self::Http(http) if http.secret.is_some() => write!(f, " {}, signed", http.url),
            Self::Http(http) => write!(f, " {}, not signed", http.url),
            Self::File(file) => write!(f, " {}", file.path.display()),
            Self::RedisStream(stream) if stream.at_accept => {
                write!(f, " {} at {}, added when accepted", stream.stream, stream.url)
            }
            Self::RedisStream(stream) => write!(f, " {} at {}", stream.stream, stream.url),
        }
    }
}

/// What a sink's meaning depends on besides its own table.
pub(super) struct Around<'a> {
    /// `None` if there is a fault in it.
    pub(super) store: Option<&'a StoreUrl>,
    /// The files that sinks before this one write.
    pub(super) files: Vec<PathBuf>,
}

pub(super) fn parse(
    reader: &mut Reader<'_>,
    raw: RawSink,
    path: &str,
    around: &mut Around<'_>,
) -> Option<SinkConfig> {
    let at = format!("{path}.kind");
    let Some(kind) = raw.kind.as_deref() else {
        let fix = "write kind = \"stdout\", \"http\", \"file\" or \"redis-stream\", or remove the table";
        reader.fault(&at, "missing", fix);
        return None;
    };
    let Some((kind, keys)) = KINDS.iter().find(|(known, _)| *known == kind) else {
        unknown(reader, &at, kind);
        return None;
    };
    for name in given(&raw).into_iter().filter(|name| !keys.contains(name)) {
        reader.fault(&format!("{path}.{name}"), format!("means nothing to the kind \"{kind}\""), "remove it");
    }
    match *kind {
        "http" => http::parse(reader, raw, path).map(SinkConfig::Http),
        "file" => file::parse(reader, raw, path, &mut around.files).map(SinkConfig::File),
        "redis-stream" => redis_stream::parse(reader, raw, path, around.store).map(SinkConfig::RedisStream),
        _ => Some(SinkConfig::Stdout),
    }
}

fn unknown(reader: &mut Reader<'_>, at: &str, kind: &str) {
    let fix = match nearest(kind, KINDS.iter().map(|(known, _)| *known)) {
        Some(meant) => format!("did you mean \"{meant}\"?"),
        None => String::from(THERE_ARE),
    };
    reader.fault(at, "not a kind of sink", fix);
}

/// The keys that stand there, besides the kind.
fn given(raw: &RawSink) -> Vec<&'static str> {
    let keys = [
        ("url", &raw.url),
        ("url_file", &raw.url_file),
        ("secret", &raw.secret),
        ("secret_file", &raw.secret_file),
        ("timeout", &raw.timeout),
        ("success", &raw.success),
        ("give_up_after", &raw.give_up_after),
        ("path", &raw.path),
        ("rotate_size", &raw.rotate_size),
        ("rotate_keep", &raw.rotate_keep),
        ("stream", &raw.stream),
        ("max_len", &raw.max_len),
    ];
    keys.into_iter().filter(|(_, value)| value.is_some()).map(|(name, _)| name).collect()
}

fn give_up_after(reader: &mut Reader<'_>, path: &str, value: Option<String>) -> Duration {
    let bounds = Duration::from_secs(1)..=Duration::from_secs(30 * 86_400);
    reader.duration(&format!("{path}.give_up_after"), value, GIVE_UP_AFTER, bounds)
}
