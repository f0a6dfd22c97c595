//! A small catalog without a fault; tests break it in one place.

use super::fault::texts;
use super::input::{CATALOG, GLOSSARY, OVERVIEW, Sources, load};
use super::model::Catalog;

const TABLES: &str = "\
# Overview

## Edition 1

| 通知格式 | 直连商户模式 | 合作伙伴模式
| :------: | :----------: | :----------:
| XML {rowspan=1} | [付款通知](/webhook/v2/paid) {colspan=2}
| JSON {rowspan=2} | [支付通知](/webhook/v3/PAID) {colspan=2}
| [服务商支付](/webhook/v3/PAID#PARTNER) :closed_lock_with_key: {colspan=2}
| JSON | | [旧签约通知](/webhook/v3/OLD.SIGN)

## Edition 2

| 通知格式 | 直连商户模式 | 合作伙伴模式
| :------: | :----------: | :----------:
| XML {rowspan=1} | [付款通知](/webhook/v2/paid) {colspan=2}
| JSON {rowspan=2} | [支付成功通知](/webhook/v3/PAID)
| | [服务商支付通知](/webhook/v3/PAID#PARTNER) :closed_lock_with_key:
| JSON | | [签约通知](/webhook/v3/SIGN)
";

pub(crate) const AREA: &str = "fixtures/catalog/areas/pay.toml";
pub(crate) const PAID: &str = "fixtures/catalog/v3/PAID.toml";
pub(crate) const SIGN: &str = "fixtures/catalog/v3/SIGN.toml";
pub(crate) const OLD_SIGN: &str = "fixtures/catalog/v3/OLD.SIGN.toml";
pub(crate) const V2_PAID: &str = "fixtures/catalog/v2/paid.toml";
pub(crate) const V2_REFUND: &str = "fixtures/catalog/v2/refund.toml";

const FILES: [(&str, &str); 7] = [
    (
        AREA,
        r#"title = "Payments"
doc = "Paid."

[enum.State]
doc = "How it stands."
[enum.State.values]
SUCCESS = "Paid."
NOTPAY = { name = "NotPaid", doc = "Not paid." }

[object.Amount]
doc = "Amounts."
[object.Amount.fields]
total = { type = "fen", required = true, unit = "currency" }
currency = { type = "string" }

[object.Good]
doc = "A good."
[object.Good.fields]
good_id = { type = "string" }
amount = { type = "Amount" }
"#,
    ),
    (
        PAID,
        r#"event = "PAID"
protocol = "v3"
area = "pay"
type = "Paid"
doc = "It is paid."
cipher = "aes-gcm"
on_changed = "park"
key = [["id"], ["mchid|sub_mchid?", "@create_time"]]
older_keys = [[["id", "state?"]]]

[[variant]]
name = "PARTNER"
type = "PaidPartner"
doc = "It is paid to a sub-merchant."
when = { all = [{ present = "sub_mchid" }, { equals = ["amount.currency", "CNY"] }] }
key = [["id", "goods.amount.total?"]]
confidence = "high"
[variant.fields]
id = { type = "string" }
sub_mchid = { type = "string", alias = ["sub_mch_id"] }
amount = { type = "Amount" }
goods = { type = "json [Good]" }

[[variant]]
name = "BASIC"
type = "PaidBasic"
doc = "It is paid."
when = { envelope_equals = ["resource.original_type", "transaction"] }
[variant.fields]
id = { type = "string" }
mchid = { type = "string" }
state = { type = "State", values = ["SUCCESS"], doc = "How the payment stands." }
paid_at = { type = "time", format = "yyyyMMdd" }
"#,
    ),
    (
        SIGN,
        r#"event = "SIGN"
protocol = "v3"
area = "pay"
type = "Sign"
doc = "It is signed."
cipher = "aes-gcm"
schedule = "score"
on_changed = "deliver"
key = [["id"]]
question = true

[fields]
id = { type = "string" }

[reply]
state = { type = "State", doc = "The answer." }
"#,
    ),
    (
        OLD_SIGN,
        r#"event = "OLD.SIGN"
protocol = "v3"
area = "pay"
type = "OldSign"
doc = "It is signed."
cipher = "none"
on_changed = "deliver"
key = []
renamed_to = "SIGN"

[fields]
id = { type = "string" }
"#,
    ),
    (
        V2_PAID,
        r#"event = "paid"
protocol = "v2"
area = "pay"
type = "V2Paid"
doc = "It is paid."
cipher = "none"
on_changed = "park"
key = [["id", "@mchid?"]]
identified_by = { present = "id" }
order = 2

[fields]
id = { type = "string" }
mchid = { type = "string" }
goods = { type = "numbered Good" }
"#,
    ),
    (
        V2_REFUND,
        r#"event = "refund"
protocol = "v2"
area = "pay"
type = "V2Refund"
doc = "It is paid back."
title = "退款"
cipher = "aes-ecb"
on_changed = "park"
key = [["id"]]
identified_by = { envelope_present = "req_info" }
order = 1

[envelope]
mchid = { type = "string" }
req_info = { type = "string" }

[fields]
id = { type = "string" }
"#,
    ),
    (
        GLOSSARY,
        r#"amount = "The amounts."
currency = "The currency."
good_id = "The number of the good."
goods = "The goods."
id = "The number."
mchid = "The merchant."
paid_at = "When it was paid."
req_info = "What is hidden."
sub_mchid = "The sub-merchant."
total = "The total."
"#,
    ),
];

pub(crate) fn sources() -> Sources {
    let mut sources = Sources::default();
    sources.insert(OVERVIEW, TABLES);
    for (path, text) in FILES {
        assert!(path.starts_with(CATALOG));
        sources.insert(path, text);
    }
    sources
}

pub(crate) fn catalog(sources: &Sources) -> Catalog {
    load(sources).unwrap_or_else(|faults| panic!("{}", texts(&faults).join("\n")))
}

/// The sample with one text in place of another, which stands there once.
#[track_caller]
pub(crate) fn edited(path: &str, from: &str, to: &str) -> Sources {
    let mut sources = sources();
    let text = sources.get(path).unwrap().to_owned();
    assert_eq!(text.matches(from).count(), 1, "{path}: {from}");
    sources.insert(path, text.replace(from, to));
    sources
}

/// The sample with a file under another path.
pub(crate) fn moved(from: &str, to: &str) -> Sources {
    let all = sources();
    let mut moved = Sources::default();
    for (path, text) in all.under("") {
        moved.insert(if path == from { to } else { path }, text);
    }
    moved
}

/// Asserts that the edit gives this one fault.
#[track_caller]
pub(crate) fn assert_fault(path: &str, from: &str, to: &str, expected: &str) {
    assert_only_fault(&edited(path, from, to), expected);
}

/// Asserts that these have this one fault.
#[track_caller]
pub(crate) fn assert_only_fault(sources: &Sources, expected: &str) {
    assert_eq!(texts(&load(sources).unwrap_err()), [expected]);
}

#[test]
fn the_sample_has_no_fault() {
    catalog(&sources());
}
