use super::fault::{Fault, shown};
use super::nearest::nearest;
use super::origin::Origins;
use toml::de::{DeTable, DeValue};

/// A key that the configuration knows.
#[derive(Debug)]
pub(super) struct Key {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
}

/// What stands at a key.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    /// A text.
    Text,
    /// A whole number, or a text that holds one (and perhaps a unit).
    Number,
    /// A text of digits, or the decimal number that they make.
    Digits,
    /// A list of texts; in a variable with commas between them.
    Texts,
    /// A table.
    Table(&'static [Key]),
    /// An array of tables, each addressed by the text under `by`.
    Tables { by: &'static str, keys: &'static [Key] },
}

impl Kind {
    const fn is_texts(self) -> bool {
        matches!(self, Self::Texts)
    }
}

const fn text(name: &'static str) -> Key {
    Key { name, kind: Kind::Text }
}

const fn number(name: &'static str) -> Key {
    Key { name, kind: Kind::Number }
}

const SINK: &[Key] = &[
    text("kind"),
    text("url"),
    text("url_file"),
    text("secret"),
    text("secret_file"),
    text("timeout"),
    text("success"),
    text("give_up_after"),
    text("path"),
    number("rotate_size"),
    number("rotate_keep"),
    text("stream"),
    number("max_len"),
];

const PLATFORM_KEY: &[Key] = &[text("id"), text("file")];

const MERCHANT: &[Key] = &[
    text("name"),
    Key { name: "mchid", kind: Kind::Digits },
    text("api_v3_key"),
    text("api_v3_key_file"),
    text("api_v2_key"),
    text("api_v2_key_file"),
    Key { name: "accept_mchids", kind: Kind::Texts },
    Key { name: "paths", kind: Kind::Texts },
    Key { name: "platform_key", kind: Kind::Tables { by: "id", keys: PLATFORM_KEY } },
    Key { name: "sink", kind: Kind::Table(SINK) },
];

/// Every key of the configuration.
pub(super) const ROOT: &[Key] = &[
    text("listen"),
    text("admin_listen"),
    text("admin_token"),
    text("admin_token_file"),
    text("public_url"),
    Key {
        name: "limits",
        kind: Kind::Table(&[
            number("body"),
            number("in_flight"),
            number("connections"),
            text("header_timeout"),
            text("body_timeout"),
        ]),
    },
    Key { name: "store", kind: Kind::Table(&[text("url"), text("url_file"), text("retention")]) },
    Key { name: "merchant", kind: Kind::Tables { by: "name", keys: MERCHANT } },
    Key { name: "sink", kind: Kind::Table(SINK) },
    Key { name: "simulator", kind: Kind::Table(&[text("serial"), text("private_key_file")]) },
];

/// The names of some keys, for a message.
pub(super) fn names(keys: &[Key]) -> String {
    keys.iter().map(|key| key.name).collect::<Vec<_>>().join(", ")
}

/// What there is to say of a file's keys.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) faults: Vec<Fault>,
    /// The paths of keys that unknown ones were probably meant to be.
    pub(super) misspelt: Vec<String>,
    /// The paths of values of another kind than their key's: the rest is read without them.
    pub(super) misfits: Vec<String>,
}

/// Rejects keys that aren't known and values of another kind than their key's, all of them.
pub(super) fn check(table: &DeTable<'_>, keys: &[Key], path: &str, origins: &Origins, found: &mut Found) {
    for (name, value) in table {
        let name: &str = name.get_ref();
        let at = join(path, name);
        let Some(key) = keys.iter().find(|key| key.name == name) else {
            let place = origins.place(&join(path, &shown(name)), &at);
            let absent = keys.iter().map(|key| key.name).filter(|name| table.get(*name).is_none());
            let fix = match nearest(name, absent) {
                Some(meant) => {
                    found.misspelt.push(join(path, meant));
                    format!("did you mean {meant}?")
                }
                None => format!("known here: {}", names(keys)),
            };
            found.faults.push(Fault::new(place, "unknown key", fix));
            continue;
        };
        check_value(value.get_ref(), key.kind, &at, origins, found);
    }
}

fn check_value(value: &DeValue<'_>, kind: Kind, at: &str, origins: &Origins, found: &mut Found) {
    let mut wrong = |at: &str, what: &str, fix: &str| {
        found.faults.push(Fault::new(origins.place(at, at), what, fix));
        // A list of texts is left out as a whole.
        let list = at.strip_suffix(']').and_then(|at| at.rsplit_once('[')).filter(|_| kind.is_texts());
        found.misfits.push(list.map_or(at, |(list, _)| list).to_owned());
    };
    match (kind, value) {
        (Kind::Text | Kind::Number | Kind::Digits, DeValue::String(_)) => {}
        (Kind::Number, DeValue::Integer(number))
            if i64::from_str_radix(number.as_str(), number.radix()).is_ok() => {}
        // Other radixes would be written in other digits.
        (Kind::Digits, DeValue::Integer(number))
            if number.radix() == 10 && number.as_str().parse::<i64>().is_ok() => {}
        (Kind::Number, _) => {
            wrong(at, "not a number that fits", "give a whole number, or a text like \"256KiB\"")
        }
        (Kind::Text | Kind::Digits, _) => wrong(at, "not a text", "put it in double quotes"),
        (Kind::Texts, DeValue::Array(items)) => {
            for (nth, item) in items.iter().enumerate() {
                if !item.get_ref().is_str() {
                    wrong(&format!("{at}[{nth}]"), "not a text", "put it in double quotes");
                }
            }
        }
        (Kind::Texts, _) => wrong(at, "not a list", "write [\"…\", \"…\"]"),
        (Kind::Table(keys), DeValue::Table(table)) => check(table, keys, at, origins, found),
        (Kind::Table(_), _) => wrong(at, "not a table", &format!("write [{}] above its keys", bare(at))),
        (Kind::Tables { keys, .. }, DeValue::Array(items)) => {
            for (nth, item) in items.iter().enumerate() {
                check_value(item.get_ref(), Kind::Table(keys), &format!("{at}[{nth}]"), origins, found);
            }
        }
        (Kind::Tables { .. }, _) => {
            wrong(at, "not an array of tables", &format!("write [[{}]] above the keys of each", bare(at)));
        }
    }
}

