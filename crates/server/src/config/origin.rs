use super::schema::join;
use std::collections::HashMap;
use toml::de::{DeTable, DeValue};

/// Where each part of the configuration comes from: a line of the file, or a variable.
#[derive(Debug, Default)]
pub(super) struct Origins {
    file: String,
    lines: HashMap<String, usize>,
    variables: HashMap<String, String>,
}

impl Origins {
    /// Of a file's text, read as `table`.
    pub(super) fn new(file: &str, text: &str, table: &DeTable<'_>) -> Self {
        let mut origins = Self { file: file.to_owned(), lines: HashMap::new(), variables: HashMap::new() };
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at).collect();
        origins.note_table(table, "", &Lines(breaks));
        origins
    }

    /// Notes that `path` is set by a variable.
    pub(super) fn set_by(&mut self, path: &str, variable: &str) {
        self.variables.insert(path.to_owned(), variable.to_owned());
    }

    /// The variable that sets `path`.
    pub(super) fn variable(&self, path: &str) -> Option<&str> {
        self.variables.get(path).map(String::as_str)
    }

    /// How a message names `path`, shown as `display`: the variable, or the file, the line of it or of what it belongs
    /// to, and the key.
    pub(super) fn place(&self, display: &str, path: &str) -> String {
        if let Some(variable) = self.variables.get(path) {
            return variable.clone();
        }
        let mut known = path;
        loop {
            if let Some(line) = self.lines.get(known) {
                return format!("{}:{line}: {display}", self.file);
            }
            match known.rfind(['.', '[']) {
                Some(end) => known = known.get(..end).unwrap_or_default(),
                None => return format!("{}: {display}", self.file),
            }
        }
    }

    fn note_table(&mut self, table: &DeTable<'_>, path: &str, lines: &Lines) {
        for (key, value) in table {
            let at = join(path, key.get_ref());
            self.lines.insert(at.clone(), lines.line(key.span().start));
            self.note_value(value.get_ref(), &at, lines);
        }
    }

    fn note_value(&mut self, value: &DeValue<'_>, at: &str, lines: &Lines) {
        match value {
            DeValue::Table(table) => self.note_table(table, at, lines),
            DeValue::Array(items) => {
                for (nth, item) in items.iter().enumerate() {
                    let at = format!("{at}[{nth}]");
                    self.lines.insert(at.clone(), lines.line(item.span().start));
                    self.note_value(item.get_ref(), &at, lines);
                }
            }
            _ => {}
        }
    }
}

/// The offsets of a text's line breaks.
struct Lines(Vec<usize>);

impl Lines {
    /// The line of an offset, from 1.
    fn line(&self, offset: usize) -> usize {
        self.0.partition_point(|end| *end < offset) + 1
    }
}

/// The line of an offset, from 1.
pub(super) fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_keys_and_of_what_they_belong_to() {
        let text = "listen = \"x\"\n\n[[merchant]]\nname = \"a\"\n\n[[merchant]]\nname = \"b\"\npaths = [\n  \"/x\",\n  \"/y\",\n]\n[store]\nurl = \"\"\n";
        let table = DeTable::parse(text).unwrap();
        let mut origins = Origins::new("w.toml", text, table.get_ref());
        let place = |origins: &Origins, path: &str| origins.place(path, path);
        assert_eq!(place(&origins, "listen"), "w.toml:1: listen");
        assert_eq!(place(&origins, "merchant[0].mchid"), "w.toml:3: merchant[0].mchid");
        assert_eq!(place(&origins, "merchant[1].mchid"), "w.toml:6: merchant[1].mchid");
        assert_eq!(place(&origins, "merchant[1].name"), "w.toml:7: merchant[1].name");
        assert_eq!(place(&origins, "merchant[1].paths[1]"), "w.toml:10: merchant[1].paths[1]");
        assert_eq!(place(&origins, "store.retention"), "w.toml:12: store.retention");
        assert_eq!(place(&origins, "sink.kind"), "w.toml: sink.kind");
        origins.set_by("listen", "WXHOOK_LISTEN");
        assert_eq!(place(&origins, "listen"), "WXHOOK_LISTEN");
        assert_eq!(line_of(text, 0), 1);
        assert_eq!(line_of(text, text.len()), 14);
    }
}
