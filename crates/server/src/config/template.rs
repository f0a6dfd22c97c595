use super::Config;
use super::keys::{Key, Kind, ROOT};
use super::reader::join;

impl Config {
    /// Returns a commented configuration file that names every key, with one merchant and a sink on standard output.
    ///
    /// Its `api_v3_key_file` and the `id` and `file` of its platform key must be filled in, as must an empty `mchid`.
    pub fn template(merchant: &str, mchid: &str) -> String {
        let values = [
            ("merchant.name", merchant),
            ("merchant.mchid", mchid),
            ("merchant.api_v3_key_file", "api_v3_key"),
            ("merchant.platform_key.id", ""),
            ("merchant.platform_key.file", "wechatpay_pub.pem"),
            ("sink.kind", "stdout"),
        ];
        let head = "# Configuration of wxhook. `#key = …` shows a default, or a key that is optional.\n";
        let mut text = head.to_owned();
        write(&mut text, &ROOT.keys(), "", &values);
        text
    }
}

/// Writes the keys of a table, those without a value as comments.
fn write(text: &mut String, keys: &[&Key], path: &str, values: &[(&str, &str)]) {
    for key in keys {
        let (at, doc) = (join(path, key.name), key.doc);
        let is_set = values.iter().any(|(path, _)| path.starts_with(&format!("{at}.")));
        let mark = if is_set { "" } else { "#" };
        match key.kind {
            Kind::Table(_) | Kind::Variants(_) => text.push_str(&format!("\n# {doc}\n{mark}[{at}]\n")),
            Kind::Tables(..) => text.push_str(&format!("\n# {doc}\n{mark}[[{at}]]\n")),
            _ => {
                let set = key.names().find_map(|name| {
                    let (_, value) = values.iter().find(|(set, _)| **set == join(path, &name))?;
                    Some((*value, name))
                });
                let line = match set {
                    Some((value, name)) => format!("{name} = {}", toml::Value::from(value)),
                    // A secret belongs in a file of its own.
                    None if matches!(key.kind, Kind::Secret) => format!("#{}_file = \"\"", key.name),
                    None => format!("#{} = \"{}\"", key.name, key.default),
                };
                text.push_str(&format!("# {doc}\n{line}\n"));
            }
        }
        // A merchant's sink has the keys of the common one.
        if at == "sink" {
            let Kind::Variants(variants) = key.kind else { continue };
            write(text, key.kind.keys().get(..1).unwrap_or_default(), &at, values);
            for (kind, keys) in variants {
                text.push_str(&format!("# kind = \"{kind}\"\n"));
                write(text, &keys.iter().collect::<Vec<_>>(), &at, values);
            }
        } else if !matches!(key.kind, Kind::Variants(_)) {
            write(text, &key.kind.keys(), &at, values);
        }
    }
}