/// Removes what [`check`] found to be of another kind. In place of a table in an array an empty one remains, so that the
/// others keep their indices.
pub(super) fn without(mut table: toml::Table, misfits: &[String]) -> toml::Table {
    for path in misfits {
        remove(&mut table, path);
    }
    table
}

fn remove(table: &mut toml::Table, path: &str) {
    let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
    let (name, index) = match first.strip_suffix(']').and_then(|first| first.split_once('[')) {
        Some((name, index)) => (name, index.parse::<usize>().ok()),
        None => (first, None),
    };
    let item = index.and_then(|index| table.get_mut(name)?.as_array_mut()?.get_mut(index));
    match (item, rest) {
        (Some(toml::Value::Table(inner)), Some(rest)) => remove(inner, rest),
        (Some(item), _) => *item = toml::Value::Table(toml::Table::new()),
        (None, Some(rest)) => {
            if let Some(inner) = table.get_mut(name).and_then(toml::Value::as_table_mut) {
                remove(inner, rest);
            }
        }
        (None, None) => drop(table.remove(name)),
    }
}

pub(super) fn join(path: &str, name: &str) -> String {
    if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") }
}

/// The path as a table's header names it: without indices.
fn bare(path: &str) -> String {
    let mut inside = false;
    let kept = path.chars().filter(|character| {
        match character {
            '[' => inside = true,
            ']' => {
                inside = false;
                return false;
            }
            _ => {}
        }
        !inside
    });
    kept.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let table = DeTable::parse(text).unwrap();
        let origins = Origins::new("w.toml", text, table.get_ref());
        let mut found = Found::default();
        check(table.get_ref(), ROOT, "", &origins, &mut found);
        found.faults.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_known_passes() {
        let text = "listen = \"x\"\n[limits]\nbody = 5\nconnections = \"7\"\n[[merchant]]\npaths = [\"/a\"]\n[[merchant.platform_key]]\nid = \"1\"\n[merchant.sink]\nkind = \"x\"";
        assert_eq!(faults(text), Vec::<String>::new());
    }

    #[test]
    fn what_is_of_another_kind_is_removed_and_the_rest_stays() {
        let text = "listen = 1\nadmin_listen = \"a\"\nmerchant = [5, { paths = [1, \"/a\"], mchid = true, sink = { kind = 1, url = \"u\" } }]\n[store]\nurl = []\nretention = \"7d\"";
        let table = DeTable::parse(text).unwrap();
        let mut found = Found::default();
        check(table.get_ref(), ROOT, "", &Origins::new("w.toml", text, table.get_ref()), &mut found);
        assert_eq!(found.faults.len(), found.misfits.len());
        let expected =
            "admin_listen = \"a\"\nmerchant = [{}, { sink = { url = \"u\" } }]\n[store]\nretention = \"7d\"";
        assert_eq!(without(toml::from_str(text).unwrap(), &found.misfits), toml::from_str(expected).unwrap());
        let digits = |mchid: &str| faults(&format!("[[merchant]]\nmchid = {mchid}")).is_empty();
        assert!(digits("1900000109") && digits("\"1900000109\"") && !digits("0x1F") && !digits("1.5"));
    }

    #[test]
    fn each_unknown_key_and_wrong_kind_has_its_line() {
        let text = "listen = 1\nport = 2\n[[merchant]]\npaths = [1]\nplatform_key = 1\n[merchant.sink]\nsort = 1\n[limits]\nbody = 99999999999999999999\n[store]\nurl = []";
        let found = faults(text);
        let expected = [
            "w.toml:1: listen: not a text; put it in double quotes",
            "w.toml:9: limits.body: not a number that fits",
            "w.toml:4: merchant[0].paths[0]: not a text",
            "w.toml:5: merchant[0].platform_key: not an array of tables; write [[merchant.platform_key]]",
            "w.toml:7: merchant[0].sink.sort: unknown key; known here: kind, url, url_file, secret, secret_file",
            "w.toml:2: port: unknown key; known here: listen, admin_listen",
            "w.toml:11: store.url: not a text",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for start in expected {
            assert!(found.iter().any(|line| line.starts_with(start)), "{start}\n{found:#?}");
        }
    }
}
