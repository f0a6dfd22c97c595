use super::fault::{Fault, shown};
use super::nearest::nearest;
use super::origin::Origins;
use super::schema::{Key, Kind, ROOT, join, names};
use ::config::{Value, ValueKind};
use std::collections::BTreeMap;
use toml::de::{DeTable, DeValue};

/// What every variable of ours begins with.
const PREFIX: &str = "WXHOOK_";

/// Variables that the program reads itself; they are no part of the configuration.
const OTHERS: [&str; 3] = ["WXHOOK_CONFIG", "WXHOOK_LOG", "WXHOOK_LOG_FORMAT"];

/// What the variables set, by path; a variable replaces what the file says of the same thing, in either form
/// (`api_v3_key` or `api_v3_key_file`).
pub(super) fn overrides(
    env: impl IntoIterator<Item = (String, String)>,
    table: &DeTable<'_>,
    origins: &mut Origins,
    faults: &mut Vec<Fault>,
) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    let mut ours: Vec<_> = env.into_iter().filter(|(name, value)| is_ours(name, value)).collect();
    ours.sort();
    for (variable, value) in ours {
        let rest = normal(variable.get(PREFIX.len()..).unwrap_or_default());
        match resolve(&rest, ROOT, table, "") {
            Ok((path, kind)) => {
                if let Some(earlier) = origins.variable(&path) {
                    let what = format!("sets the same as {earlier}");
                    faults.push(Fault::new(shown(&variable), what, "keep one of them"));
                    continue;
                }
                origins.set_by(&path, &variable);
                found.insert(path, to_value(kind, value));
            }
            Err((what, fix)) => {
                let fix = meant(&rest, table).unwrap_or(fix);
                faults.push(Fault::new(shown(&variable), what, fix));
            }
        }
    }
    let replaced: Vec<_> = found.keys().filter_map(|path| other_form(path)).collect();
    for path in replaced {
        found.entry(path).or_insert_with(|| Value::new(None, ValueKind::Nil));
    }
    found
}

/// Whether a variable is part of the configuration. Not so are the ones above and those that Kubernetes sets for a
/// service that happens to be called `wxhook`.
fn is_ours(name: &str, value: &str) -> bool {
    let linked = name.ends_with("_SERVICE_HOST")
        || name.contains("_SERVICE_PORT")
        || (name.contains("_PORT_") && ["_TCP", "_UDP", "_SCTP"].iter().any(|part| name.contains(part)))
        || (name.ends_with("_PORT")
            && ["tcp://", "udp://", "sctp://"].iter().any(|part| value.starts_with(part)));
    name.starts_with(PREFIX) && !OTHERS.contains(&name) && !linked
}

/// Names compare ignoring case, and `-` and `_` alike.
fn normal(name: &str) -> String {
    name.chars()
        .map(|character| if character == '-' { '_' } else { character.to_ascii_uppercase() })
        .collect()
}

type Unresolved = (String, String);

/// The path and kind that the rest of a variable's name means among `keys`.
fn resolve(rest: &str, keys: &[Key], table: &DeTable<'_>, path: &str) -> Result<(String, Kind), Unresolved> {
    for key in keys {
        let Some(after) = rest.strip_prefix(&*normal(key.name)) else { continue };
        let at = join(path, key.name);
        let below = after.strip_prefix("__");
        match (key.kind, after, below) {
            (Kind::Text | Kind::Number | Kind::Digits | Kind::Texts, "", _) => return Ok((at, key.kind)),
            (Kind::Table(keys), _, Some(below)) => {
                let empty = DeTable::new();
                let inner = table.get(key.name).and_then(|value| value.get_ref().as_table());
                return resolve(below, keys, inner.unwrap_or(&empty), &at);
            }
            (Kind::Tables { by, keys }, _, Some(below)) => {
                let items = table.get(key.name).and_then(|value| value.get_ref().as_array());
                let items: Vec<_> = items.into_iter().flatten().map(toml::Spanned::get_ref).collect();
                return among(below, by, keys, &items, &at);
            }
            _ => {}
        }
    }
    Err((String::from("names no key of the configuration"), format!("known here: {}", names(keys))))
}

