//! The environment over the file: a table in which every key is known and every value has its type.

use super::fault::Fault;
use super::keys::{Key, Kind, ROOT};
use super::reader::{Reader, Source, cut, join, nearest};
use std::collections::BTreeMap;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Prefix of the variables that set keys.
const PREFIX: &str = "WXHOOK_";
/// Variables that the program reads itself.
const OTHERS: [&str; 3] = ["WXHOOK_CONFIG", "WXHOOK_LOG", "WXHOOK_LOG_FORMAT"];

/// Applies the environment to a file's table, adds a fault for each unknown key, unknown variable and value of another
/// type, and removes these values.
pub(super) fn merge(
    reader: Reader,
    text: &str,
    table: &mut DeTable<'_>,
    env: impl IntoIterator<Item = (String, String)>,
) -> Reader {
    let mut merger = Merger { reader, text, variables: BTreeMap::new(), groups: Vec::new() };
    merger.collect(env);
    merger.table(table, ROOT, "", "");
    merger.reject_unused();
    merger.reader
}

struct Merger<'t> {
    reader: Reader,
    text: &'t str,
    /// Name and value of each variable that isn't applied yet, by the normalized name without prefix.
    variables: BTreeMap<String, (String, String)>,
    /// Every table and every array of tables.
    groups: Vec<Group>,
}

/// Names that may follow a common beginning of variables.
struct Group {
    prefix: String,
    /// For an array of tables its path and the key that names them.
    array: Option<(String, &'static str)>,
    names: Vec<String>,
}

impl Merger<'_> {
    fn collect(&mut self, env: impl IntoIterator<Item = (String, String)>) {
        let mut ours: Vec<_> = env.into_iter().filter(|(name, value)| is_ours(name, value)).collect();
        ours.sort();
        for (name, value) in ours {
            let key = normalize(name.get(PREFIX.len()..).unwrap_or_default());
            match self.variables.get(&key) {
                Some((earlier, _)) => {
                    let what = format!("sets the same as {}", cut(earlier));
                    self.reject_variable(&name, what, "keep one of them");
                }
                None => drop(self.variables.insert(key, (name, value))),
            }
        }
    }

    fn reject_variable(&self, name: &str, what: impl Into<String>, fix: impl Into<String>) {
        self.reader.findings.borrow_mut().faults.push(Fault::new(cut(name), what, fix));
    }

    fn table(&mut self, table: &mut DeTable<'_>, kind: Kind, path: &str, prefix: &str) {
        let keys = kind.keys();
        for key in &keys {
            self.apply(table, key, path, prefix);
        }
        let mut names: Vec<String> = keys.iter().flat_map(|key| key.names()).collect();
        names.dedup();
        let absent = |name: &&String| !table.contains_key(&***name);
        let absent: Vec<String> = names.iter().filter(absent).cloned().collect();
        let variant = kind.variant(table.get("kind").and_then(|kind| kind.get_ref().as_str()));
        let mut rejected = Vec::new();
        for (name, value) in table.iter_mut() {
            let at = join(path, name.get_ref());
            self.note(&at, name);
            let name = &**name.get_ref();
            let Some(key) = keys.iter().find(|key| key.names().any(|known| known == name)) else {
                let fix = match nearest(name, absent.iter().map(String::as_str)) {
                    Some(meant) => {
                        rejected.push(meant.to_owned());
                        format!("did you mean {meant}?")
                    }
                    None => format!("expected one of {}", names.join(", ")),
                };
                self.reader.fault(&at, "unknown key", fix);
                continue;
            };
            let below = format!("{prefix}{}__", normalize(name));
            if let Some((kind, own)) = &variant
                && !own.iter().any(|key| key.names().any(|known| known == name))
            {
                self.reader.fault(&at, format!("means nothing to the kind \"{kind}\""), "remove it");
            } else if !self.value(value.get_mut(), key.kind, &at, &below) {
                rejected.push(name.to_owned());
            }
        }
        for name in rejected {
            table.remove(&*name);
            self.reader.findings.borrow_mut().rejected.push(join(path, &name));
        }
        let names = names.iter().map(|name| normalize(name)).collect();
        self.groups.push(Group { prefix: prefix.to_owned(), array: None, names });
    }

