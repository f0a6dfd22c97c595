//! Entries as notifications of a platform's customers make them.

use wxhook_idempotency::{Entry, Fingerprint, OnChanged, Start};

/// The lane of a merchant without a sink of its own.
pub(crate) const LANE: &str = "sink";
const BODY: usize = 1024;
const MERCHANTS: [&str; 6] = ["shop", "kiosk", "tickets", "school", "pharmacy", "canteen"];
/// Name, variant, flag that all of them have, and how many of a hundred.
const KINDS: [(&str, Option<&str>, Option<&str>, u64); 11] = [
    ("TRANSACTION.SUCCESS", Some("BASIC"), None, 40),
    ("TRANSACTION.SUCCESS", Some("PARTNER"), None, 12),
    ("TRANSACTION.SUCCESS", Some("COMBINE"), None, 3),
    ("REFUND.SUCCESS", Some("BASIC"), None, 10),
    ("REFUND.CLOSED", Some("BASIC"), None, 1),
    ("PAYSCORE.USER_PAID", None, None, 6),
    ("COUPON.USE", None, None, 5),
    ("MCHTRANSFER.BILL.FINISHED", None, None, 4),
    ("COMPLAINT.CREATE", None, None, 1),
    ("v2/transaction-success", None, None, 12),
    ("v2/refund", None, Some("unsigned"), 6),
];

/// A number that looks random and belongs to `number` alone.
fn scattered(number: u64) -> u128 {
    u128::from(number.wrapping_add(1)).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835)
}

/// The merchant's number of an order; every tenth record is the order's second.
pub(crate) fn order(number: u64) -> String {
    let of = if number % 10 == 9 { number - 3 } else { number };
    format!("{:024}", scattered(of) % 10_u128.pow(24))
}

pub(crate) fn id(number: u64) -> String {
    format!("{:032x}", scattered(number))
}

/// The notification of this number.
pub(crate) fn notification(number: u64) -> Entry {
    let (dice, merchant) = (scattered(number) >> 64, (scattered(number) >> 96) as usize);
    let mut left = (dice % 100) as u64;
    let kind = KINDS.iter().find(|kind| left.checked_sub(kind.3).map(|rest| left = rest).is_none());
    let (event, variant, flag, _) = kind.expect("they are a hundred");
    let merchant = MERCHANTS[(merchant % 10).min(MERCHANTS.len() - 1)];
    let (id, order) = (id(number), order(number));
    let mut digest = [0; 32];
    digest[..16].copy_from_slice(&scattered(number).to_be_bytes());
    let body = format!("{number:<BODY$}");
    let transaction = format!("4200{:024}", scattered(number) % 10_u128.pow(24));
    let key = format!("{merchant}/{event}/transaction_id={transaction}");
    let mut entry = Entry::new(key, Fingerprint::new(1, digest), body, LANE);
    let is_v2 = event.starts_with("v2/");
    if !is_v2 {
        entry.aliases.push(format!("{merchant}/{event}/@id={id}"));
        entry.labels.id = Some(id);
    }
    entry.keeps_tombstone = is_v2;
    entry.labels.merchant = merchant.to_owned();
    entry.labels.event = (*event).to_owned();
    entry.labels.variant = variant.map(str::to_owned);
    entry.labels.numbers =
        vec![("transaction_id".to_owned(), transaction), ("out_trade_no".to_owned(), order.clone())];
    entry.group = Some(format!("{merchant}//out_trade_no={order}"));
    entry.flags.extend(flag.map(str::to_owned));
    match (dice >> 8) % 1_000 {
        0..10 => entry.flags.push("key-fallback".to_owned()),
        10..15 => entry.flags.push("misfit".to_owned()),
        15 => {
            entry.flags.push("other-merchant".to_owned());
            entry.start = Start::Parked("kept");
        }
        _ => {}
    }
    entry.on_changed = OnChanged::Park;
    entry
}

/// The same notification with other content.
pub(crate) fn changed(number: u64) -> Entry {
    let mut entry = notification(number);
    let mut digest = *entry.fingerprint.digest();
    digest[0] ^= 1;
    entry.fingerprint = Fingerprint::new(1, digest);
    entry
}
