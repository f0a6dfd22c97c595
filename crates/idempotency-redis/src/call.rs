use bytes::Bytes;
use redis::Cmd;
use std::time::Duration;
use wxhook_idempotency::machine::{CHANGED_REASON, Moment};
use wxhook_idempotency::{Action, ClaimId, Entry, Fingerprint, Labels, MAX_NOTE_TEXT, OnChanged, Start};

use crate::memory::Header;
use crate::script::Operation;
use crate::stream::{Stream, StreamEntry};
use sha2::{Digest as _, Sha256};

/// The keys with fixed names, in the order in which `core.lua` takes them.
const FIXED_KEYS: [&str; 12] = [
    "meta",
    "names",
    "siblings",
    "ready",
    "leased",
    "done",
    "parked",
    "aside",
    "groups",
    "terms",
    "spans",
    "mark-times",
];

const NONE: [Bytes; 0] = [];

/// The names that every call begins with.
#[derive(Debug, Clone)]
pub(crate) struct Keys {
    base: String,
    fixed: Vec<String>,
}

impl Keys {
    /// Under this prefix, which becomes the hash tag.
    pub(crate) fn new(prefix: &str) -> Self {
        let base = format!("{{{prefix}}}:");
        let fixed = FIXED_KEYS.iter().map(|name| [&base, *name].concat()).collect();
        Self { base, fixed }
    }

    /// One of them, for whatever has to go where the others are.
    pub(crate) fn any(&self) -> &str {
        self.fixed.first().map_or(&self.base, |first| first)
    }
}

/// Arguments of an operation.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) operation: Operation,
    /// Fields of the books that it is likely to need, read in one go.
    books: Vec<String>,
    arguments: Vec<Bytes>,
}

impl Call {
    /// Without arguments so far.
    pub(crate) const fn new(operation: Operation) -> Self {
        Self { operation, books: Vec::new(), arguments: Vec::new() }
    }

