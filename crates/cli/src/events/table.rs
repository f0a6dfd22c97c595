use serde::Deserialize;
use serde_json::value::RawValue;
use wxhook_server::Amount;

use crate::grid::{Column, Shrink, grid};
use crate::json::plain;
use crate::zone::Zone;

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
    /// Only in extended pages, as the amount.
    #[serde(default)]
    numbers: Vec<Number>,
    #[serde(default)]
    amount: Option<Amount>,
}

#[derive(Debug, Clone, Deserialize)]
struct Number {
    name: String,
    value: String,
}

/// The merchant's own numbers of an order, the most common first.
const ORDER_NUMBERS: [&str; 4] = ["out_trade_no", "combine_out_trade_no", "out_order_no", "out_bill_no"];

impl Item {
    pub(super) fn read(json: &RawValue) -> serde_json::Result<Self> {
        serde_json::from_str(json.get())
    }

    /// Returns `EVENT#VARIANT`.
    pub(super) fn event(&self) -> String {
        match &self.variant {
            Some(variant) => format!("{}#{variant}", self.event_type),
            None => self.event_type.clone(),
        }
    }

    /// Returns the key without the parts of other columns.
    pub(super) fn number(&self) -> &str {
        // `merchant/EVENT/name=value/…`; the name of a v2 event has a slash itself.
        let rest = self.key.strip_prefix(&self.merchant).and_then(|rest| rest.strip_prefix('/'));
        let event = rest.and_then(|rest| rest.strip_prefix(&self.event_type));
        event.and_then(|rest| rest.strip_prefix('/')).unwrap_or(&self.key)
    }

    /// Returns the merchant's own number of the order, or else another number of it.
    pub(super) fn order_number(&self) -> &str {
        let of = |wanted: &dyn Fn(&str) -> bool| self.numbers.iter().find(|number| wanted(&number.name));
        let own = ORDER_NUMBERS.iter().find_map(|name| of(&|other| other == *name));
        let number = own.or_else(|| of(&|name| name.starts_with("out_"))).or_else(|| self.numbers.first());
        number.map_or("", |number| &number.value)
    }

    /// Returns the amount in yuan, `12.34`; in another currency with its code.
    pub(super) fn amount(&self) -> String {
        self.amount.as_ref().map_or_else(String::new, Amount::to_string)
    }
}

/// Returns a line for each record, of at most this width, or complete.
pub(super) fn table(items: &[Item], zone: &Zone, width: Option<usize>) -> String {
    let cells = |cell: &dyn Fn(&Item) -> String| items.iter().map(|item| plain(&cell(item))).collect();
    let short: Option<Vec<_>> = items.iter().map(|item| zone.short(&item.accepted_at)).collect();
    // Times with different offsets would be ambiguous.
    let short = short
        .filter(|short| short.windows(2).all(|pair| matches!(pair, [(_, one), (_, other)] if one == other)));
    let accepted = match short.as_deref() {
        Some([(_, offset), ..]) => {
            let header = format!("at {offset}");
            Shrink::To(header, short.iter().flatten().map(|(at, _)| at.clone()).collect())
        }
        _ => Shrink::Never,
    };
    let all = width.is_none();
    let is_one = items.windows(2).all(|pair| matches!(pair, [one, other] if one.merchant == other.merchant));
    let merchant = if is_one { Shrink::Whole } else { Shrink::End(6) };
    let flags =
        if all || items.iter().any(|item| !item.flags.is_empty()) { Shrink::End(7) } else { Shrink::Whole };
    let columns = vec![
        Column::new("seq", cells(&|item| item.seq.to_string()), Shrink::Never),
        Column::new("accepted", cells(&|item| zone.full(&item.accepted_at)), accepted),
        Column::new("merchant", cells(&|item| item.merchant.clone()), merchant),
        Column::new("event", cells(&Item::event), Shrink::End(14)),
        Column::new("state", cells(&|item| item.state.clone()), Shrink::Never),
        Column::new("flags", cells(&|item| item.flags.join(",")), flags),
        Column::new("number", cells(&|item| item.order_number().to_owned()), Shrink::Start(10)),
        Column::new("amount", cells(&Item::amount), Shrink::Never).right(),
        Column::new("key", cells(&|item| item.number().to_owned()), Shrink::Whole),
    ];
    grid(columns, &[8, 1, 2, 5, 3, 6], width)
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
        let refund =
            item("v2/refund-processed", "shop/v2/refund-processed/refund_id=5/refund_status=SUCCESS");
        assert_eq!(refund.number(), "refund_id=5/refund_status=SUCCESS");
        // A renamed event has the key of its newer name.
        assert_eq!(item("OLD.NAME", "shop/NEW.NAME/id=5").number(), "shop/NEW.NAME/id=5");
    }

    #[test]
    fn nothing_reaches_the_terminal_but_text() {
        let item = Item { event_type: "A\u{1b}[31m".to_owned(), ..item("A", "k") };
        let table = table(&[item], &Zone::parse("UTC").unwrap(), None);
        assert!(table.contains("A\u{fffd}[31m") && !table.contains('\u{1b}'), "{table}");
    }

    #[test]
    fn the_order_number_and_the_amount_are_told() {
        let number = |name: &str, value: &str| Number { name: name.to_owned(), value: value.to_owned() };
        let of = |numbers: Vec<Number>| Item { numbers, ..item("A", "k") }.order_number().to_owned();
        assert_eq!(of(vec![number("transaction_id", "1"), number("out_trade_no", "2")]), "2");
        assert_eq!(of(vec![number("transaction_id", "1"), number("out_refund_no", "3")]), "3");
        assert_eq!(of(vec![number("transaction_id", "1")]), "1");
        assert_eq!(of(Vec::new()), "");
    }

    #[test]
    fn lists_fit_a_terminal_and_are_whole_elsewhere() {
        let key = "shop/TRANSACTION.SUCCESS/transaction_id=4200001234202601010123456789";
        let mut item = item("TRANSACTION.SUCCESS", key);
        item.variant = Some("GLOBAL_PARTNER".to_owned());
        item.numbers = vec![Number {
            name: "out_trade_no".to_owned(),
            value: "1217752501201407033233368018".to_owned(),
        }];
        item.amount = serde_json::from_str(r#"{"value":123456,"currency":null}"#).unwrap();
        let zone = Zone::parse("+08:00").unwrap();
        for (flags, width) in
            [(vec![], 80), (vec!["changed".to_owned(), "unsigned".to_owned()], 80), (vec![], 100)]
        {
            let item = Item { flags, seq: 1_234_567, ..item.clone() };
            let table = table(&[item.clone(), item], &zone, Some(width));
            assert!(table.lines().all(|line| line.chars().count() <= width), "{table}");
            assert!(table.contains("at +08:00") && table.contains("01-01 08:00"), "{table}");
            assert!(table.contains("1234.56") && table.contains("68018"), "{table}");
        }
        let whole = table(&[item], &zone, None);
        for part in [
            "2026-01-01T08:00:00+08:00",
            "TRANSACTION.SUCCESS#GLOBAL_PARTNER",
            "1217752501201407033233368018",
            "transaction_id=4200001234202601010123456789",
            "changed",
        ] {
            assert!(whole.contains(part), "{part}\n{whole}");
        }
        assert!(!whole.contains('…'));
    }
}
