use comfy_table::{ContentArrangement, Table};
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::out;

/// A record in a list.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Item {
    pub(super) seq: u64,
    pub(super) key: String,
    pub(super) merchant: String,
    pub(super) event_type: String,
    pub(super) variant: Option<String>,
    pub(super) state: String,
    pub(super) flags: Vec<String>,
    pub(super) generation: u32,
    pub(super) attempts: u32,
    pub(super) accepted_at: String,
    pub(super) error: Option<String>,
}

impl Item {
    pub(super) fn read(json: &RawValue) -> serde_json::Result<Self> {
        serde_json::from_str(json.get())
    }

    /// `EVENT#VARIANT`.
    pub(super) fn event(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{}#{variant}", self.event_type),
            None => self.event_type.clone(),
        }
    }

    /// The key without what stands in other columns.
    fn number(&self) -> &str {
        // `merchant/EVENT/name=value/…`; the name of a v2 event has a slash itself.
        let rest = self.key.strip_prefix(&self.merchant).and_then(|rest| rest.strip_prefix('/'));
        let event = rest.and_then(|rest| rest.strip_prefix(&self.event_type));
        event.and_then(|rest| rest.strip_prefix('/')).unwrap_or(&self.key)
    }

    /// To the second.
    fn accepted(&self) -> String {
        match self.accepted_at.split_once('.') {
            Some((seconds, _)) => format!("{seconds}Z"),
            None => self.accepted_at.clone(),
        }
    }

    /// Its cells, under [`HEADER`].
    pub(super) fn row(&self) -> [String; 7] {
        [
            self.seq.to_string(),
            self.accepted(),
            self.merchant.clone(),
            self.event(),
            self.state.clone(),
            self.flags.join(","),
            self.number().to_owned(),
        ]
        .map(|cell| plain(&cell))
    }
}

/// Characters of a key in a table; `show` has all of it.
const MOST_KEY: usize = 60;
const HEADER: [&str; 7] = ["seq", "accepted", "merchant", "event", "state", "flags", "key"];

/// A line for each record.
pub(super) fn table(items: &[Item]) -> String {
    let mut table = Table::new();
    table.load_style(out::TABLE).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(HEADER);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    for item in items {
        let mut row = item.row();
        if let Some(key) = row.last_mut()
            && let Some((end, _)) = key.char_indices().nth(MOST_KEY)
        {
            key.truncate(end);
            key.push('…');
        }
        table.add_row(row);
    }
    table.trim_fmt()
}

/// Nothing that a terminal could take for more than text.
pub(super) fn plain(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '\u{fffd}' } else { character }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(event_type: &str, key: &str) -> Item {
        let json = format!(
            r#"{{"seq":7,"key":{key:?},"merchant":"shop","event_type":{event_type:?},"variant":null,"id":null,"state":"done",
            "flags":["changed"],"generation":1,"attempts":1,"accepted_at":"2026-01-01T00:00:00.123Z",
            "seen_at":"","due_at":null,"error":null}}"#
        );
        serde_json::from_str(&json).unwrap()
    }

    #[test]
    fn the_key_is_shown_without_what_stands_beside_it() {
        let row =
            item("v2/refund-processed", "shop/v2/refund-processed/refund_id=5/refund_status=SUCCESS").row();
        assert_eq!(row[6], "refund_id=5/refund_status=SUCCESS");
        assert_eq!(row[1], "2026-01-01T00:00:00Z");
        // A renamed event has the key of its newer name.
        assert_eq!(item("OLD.NAME", "shop/NEW.NAME/id=5").row()[6], "shop/NEW.NAME/id=5");
    }

    #[test]
    fn nothing_reaches_the_terminal_but_text() {
        assert_eq!(Item { event_type: "A\u{1b}[31m".to_owned(), ..item("A", "k") }.row()[3], "A\u{fffd}[31m");
    }
}