    /// Adds an argument.
    #[must_use]
    pub(crate) fn arg(mut self, argument: impl Into<Bytes>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Adds a number.
    #[must_use]
    pub(crate) fn number(self, number: impl ToString) -> Self {
        self.arg(number.to_string())
    }

    /// Adds a record's number.
    #[must_use]
    pub(crate) fn seq(self, seq: wxhook_idempotency::Seq) -> Self {
        self.arg(format!("{:016}", seq.get()))
    }

    /// Adds a span in milliseconds, rounded up.
    #[must_use]
    pub(crate) fn span(self, span: Duration) -> Self {
        self.number(Moment::FIRST.plus(span).millis())
    }

    /// Adds a claim id.
    #[must_use]
    pub(crate) fn claim_id(self, id: ClaimId) -> Self {
        self.arg(format!("{:032x}", id.get()))
    }

    /// Adds a list.
    #[must_use]
    pub(crate) fn list(mut self, list: impl IntoIterator<Item = impl Into<Bytes>>) -> Self {
        let at = self.arguments.len();
        self.arguments.push(Bytes::new());
        self.arguments.extend(list.into_iter().map(Into::into));
        let count = self.arguments.len() - at - 1;
        if let Some(place) = self.arguments.get_mut(at) {
            *place = count.to_string().into();
        }
        self
    }

    /// Adds an optional argument.
    #[must_use]
    pub(crate) fn optional(self, argument: Option<impl Into<Bytes>>) -> Self {
        self.list(argument)
    }

    /// Adds the stream that the record goes to, if there is one; `stream.lua` reads it.
    #[must_use]
    pub(crate) fn stream(self, stream: Option<(&Stream, StreamEntry)>) -> Self {
        let Some((stream, entry)) = stream else { return self.list(NONE).list(NONE) };
        let key = Bytes::copy_from_slice(stream.key.as_bytes());
        let call = self.arg("1").arg(key).optional(stream.max_len.map(|most| most.to_string()));
        let call = call.number(entry.fields.len());
        entry.fields.into_iter().fold(call, |call, (name, value)| call.arg(name).list(value.into_pieces()))
    }

    /// Adds the operator and the reason of an action.
    #[must_use]
    pub(crate) fn action(self, action: &Action) -> Self {
        self.arg(cut(&action.actor)).arg(cut(&action.reason))
    }

    /// Adds a flag.
    #[must_use]
    pub(crate) fn flag(self, flag: bool) -> Self {
        self.arg(if flag { "1" } else { "0" })
    }

    /// Adds all parts of an entry; `settle.lua` reads it.
    #[must_use]
    pub(crate) fn entry(self, entry: Entry) -> Self {
        let fingerprints: Vec<Bytes> = entry.fingerprints().map(fingerprint).collect();
        let suffixes: Vec<String> = entry.fingerprints().map(|each| each.sibling_key("")).collect();
        let labels = entry.labels;
        let kind = kind(&labels);
        let rest = rest_of_head(&labels, &entry.aliases);
        let parked = match entry.start {
            Start::Parked(reason) => Some(reason),
            _ => None,
        };
        let older_hashes: Vec<Bytes> = entry.older_keys.iter().map(|key| hash(key)).collect();
        let books = ["span".to_owned(), format!("lane:{}", entry.lane)];
        let mut call = self;
        call.books.extend(books);
        call.books.push(format!("kind:{kind}"));
        call.arg(entry.key.clone())
            .arg(hash(&entry.key))
            .list(entry.older_keys)
            .list(older_hashes)
            .list(entry.aliases)
            .list(fingerprints)
            .list(suffixes)
            .arg(entry.body)
            .arg(kind)
            .arg(rest)
            .optional(labels.id)
            .list(labels.numbers.into_iter().map(|(_, value)| value))
            .list(entry.flags)
            .arg(entry.lane)
            .optional(entry.group)
            .optional(Some(CHANGED_REASON).filter(|_| entry.on_changed == OnChanged::Park))
            .optional(parked)
            .number(entry.max_attempts)
            .flag(entry.keeps_tombstone)
            .list(entry.lane_cap.into_iter().flat_map(|cap| [cap.records.to_string(), cap.bytes.to_string()]))
    }

    /// As a command that names the script by its hash.
    pub(crate) fn by_hash(&self, keys: &Keys, header: &Header) -> Cmd {
        self.command("EVALSHA", self.operation.hash(), keys, header)
    }

    /// As a command that brings the script along.
    pub(crate) fn whole(&self, keys: &Keys, header: &Header) -> Cmd {
        self.command("EVAL", self.operation.code, keys, header)
    }

    fn command(&self, command: &str, script: &str, keys: &Keys, header: &Header) -> Cmd {
        let mut command = redis::cmd(command);
        command.arg(script).arg(keys.fixed.len());
        for key in &keys.fixed {
            command.arg(key);
        }
        command.arg(&keys.base).arg(&header.wall).arg(&header.id).arg(header.seq).arg(header.fence);
        command.arg(&header.estimate).arg(self.books.len()).arg(&self.books);
        for argument in &self.arguments {
            command.arg(&**argument);
        }
        command
    }
}

/// The labels by which records are indexed, as they are kept.
pub(crate) fn kind(labels: &Labels) -> String {
    serde_json::json!([labels.merchant, labels.event, labels.variant]).to_string()
}

/// The rest of the JSON array that begins with a record's key.
pub(crate) fn rest_of_head(labels: &Labels, aliases: &[String]) -> String {
    let values: Vec<&str> = labels.numbers.iter().map(|(_, value)| &**value).collect();
    let names: Vec<&str> = labels.numbers.iter().map(|(name, _)| &**name).collect();
    let rest = serde_json::json!([labels.id, values, aliases, names]).to_string();
    rest.strip_prefix("[").and_then(|rest| rest.strip_suffix("]")).unwrap_or_default().to_owned()
}

/// A fingerprint as it is kept: its version, its digest.
pub(crate) fn fingerprint(fingerprint: &Fingerprint) -> Bytes {
    [&[fingerprint.version()], &fingerprint.digest()[..]].concat().into()
}

/// Returns the first characters of a text, as many as a note keeps.
fn cut(text: &str) -> String {
    text.chars().take(MAX_NOTE_TEXT).collect()
}

/// Returns the hash that tombstones are filed under, so that they hold no business numbers.
pub(crate) fn hash(key: &str) -> Bytes {
    Bytes::copy_from_slice(&Sha256::digest(key.as_bytes()))
}