/// The same among tables that are addressed by their `by`.
fn among(
    rest: &str,
    by: &str,
    keys: &[Key],
    items: &[&DeValue<'_>],
    path: &str,
) -> Result<(String, Kind), Unresolved> {
    let named = |item: &DeValue<'_>| Some(item.as_table()?.get(by)?.get_ref().as_str()?.to_owned());
    let known: Vec<_> =
        items.iter().enumerate().filter_map(|(nth, item)| Some((nth, *item, named(item)?))).collect();
    let below = |name: &str| rest.strip_prefix(&*normal(name))?.strip_prefix("__").map(str::to_owned);
    let mut fits: Vec<_> =
        known.iter().filter_map(|(nth, item, name)| Some((nth, item, name, below(name)?))).collect();
    // A longer name may begin like a shorter one: `a` and `a__b`.
    fits.sort_by_key(|(_, _, _, below)| below.len());
    let list = known.iter().map(|(_, _, name)| shown(name)).collect::<Vec<_>>().join(", ");
    match fits.as_slice() {
        [] if known.is_empty() => Err((
            format!("there is no {path} with {} {by}", if by.starts_with('i') { "an" } else { "a" }),
            format!("add [[{}]] with its {by} to the file", path.split('[').next().unwrap_or(path)),
        )),
        [] => Err((format!("names no {path} by its {by}"), format!("known: {list}"))),
        [(_, _, one, shortest), (_, _, other, next), ..] if shortest.len() == next.len() => Err((
            format!("fits both {} and {}", shown(one), shown(other)),
            format!("rename one of them, or set it in the file; known: {list}"),
        )),
        [(nth, item, _, below), ..] => {
            let empty = DeTable::new();
            resolve(below, keys, item.as_table().unwrap_or(&empty), &format!("{path}[{nth}]"))
        }
    }
}

/// The variable that one was probably meant to be.
fn meant(rest: &str, table: &DeTable<'_>) -> Option<String> {
    let mut known = Vec::new();
    spell(ROOT, table, "", &mut known);
    let single = |name: &str| name.replace("__", "_");
    if let Some(name) = known.iter().find(|name| single(name) == single(rest)) {
        return Some(format!("parts are joined by two underscores: {PREFIX}{}", shown(name)));
    }
    nearest(rest, known.iter().map(String::as_str))
        .map(|name| format!("did you mean {PREFIX}{}?", shown(name)))
}

/// What may follow the prefix in a variable's name.
fn spell(keys: &[Key], table: &DeTable<'_>, before: &str, known: &mut Vec<String>) {
    let empty = DeTable::new();
    for key in keys {
        let name = format!("{before}{}", normal(key.name));
        let value = table.get(key.name).map(toml::Spanned::get_ref);
        match key.kind {
            Kind::Text | Kind::Number | Kind::Digits | Kind::Texts => known.push(name),
            Kind::Table(keys) => {
                let inner = value.and_then(DeValue::as_table).unwrap_or(&empty);
                spell(keys, inner, &format!("{name}__"), known);
            }
            Kind::Tables { by, keys } => {
                for item in value.and_then(DeValue::as_array).into_iter().flatten() {
                    let Some(item) = item.get_ref().as_table() else { continue };
                    let Some(own) = item.get(by).and_then(|own| own.get_ref().as_str()) else { continue };
                    spell(keys, item, &format!("{name}__{}__", normal(own)), known);
                }
            }
        }
    }
}

fn to_value(kind: Kind, value: String) -> Value {
    match kind {
        Kind::Texts => {
            let items = value.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::new(None, items.map(str::to_owned).collect::<Vec<_>>())
        }
        _ => Value::new(None, value),
    }
}

/// The path of a key's other form, if it has one: a value and the file that holds it exclude each other.
fn other_form(path: &str) -> Option<String> {
    const FORMS: [&str; 5] = ["admin_token", "api_v3_key", "api_v2_key", "url", "secret"];
    let (before, name) = path.rsplit_once('.').map_or(("", path), |(before, name)| (before, name));
    let is_store = before == "store";
    let other = match name.strip_suffix("_file") {
        Some(value) if FORMS.contains(&value) => value.to_owned(),
        None if FORMS.contains(&name) && (name != "url" || is_store) => format!("{name}_file"),
        _ => return None,
    };
    Some(join(before, &other))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "[[merchant]]\nname = \"shop\"\napi_v3_key_file = \"k\"\n[[merchant.platform_key]]\nid = \"PUB-1\"\n[[merchant]]\nname = \"my-shop\"\n[[merchant]]\nname = \"shop__two\"\n";

    fn run(file: &str, variables: &[(&str, &str)]) -> (Vec<(String, String)>, Vec<String>) {
        let table = DeTable::parse(file).unwrap();
        let mut origins = Origins::new("w.toml", file, table.get_ref());
        let mut faults = Vec::new();
        let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        let found = overrides(env, table.get_ref(), &mut origins, &mut faults);
        let found = found.into_iter().map(|(path, value)| (path, value.to_string())).collect();
        (found, faults.iter().map(ToString::to_string).collect())
    }

    fn one(variable: &str) -> String {
        let (found, faults) = run(FILE, &[(variable, "x")]);
        match (found.as_slice(), faults.as_slice()) {
            ([(path, _), ..], []) => path.clone(),
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
            ("WXHOOK_MERCHANT__MY_SHOP__SINK__KIND", "merchant[1].sink.kind"),
            ("WXHOOK_MERCHANT__SHOP__PLATFORM_KEY__PUB_1__FILE", "merchant[0].platform_key[0].file"),
        ] {
            assert_eq!(one(variable), path, "{variable}");
        }
    }

    #[test]
    fn what_names_nothing_is_said_with_what_is_known() {
        for (variable, says) in [
            ("WXHOOK_LISTNE", "names no key of the configuration; did you mean WXHOOK_LISTEN?"),
            ("WXHOOK_MERCHANT__SHOP__KEY", "names no key of the configuration; known here: name, mchid"),
            (
                "WXHOOK_MERCHANT__STORE__MCHID",
                "names no merchant by its name; known: shop, my-shop, shop__two",
            ),
            (
                "WXHOOK_MERCHANT_SHOP_API_V3_KEY",
                "names no key of the configuration; parts are joined by two underscores: WXHOOK_MERCHANT__SHOP__API_V3_KEY",
            ),
            (
                "WXHOOK_MERCHANT__SHOP_MCHID",
                "names no merchant by its name; parts are joined by two underscores: WXHOOK_MERCHANT__SHOP__MCHID",
            ),
            ("WXHOOK_NOTHING", "names no key of the configuration; known here: listen, admin_listen"),
            ("WXHOOK_MERCHANT", "names no key of the configuration"),
            (
                "WXHOOK_MERCHANT__SHOP__PLATFORM_KEY__2__FILE",
                "names no merchant[0].platform_key by its id; known: PUB-1",
            ),
            (
                "WXHOOK_MERCHANT__MY_SHOP__PLATFORM_KEY__2__FILE",
                "there is no merchant[1].platform_key with an id",
            ),
        ] {
            assert!(one(variable).starts_with(&format!("{variable}: {says}")), "{}", one(variable));
        }
        let twins = "[[merchant]]\nname = \"a-b\"\n[[merchant]]\nname = \"a_b\"\n";
        let (found, faults) = run(twins, &[("WXHOOK_MERCHANT__A_B__MCHID", "1")]);
        assert!(found.is_empty() && faults[0].contains("fits both a-b and a_b"), "{faults:?}");
        let (_, faults) = run("", &[("WXHOOK_LISTEN", "1"), ("WXHOOK_listen", "2")]);
        assert_eq!(faults, ["WXHOOK_listen: sets the same as WXHOOK_LISTEN; keep one of them"]);
    }

    #[test]
    fn others_are_left_alone() {
        let others = [
            ("WXHOOK_LOG", "debug"),
            ("WXHOOK_PORT", "tcp://10.0.0.1:80"),
            ("WXHOOK_PORT_80_TCP_ADDR", "10.0.0.1"),
            ("WXHOOK_SERVICE_HOST", "10.0.0.1"),
            ("WXHOOK_SERVICE_PORT_HTTP", "80"),
            ("PATH", "/bin"),
        ];
        assert_eq!(run(FILE, &others), (Vec::new(), Vec::new()));
        assert_eq!(run(FILE, &[("WXHOOK_PORT", "8080")]).1.len(), 1);
    }

    #[test]
    fn a_variable_replaces_both_forms() {
        let (found, _) = run(FILE, &[("WXHOOK_MERCHANT__SHOP__API_V3_KEY", "k")]);
        assert_eq!(found[1], (String::from("merchant[0].api_v3_key_file"), String::from("nil")));
        let (found, _) = run(FILE, &[("WXHOOK_STORE__URL_FILE", "f"), ("WXHOOK_STORE__URL", "u")]);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(_, value)| value != "nil"));
        let (found, _) = run(FILE, &[("WXHOOK_SINK__URL", "u")]);
        assert_eq!(found.len(), 1, "a sink's url has no other form");
    }
}
