//! The page of one catalog entry.

use std::fmt::Write as _;

use wxhook_simulator::example;
use wxhook_wire::{Catalog, EventMeta, FieldMeta, Protocol, When};

use super::entry::{kind, values};
use crate::grid::wrap;
use crate::json::pretty;
use crate::named;

const EXAMPLE: &str = "\n  example\n    ";

/// Returns the page of an entry, in lines of at most this width, except those of the example.
pub(super) fn page(meta: &EventMeta, catalog: &dyn Catalog, width: Option<usize>) -> String {
    let page = whole(meta, catalog);
    let (text, example) = page.split_once(EXAMPLE).unwrap_or((&page, ""));
    let lines = text.split('\n').map(|line| {
        let depth = line.len() - line.trim_start().len();
        // Behind the names of facts, or a bit further to the right than a field.
        let is_fact = depth == 2 && line.get(16..17).is_some_and(|blank| blank == " ");
        wrap(line, if is_fact { 16 } else { depth + 4 }, width)
    });
    lines.collect::<Vec<_>>().join("\n") + EXAMPLE + example
}

fn whole(meta: &EventMeta, catalog: &dyn Catalog) -> String {
    let mut page = format!("{}  {}\n", named::name(meta), meta.title);
    if !meta.doc.is_empty() {
        line(&mut page, "", meta.doc);
    }
    line(&mut page, "type", if meta.type_name.is_empty() { "–" } else { meta.type_name });
    line(&mut page, "for", &super::modes(meta));
    if meta.protocol == Protocol::V2 {
        line(&mut page, "told by", &condition(&meta.identified_by));
    }
    if meta.variant.is_some() {
        line(&mut page, "variant if", &condition(&meta.when));
    }
    if let Some(new) = meta.key.name {
        line(&mut page, "renamed to", new);
    }
    let last = if meta.protocol == Protocol::V2 { "the fingerprint" } else { "the notification's id" };
    let mut key: Vec<_> = meta.key.alternatives.iter().map(|components| components.join(" + ")).collect();
    key.push(last.to_owned());
    line(&mut page, "key", &key.join(", else "));
    line(&mut page, "if changed", meta.on_changed.as_str());
    line(&mut page, "resent", named::resent(meta));
    for (editions, text) in rows(meta) {
        let name = if editions.len() == 1 { "edition" } else { "editions" };
        line(&mut page, &format!("{name} {}", editions.join(", ")), &text);
    }
    for (title, fields) in
        [("fields", meta.fields), ("fields around it", meta.envelope), ("fields of the reply", meta.reply)]
    {
        if !fields.is_empty() {
            let _written = write!(page, "\n  {title}\n");
            write_fields(&mut page, fields, 2);
        }
    }
    let example = pretty(&example(meta, catalog)).replace('\n', "\n    ");
    let _written = write!(page, "{EXAMPLE}{example}");
    page
}

/// Returns the texts of the overview and their editions, each text once.
fn rows(meta: &EventMeta) -> Vec<(Vec<&'static str>, String)> {
    let mut rows: Vec<(Vec<_>, String)> = Vec::new();
    for row in meta.rows {
        let modes: Vec<_> = row.modes.iter().map(|mode| mode.as_str()).collect();
        let fragment = row.fragment.map(|fragment| format!(" #{fragment}")).unwrap_or_default();
        let text = format!("{}{fragment} ({})", row.title, modes.join(", "));
        match rows.iter_mut().find(|(_, known)| *known == text) {
            Some((editions, _)) if !editions.contains(&row.edition) => editions.push(row.edition),
            Some(_) => {}
            None => rows.push((vec![row.edition], text)),
        }
    }
    rows
}

fn line(page: &mut String, name: &str, text: &str) {
    let _written = writeln!(page, "  {name:<13} {text}");
}

fn write_fields(page: &mut String, fields: &[FieldMeta], depth: usize) {
    for field in fields {
        let names: Vec<_> = [field.name].into_iter().chain(field.aliases.iter().copied()).collect();
        let mut what = kind(&field.kind);
        if field.required {
            what.push_str(", required");
        }
        let _written = write!(page, "{}{} ({what})  {}", "  ".repeat(depth), names.join("|"), field.doc);
        if !values(field).is_empty() {
            let _written = write!(page, " {}", values(field).join(" "));
        }
        page.push('\n');
        write_fields(page, field.kind.fields(), depth + 1);
    }
}

/// Describes a condition.
pub(crate) fn condition(when: &When) -> String {
    let list = |conditions: &[When], word: &str| {
        let parts: Vec<_> = conditions.iter().map(condition).collect();
        format!("({})", parts.join(word))
    };
    match when {
        When::Always => "always".to_owned(),
        When::Present(path) => format!("{path} is present"),
        When::Equals(path, text) => format!("{path} is {text}"),
        When::EnvelopePresent(path) => format!("the envelope's {path} is present"),
        When::EnvelopeEquals(path, text) => format!("the envelope's {path} is {text}"),
        When::All(conditions) => list(conditions, " and "),
        When::Any(conditions) => list(conditions, " or "),
        _ => "–".to_owned(),
    }
}
