//! The table of configuration keys. It decides what a file and the environment may set; the reference in
//! `docs/configuration.md`, the JSON Schema and the file of `wxhook init` are made from it.

use Kind::{Choice, Digits, Duration, List, Secret, Size, Table, Tables, Text, TextOrFile, Variants};

/// A key of the configuration.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    /// The default as a file writes it; empty if there is none.
    pub(super) default: &'static str,
    pub(super) doc: &'static str,
}

/// The type of a key's value. Bounds are inclusive and written as in a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A string.
    Text,
    /// A string, or under the name with `_file` appended the path of a file that holds it.
    TextOrFile,
    /// The same for a secret.
    Secret,
    /// A string of digits, or the decimal number they make.
    Digits,
    /// A duration such as `"1500ms"`, with its bounds.
    Duration(&'static str, &'static str),
    /// A number, or a size such as `"256KiB"`, with its bounds.
    Size(&'static str, &'static str),
    /// One of these strings.
    Choice(&'static [&'static str]),
    /// An array of strings; comma-separated in a variable.
    List,
    /// A table.
    Table(&'static [Key]),
    /// A table whose `kind` decides which keys it has.
    Variants(&'static [Variant]),
    /// An array of tables; variables address each by the value of this key.
    Tables(&'static str, &'static [Key]),
}

/// A `kind` and the keys of a table of this kind.
pub(super) type Variant = (&'static str, &'static [Key]);

impl Key {
    /// Returns the names under which the value can be set.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let file = matches!(self.kind, TextOrFile | Secret).then(|| format!("{}_file", self.name));
        std::iter::once(self.name.to_owned()).chain(file)
    }
}