    /// Sets a key of a table to what the environment says, in either form. Adds a table that variables are about.
    fn apply(&mut self, table: &mut DeTable<'_>, key: &Key, path: &str, prefix: &str) {
        let added = |value| Spanned::new(0..0, value);
        let set: Vec<_> = match key.kind {
            Kind::Tables(..) => return,
            Kind::Table(_) | Kind::Variants(_) => {
                let below = format!("{prefix}{}__", normalize(key.name));
                if !table.contains_key(key.name) && self.variables.keys().any(|name| name.starts_with(&below))
                {
                    table.insert(Spanned::new(0..0, key.name.into()), added(DeValue::Table(DeTable::new())));
                }
                return;
            }
            _ => {
                let take = |name: String| {
                    Some((self.variables.remove(&format!("{prefix}{}", normalize(&name)))?, name))
                };
                key.names().filter_map(take).collect()
            }
        };
        if !set.is_empty() {
            key.names().for_each(|name| drop(table.remove(&*name)));
        }
        for ((variable, value), name) in set {
            self.reader.places.sources.insert(join(path, &name), Source::Variable(variable));
            let value = if let Kind::List = key.kind {
                let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
                DeValue::Array(items.map(|item| added(DeValue::String(item.to_owned().into()))).collect())
            } else {
                DeValue::String(value.into())
            };
            table.insert(Spanned::new(0..0, name.into()), added(value));
        }
    }

    /// Returns whether a value has its type; otherwise adds a fault. Numbers become strings.
    fn value(&mut self, value: &mut DeValue<'_>, kind: Kind, at: &str, prefix: &str) -> bool {
        const TEXT: (&str, &str) = ("not a text", "put it in double quotes");
        let number = match value {
            // Digits of another radix aren't the ones that were meant.
            DeValue::Integer(number) if number.radix() == 10 || matches!(kind, Kind::Size(..)) => {
                i64::from_str_radix(number.as_str(), number.radix()).ok()
            }
            _ => None,
        };
        let (what, fix) = match (kind, &mut *value, number) {
            (Kind::Size(..) | Kind::Digits, DeValue::Integer(_), Some(number)) => {
                *value = DeValue::String(number.to_string().into());
                return true;
            }
            (Kind::Table(_) | Kind::Variants(_), DeValue::Table(table), _) => {
                self.table(table, kind, at, prefix);
                return true;
            }
            (Kind::Tables(by, keys), DeValue::Array(items), _) => {
                self.tables(items, by, keys, at, prefix);
                return true;
            }
            (Kind::List, DeValue::Array(items), _) => {
                let before = self.reader.findings.borrow().faults.len();
                for (nth, item) in items.iter().enumerate() {
                    let at = format!("{at}[{nth}]");
                    self.note(&at, item);
                    if !item.get_ref().is_str() {
                        self.reader.fault(&at, TEXT.0, TEXT.1);
                    }
                }
                return self.reader.findings.borrow().faults.len() == before;
            }
            (Kind::Table(_) | Kind::Variants(_), ..) => {
                ("not a table", &*format!("write [{}] above its keys", without_indices(at)))
            }
            (Kind::Tables(..), ..) => (
                "not an array of tables",
                &*format!("write [[{}]] above the keys of each", without_indices(at)),
            ),
            (Kind::List, ..) => ("not a list", "write [\"…\", \"…\"]"),
            (_, DeValue::String(_), _) => return true,
            (Kind::Size(..), ..) => {
                ("not a number that fits", "give a whole number, or a text like \"256KiB\"")
            }
            _ => TEXT,
        };
        self.reader.fault(at, what, fix);
        false
    }

    fn tables(
        &mut self,
        items: &mut [Spanned<DeValue<'_>>],
        by: &'static str,
        keys: &'static [Key],
        path: &str,
        prefix: &str,
    ) {
        let name = |item: &Spanned<DeValue<'_>>| {
            Some(item.get_ref().as_table()?.get(by)?.get_ref().as_str()?.to_owned())
        };
        let names: Vec<Option<String>> = items.iter().map(name).collect();
        let known = names.iter().flatten().map(|name| cut(name)).collect();
        self.groups.push(Group {
            prefix: prefix.to_owned(),
            array: Some((path.to_owned(), by)),
            names: known,
        });
        for (nth, item) in items.iter_mut().enumerate() {
            let at = format!("{path}[{nth}]");
            self.note(&at, item);
            let below = names.get(nth).and_then(Option::as_deref).map(|own| {
                let alike = names.iter().flatten().filter(|other| normalize(other) == normalize(own));
                let alike: Vec<_> = alike.map(|name| cut(name)).collect();
                (format!("{prefix}{}__", normalize(own)), alike)
            });
            if let Some((below, alike)) = &below
                && alike.len() > 1
            {
                let is_ambiguous = |name: &&String| name.starts_with(below);
                let ambiguous: Vec<_> = self.variables.keys().filter(is_ambiguous).cloned().collect();
                for (variable, _) in
                    ambiguous.iter().filter_map(|name| self.variables.remove(name)).collect::<Vec<_>>()
                {
                    let what = format!("fits both {}", alike.join(" and "));
                    self.reject_variable(&variable, what, "rename one of them, or set it in the file");
                }
            }
            // No variable has this prefix.
            let below = below.map_or_else(|| "\0".to_owned(), |(below, _)| below);
            if !self.value(item.get_mut(), Kind::Table(keys), &at, &below) {
                *item.get_mut() = DeValue::Table(DeTable::new());
                self.reader.findings.borrow_mut().rejected.push(at);
            }
        }
    }