impl Kind {
    /// Returns the keys of a table, in a table of variants those of all.
    pub(super) fn keys(self) -> Vec<&'static Key> {
        match self {
            Table(keys) | Tables(_, keys) => keys.iter().collect(),
            Variants(variants) => {
                let keys = variants.iter().flat_map(|(_, keys)| *keys);
                std::iter::once(&SINK_KIND).chain(keys).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Returns the variant of a table with this `kind`, if there is one: the kind and its keys.
    pub(super) fn variant(self, kind: Option<&str>) -> Option<(&'static str, Vec<&'static Key>)> {
        let Variants(variants) = self else { return None };
        let (name, keys) = variants.iter().find(|(name, _)| Some(*name) == kind)?;
        Some((name, std::iter::once(&SINK_KIND).chain(*keys).collect()))
    }
}

const fn key(name: &'static str, kind: Kind, default: &'static str, doc: &'static str) -> Key {
    Key { name, kind, default, doc }
}

/// The whole configuration.
pub(super) const ROOT: Kind = Table(&[
    key("listen", Text, "127.0.0.1:8080", "Address that notifications are received at."),
    key("admin_listen", Text, "127.0.0.1:9090", "Address of health, metrics and the event log."),
    key(
        "admin_token",
        Secret,
        "",
        "Bearer token of the admin API; required unless admin_listen is loopback.",
    ),
    key("public_url", Text, "", "URL at which the platform reaches /notify; examined by `wxhook check`."),
    key("limits", Table(LIMITS), "", "What clients may use."),
    key("store", Table(STORE), "", "Where records are kept."),
    key(
        "merchant",
        Tables("name", MERCHANT),
        "",
        "A merchant whose notifications are received; at least one.",
    ),
    key("sink", Variants(SINK), "", "Where records are delivered. Without one they are only kept."),
    key("simulator", Table(SIMULATOR), "", "Keys of `wxhook trigger`, which signs in the platform's place."),
]);

const LIMITS: &[Key] = &[
    key("body", Size("1KiB", "16MiB"), "256KiB", "Maximum size of a request body."),
    key("in_flight", Size("1KiB", "4GiB"), "64MiB", "Maximum size of all request bodies in flight."),
    key("connections", Size("1", "1000000"), "512", "Maximum number of open connections."),
    key("header_timeout", Duration("10ms", "10s"), "5s", "Maximum time for a request's head, and idle time."),
    key("body_timeout", Duration("10ms", "10s"), "4s", "Maximum time for a request's body."),
];

const STORE: &[Key] = &[
    key(
        "url",
        TextOrFile,
        "sqlite://wxhook.db",
        "sqlite://PATH, redis://HOST:PORT/DB, rediss://… or memory://.",
    ),
    key("retention", Duration("25h", "100years"), "7d", "Time that records are kept after they are done."),
];

const MERCHANT: &[Key] = &[
    key("name", Text, "", "Unique name: a-z, 0-9, - and _. Notifications go to /notify/NAME."),
    key("mchid", Digits, "", "Merchant number at the platform; several merchants may share it."),
    key("api_v3_key", Secret, "", "APIv3 key, 32 bytes; needs a platform_key."),
    key("api_v2_key", Secret, "", "API v2 key, 32 bytes, for XML notifications."),
    key("accept_mchids", List, "", "Further merchant numbers whose payments and refunds are accepted."),
    key("paths", List, "", "Paths besides /notify/NAME."),
    key("platform_key", Tables("id", PLATFORM_KEY), "", "A key that the platform signs with."),
    key("sink", Variants(SINK), "", "The merchant's own sink."),
];

const PLATFORM_KEY: &[Key] = &[
    key(
        "id",
        Text,
        "",
        "ID of a public key, PUB_KEY_ID_…; the serial number of a certificate may be omitted.",
    ),
    key("file", Text, "", "File of the public key or certificate, PEM."),
];

const SIMULATOR: &[Key] = &[
    key("serial", Text, "", "ID of the platform key that belongs to the private key."),
    key("private_key_file", Text, "", "File of the RSA private key, PEM."),
];

const SINK: &[Variant] = &[
    ("stdout", &[]),
    (
        "http",
        &[
            key("url", Text, "", "URL that records are posted to."),
            key("secret", Secret, "", "Standard Webhooks secret that requests are signed with, whsec_…."),
            key("timeout", Duration("100ms", "5m"), "10s", "Maximum time for a request and its reply."),
            key("success", Choice(&["2xx", "wechat-pay"]), "2xx", "Replies that complete a record."),
            GIVE_UP_AFTER,
        ],
    ),
    (
        "file",
        &[
            key("path", Text, "", "File that records are appended to, one line of JSON each."),
            key("rotate_size", Size("1KiB", "1024GiB"), "100MiB", "Maximum file size before rotation."),
            key("rotate_keep", Size("1", "1000000"), "", "Number of rotated files to keep; all by default."),
            GIVE_UP_AFTER,
        ],
    ),
    (
        "redis-stream",
        &[
            key("stream", Text, "", "Key of the stream."),
            key("url", TextOrFile, "", "redis:// or rediss:// URL; the store's by default."),
            key(
                "max_len",
                Size("1", "1000000000"),
                "",
                "Approximate number of entries to keep; all by default.",
            ),
            GIVE_UP_AFTER,
        ],
    ),
];

const SINK_KIND: Key =
    key("kind", Choice(&["stdout", "http", "file", "redis-stream"]), "", "Kind of the sink; required.");
const GIVE_UP_AFTER: Key =
    key("give_up_after", Duration("1s", "30d"), "3d", "Age at which a record that fails again is parked.");

#[cfg(test)]
mod tests {
    use super::super::reader::join;
    use super::*;
    use serde_json::{Map, Value, json};

    /// Adds a row for each key below a table.
    fn rows(kind: Kind, path: &str, text: &mut String) {
        let variants = match kind {
            Variants(variants) => vec![("", std::slice::from_ref(&SINK_KIND))]
                .into_iter()
                .chain(variants.iter().copied())
                .collect(),
            Table(keys) | Tables(_, keys) => vec![("", keys)],
            _ => Vec::new(),
        };
        for (variant, keys) in variants {
            for key in keys {
                let (at, default) = (join(path, key.name), key.default);
                let name = match key.kind {
                    Tables(..) => format!("[[{at}]]"),
                    Table(_) | Variants(_) => format!("[{at}]"),
                    _ => at.clone(),
                };
                let form = if key.names().count() > 1 { ", `…_file`" } else { "" };
                let only = if variant.is_empty() { String::new() } else { format!("`{variant}`: ") };
                let range = match key.kind {
                    Duration(min, max) | Size(min, max) => format!(" From {min} to {max}."),
                    Choice(choices) => format!(" One of `{}`.", choices.join("`, `")),
                    _ => String::new(),
                };
                let default = if default.is_empty() { String::new() } else { format!("`{default}`") };
                text.push_str(&format!("| `{name}`{form} | {default} | {only}{}{range} |\n", key.doc));
                // A merchant's sink has the keys of the common one.
                if at != "merchant.sink" {
                    rows(key.kind, &at, text);
                }
            }
        }
    }

    fn schema(kind: Kind) -> Value {
        let object = |keys: &[&Key]| {
            let mut properties = Map::new();
            for key in keys {
                for name in key.names() {
                    let mut value = schema(key.kind);
                    value["description"] = key.doc.into();
                    if !key.default.is_empty() && name == key.name {
                        value["default"] = key.default.into();
                    }
                    properties.insert(name, value);
                }
            }
            json!({ "type": "object", "properties": properties, "additionalProperties": false })
        };
        match kind {
            Table(_) => object(&kind.keys()),
            Tables(..) => json!({ "type": "array", "items": object(&kind.keys()) }),
            Variants(variants) => {
                let variant = |(name, _): &Variant| {
                    let (_, keys) = kind.variant(Some(name)).unwrap();
                    let mut schema = object(&keys);
                    schema["properties"]["kind"] = json!({ "const": name });
                    schema["required"] = json!(["kind"]);
                    schema
                };
                json!({ "oneOf": variants.iter().map(variant).collect::<Vec<_>>() })
            }
            List => json!({ "type": "array", "items": { "type": "string" } }),
            Choice(choices) => json!({ "enum": choices }),
            Size(..) | Digits => json!({ "type": ["string", "integer"] }),
            Text | TextOrFile | Secret | Duration(..) => json!({ "type": "string" }),
        }
    }

    /// Compares the reference and the schema with the table; `UPDATE_DOCS=1` writes them.
    #[test]
    fn the_reference_and_the_schema_are_those_of_the_table() {
        let docs = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
        if !docs.exists() {
            return;
        }
        let mut table = String::from("| key | default | meaning |\n| --- | --- | --- |\n");
        rows(ROOT, "", &mut table);
        let reference = docs.join("configuration.md");
        let text = std::fs::read_to_string(&reference).unwrap();
        let (head, rest) = text.split_once("<!-- keys: begin -->\n").unwrap();
        let (_, tail) = rest.split_once("<!-- keys: end -->").unwrap();
        let expected = format!("{head}<!-- keys: begin -->\n{table}<!-- keys: end -->{tail}");
        let mut schema = schema(ROOT);
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
        let schema = format!("{}\n", serde_json::to_string_pretty(&schema).unwrap());
        for (path, expected) in [(reference, expected), (docs.join("wxhook.schema.json"), schema)] {
            if std::env::var_os("UPDATE_DOCS").is_some() {
                std::fs::write(&path, &expected).unwrap();
            }
            let found = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(found, expected, "run this test with UPDATE_DOCS=1");
        }
        // The Chinese reference explains the same keys with the same defaults.
        let chinese = std::fs::read_to_string(docs.join("configuration.zh-CN.md")).unwrap();
        let cells = |line: &str| line.split(" | ").take(2).map(str::to_owned).collect::<Vec<_>>();
        let keys =
            |text: &str| text.lines().filter(|line| line.starts_with("| `")).map(cells).collect::<Vec<_>>();
        assert_eq!(keys(&chinese), keys(&table));
    }
}