    /// Notes the line of a key or item of the file.
    fn note<T>(&mut self, path: &str, item: &Spanned<T>) {
        let span = item.span();
        // What the environment adds is nowhere.
        if !span.is_empty() {
            let line = Source::Line(line_of(self.text, span.start));
            self.reader.places.sources.insert(path.to_owned(), line);
        }
    }

    fn reject_unused(&self) {
        let of_group = |group: &Group| -> Vec<String> {
            group.names.iter().map(|name| format!("{}{name}", group.prefix)).collect()
        };
        let known: Vec<String> =
            self.groups.iter().filter(|group| group.array.is_none()).flat_map(of_group).collect();
        let single = |name: &str| name.replace("__", "_");
        for (name, (variable, _)) in &self.variables {
            let group = self.groups.iter().filter(|group| name.starts_with(&group.prefix));
            let Some(group) = group.max_by_key(|group| group.prefix.len()) else { continue };
            let what = match &group.array {
                Some((path, by)) => format!("names no {path} by its {by}"),
                None => "names no key of the configuration".to_owned(),
            };
            let fix = if let Some(known) = known.iter().find(|known| single(known) == single(name)) {
                format!("parts are joined by two underscores: {PREFIX}{}", cut(known))
            } else if let Some(meant) = nearest(name, known.iter().map(String::as_str)) {
                format!("did you mean {PREFIX}{}?", cut(meant))
            } else {
                match &group.array {
                    Some((path, by)) if group.names.is_empty() => {
                        format!("add [[{}]] with its {by} to the file", without_indices(path))
                    }
                    _ => format!("expected one of {}", group.names.join(", ")),
                }
            };
            self.reject_variable(variable, what, fix);
        }
    }
}

/// Returns whether a variable is part of the configuration. Those above aren't, nor are those that Kubernetes sets for a
/// service named `wxhook`.
fn is_ours(name: &str, value: &str) -> bool {
    let is_link = name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.contains("_PORT_") && ["_TCP", "_UDP", "_SCTP"].iter().any(|part| name.contains(part)))
        || (name.ends_with("_PORT")
            && ["tcp://", "udp://", "sctp://"].iter().any(|part| value.starts_with(part)));
    name.starts_with(PREFIX) && !OTHERS.contains(&name) && !is_link
}

/// Returns a name in the form in which names compare: upper case, `_` for `-`.
fn normalize(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}

/// Returns the line of an offset, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

/// Returns a path as a table's header writes it.
fn without_indices(path: &str) -> String {
    path.split('[').map(|part| part.split_once(']').map_or(part, |(_, rest)| rest)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[[merchant]]\nname = \"shop\"\napi_v3_key_file = \"k\"\n[[merchant.platform_key]]\nid = \"PUB-1\"\n[[merchant]]\nname = \"my-shop\"\n[[merchant]]\nname = \"shop__two\"\n";

    /// Returns the merged table, where its values come from, and the faults.
    fn run(file: &str, variables: &[(&str, &str)]) -> (toml::Table, Vec<(String, String)>, Vec<String>) {
        let mut table = DeTable::parse(file).unwrap();
        let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let mut reader = Reader::default();
        reader.places.file = "w.toml".to_owned();
        let reader = merge(reader, file, table.get_mut(), env);
        let set = reader.places.sources.iter().filter_map(|(path, source)| match source {
            Source::Variable(name) => Some((path.clone(), name.clone())),
            Source::Line(_) => None,
        });
        let mut set: Vec<_> = set.collect();
        set.sort();
        let faults = reader.findings.into_inner().faults.iter().map(ToString::to_string).collect();
        (table_of(table.get_ref()), set, faults)
    }

    fn table_of(table: &DeTable<'_>) -> toml::Table {
        table.iter().map(|(name, value)| (name.get_ref().to_string(), value_of(value.get_ref()))).collect()
    }

    fn value_of(value: &DeValue<'_>) -> toml::Value {
        match value {
            DeValue::Table(table) => table_of(table).into(),
            DeValue::Array(items) => {
                items.iter().map(|item| value_of(item.get_ref())).collect::<Vec<_>>().into()
            }
            other => other.as_str().unwrap_or("unknown").into(),
        }
    }

    fn one(variable: &str) -> String {
        let (_, set, faults) = run(FILE, &[(variable, "x")]);
        match (set.as_slice(), faults.as_slice()) {
            ([(path, _)], []) => path.clone(),
            ([], [fault]) => fault.clone(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn variables_find_their_place() {
        for (variable, path) in [
            ("WXHOOK_LISTEN", "listen"),
            ("WXHOOK_LIMITS__BODY", "limits.body"),
            ("WXHOOK_STORE__RETENTION", "store.retention"),
            ("WXHOOK_MERCHANT__SHOP__MCHID", "merchant[0].mchid"),
            ("WXHOOK_merchant__Shop__mchid", "merchant[0].mchid"),
            ("WXHOOK_MERCHANT__MY_SHOP__MCHID", "merchant[1].mchid"),
            ("WXHOOK_MERCHANT__SHOP__TWO__MCHID", "merchant[2].mchid"),
            ("WXHOOK_MERCHANT__MY_SHOP__SINK__PATH", "merchant[1].sink.path"),
            ("WXHOOK_MERCHANT__SHOP__PLATFORM_KEY__PUB_1__FILE", "merchant[0].platform_key[0].file"),
        ] {
            assert_eq!(one(variable), path, "{variable}");
        }
        let (table, _, faults) = run(FILE, &[("WXHOOK_MERCHANT__SHOP__PATHS", "/a, /b,")]);
        assert_eq!(table["merchant"][0]["paths"], toml::Value::from(vec!["/a", "/b"]), "{faults:?}");
    }

    #[test]
    fn unknown_variables_are_rejected_with_what_is_known() {
        for (variable, says) in [
            ("WXHOOK_LISTNE", "names no key of the configuration; did you mean WXHOOK_LISTEN?"),
            ("WXHOOK_MERCHANT__SHOP__KEY", "names no key of the configuration; expected one of NAME, MCHID"),
            (
                "WXHOOK_MERCHANT__STORE__MCHID",
                "names no merchant by its name; expected one of shop, my-shop, shop__two",
            ),
            (
                "WXHOOK_MERCHANT_SHOP_API_V3_KEY",
                "names no key of the configuration; parts are joined by two underscores: WXHOOK_MERCHANT__SHOP__API_V3_KEY",
            ),
            (
                "WXHOOK_MERCHANT__SHOP_MCHID",
                "names no merchant by its name; parts are joined by two underscores: WXHOOK_MERCHANT__SHOP__MCHID",
            ),
            ("WXHOOK_NOTHING", "names no key of the configuration; expected one of LISTEN, ADMIN_LISTEN"),
            ("WXHOOK_MERCHANT", "names no key of the configuration"),
            (
                "WXHOOK_MERCHANT__SHOP__PLATFORM_KEY__2__FILE",
                "names no merchant[0].platform_key by its id; expected one of PUB-1",
            ),
        ] {
            assert!(one(variable).starts_with(&format!("{variable}: {says}")), "{}", one(variable));
        }
        let empty = "[[merchant]]\nname = \"shop\"\nplatform_key = []\n";
        let (_, _, faults) = run(empty, &[("WXHOOK_MERCHANT__SHOP__PLATFORM_KEY__2__FILE", "x")]);
        let fault = "names no merchant[0].platform_key by its id; add [[merchant.platform_key]] with its id to the file";
        assert!(faults[0].ends_with(fault), "{faults:?}");
        let twins = "[[merchant]]\nname = \"a-b\"\n[[merchant]]\nname = \"a_b\"\n";
        let (_, set, faults) = run(twins, &[("WXHOOK_MERCHANT__A_B__MCHID", "1")]);
        assert!(
            set.is_empty() && faults.len() == 1 && faults[0].contains("fits both a-b and a_b"),
            "{faults:?}"
        );
        let (_, _, faults) = run("", &[("WXHOOK_LISTEN", "1"), ("WXHOOK_listen", "2")]);
        assert_eq!(faults, ["WXHOOK_listen: sets the same as WXHOOK_LISTEN; keep one of them"]);
    }

    #[test]
    fn other_variables_are_ignored() {
        let others = [
            ("WXHOOK_LOG", "debug"),
            ("WXHOOK_PORT", "tcp://10.0.0.1:80"),
            ("WXHOOK_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("WXHOOK_SERVICE_HOST", "10.0.0.1"),
            ("WXHOOK_SERVICE_PORT_HTTP", "80"),
            ("PATH", "/bin"),
        ];
        let (_, set, faults) = run(FILE, &others);
        assert!(set.is_empty() && faults.is_empty(), "{set:?} {faults:?}");
        assert_eq!(run(FILE, &[("WXHOOK_PORT", "8080")]).2.len(), 1);
    }

    #[test]
    fn a_variable_replaces_both_forms() {
        let (table, ..) = run(FILE, &[("WXHOOK_MERCHANT__SHOP__API_V3_KEY", "k")]);
        let shop = table["merchant"][0].as_table().unwrap();
        assert!(shop["api_v3_key"].as_str() == Some("k") && !shop.contains_key("api_v3_key_file"));
        let (table, ..) = run(FILE, &[("WXHOOK_STORE__URL_FILE", "f"), ("WXHOOK_STORE__URL", "u")]);
        assert_eq!(table["store"].as_table().unwrap().len(), 2, "a fault of its own");
    }

    #[test]
    fn lines_of_keys_and_of_what_they_belong_to() {
        let text = "listen = \"x\"\n\n[[merchant]]\nname = \"a\"\n\n[[merchant]]\nname = \"b\"\npaths = [\n  \"/x\",\n  \"/y\",\n]\n[store]\nurl = \"\"\n";
        let places = |variables: &[(String, String)]| {
            let mut reader = Reader::default();
            reader.places.file = "w.toml".to_owned();
            merge(reader, text, DeTable::parse(text).unwrap().get_mut(), variables.to_vec()).places
        };
        let file = places(&[]);
        assert_eq!(file.get("listen"), "w.toml:1: listen");
        assert_eq!(file.get("merchant[0].mchid"), "w.toml:3: merchant[0].mchid");
        assert_eq!(file.get("merchant[1].mchid"), "w.toml:6: merchant[1].mchid");
        assert_eq!(file.get("merchant[1].name"), "w.toml:7: merchant[1].name");
        assert_eq!(file.get("merchant[1].paths[1]"), "w.toml:10: merchant[1].paths[1]");
        assert_eq!(file.get("store.retention"), "w.toml:12: store.retention");
        assert_eq!(file.get("sink.kind"), "w.toml: sink.kind");
        assert_eq!(places(&[("WXHOOK_LISTEN".into(), "y".into())]).get("listen"), "WXHOOK_LISTEN");
    }

    #[test]
    fn values_of_another_type_are_removed_and_the_rest_stays() {
        let text = "listen = 1\nadmin_listen = \"a\"\nmerchant = [5, { paths = [1, \"/a\"], mchid = true, sink = { kind = 1, url = \"u\" } }]\n[store]\nurl = []\nretention = \"7d\"";
        let (table, _, faults) = run(text, &[]);
        assert_eq!(faults.len(), 6, "{faults:#?}");
        let expected =
            "admin_listen = \"a\"\nmerchant = [{}, { sink = { url = \"u\" } }]\n[store]\nretention = \"7d\"";
        assert_eq!(table, toml::from_str(expected).unwrap());
        let digits = |mchid: &str| run(&format!("[[merchant]]\nmchid = {mchid}"), &[]).2.is_empty();
        assert!(digits("1900000109") && digits("\"1900000109\"") && !digits("0x1F") && !digits("1.5"));
    }

    #[test]
    fn each_unknown_key_and_wrong_type_has_its_line() {
        let known = "listen = \"x\"\n[limits]\nbody = 5\nconnections = \"7\"\n[[merchant]]\npaths = [\"/a\"]\n[[merchant.platform_key]]\nid = \"1\"\n[merchant.sink]\nkind = \"http\"";
        assert!(run(known, &[]).2.is_empty());
        let text = "listen = 1\nport = 2\n[[merchant]]\npaths = [1]\nplatform_key = 1\n[merchant.sink]\nsort = 1\n[limits]\nbody = 99999999999999999999\n[store]\nurl = []";
        let (_, _, found) = run(text, &[]);
        let expected = [
            "w.toml:1: listen: not a text; put it in double quotes",
            "w.toml:9: limits.body: not a number that fits",
            "w.toml:4: merchant[0].paths[0]: not a text",
            "w.toml:5: merchant[0].platform_key: not an array of tables; write [[merchant.platform_key]]",
            "w.toml:7: merchant[0].sink.sort: unknown key; expected one of kind, url, secret, secret_file",
            "w.toml:2: port: unknown key; expected one of listen, admin_listen",
            "w.toml:11: store.url: not a text",
        ];
        assert_eq!(found.len(), expected.len(), "{found:#?}");
        for start in expected {
            assert!(found.iter().any(|line| line.starts_with(start)), "{start}\n{found:#?}");
        }
    }
}
