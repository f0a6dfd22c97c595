//! Names of the wire as names of Rust.

/// Keywords that a field may be named like (`r#type`).
const KEYWORDS: [&str; 47] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else",
    "enum", "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro",
    "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "true",
    "try", "type", "typeof", "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// The name of a struct's field: `amount`, `r#type`.
pub(crate) fn field(wire: &str) -> String {
    let mut name = String::with_capacity(wire.len());
    for char in wire.chars() {
        if char.is_ascii_uppercase() && name.ends_with(|last: char| last.is_ascii_lowercase()) {
            name.push('_');
        }
        name.push(if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '_' });
    }
    if KEYWORDS.contains(&name.as_str()) { format!("r#{name}") } else { name }
}

/// The name of an enum's value or variant: `UserPaying` for `USER_PAYING`.
pub(crate) fn upper_camel(wire: &str) -> String {
    let words = wire.split(|char: char| char.is_ascii() && !char.is_ascii_alphanumeric());
    words.map(capitalized).collect()
}

/// A word that is written in capitals alone keeps the first of them.
fn capitalized(word: &str) -> String {
    let keeps_case = word.contains(|char: char| char.is_ascii_lowercase());
    let mut chars = word.chars();
    let first = chars.next().map(|char| char.to_ascii_uppercase());
    let rest = chars.map(|char| if keeps_case { char } else { char.to_ascii_lowercase() });
    first.into_iter().chain(rest).collect()
}

/// Returns whether it can name a type or a value in Rust.
pub(crate) fn is_upper_camel(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_uppercase())
        && name.chars().all(|char| char.is_ascii_alphanumeric())
        && name != "Self"
}

/// Returns whether it can name a field of a model in Rust.
pub(crate) fn is_field(name: &str) -> bool {
    name.starts_with(|char: char| char.is_ascii_lowercase())
        && !["self", "super", "crate", "source"].contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        for (wire, expected) in [
            ("out_trade_no", "out_trade_no"),
            ("type", "r#type"),
            ("exchangeRate", "exchange_rate"),
            ("prepay_base64", "prepay_base64"),
            ("card-id", "card_id"),
        ] {
            assert_eq!(field(wire), expected);
            assert!(is_field(expected), "{expected}");
        }
        for wrong in ["", "0id", "_id", "self"] {
            assert!(!is_field(&field(wrong)), "{wrong}");
        }
    }

    #[test]
    fn values() {
        for (wire, expected) in [
            ("SUCCESS", "Success"),
            ("USER_PAYING", "UserPaying"),
            ("no_credit", "NoCredit"),
            ("C2C", "C2c"),
            ("HMAC-SHA256", "HmacSha256"),
            ("App", "App"),
            ("MEMBERCARDSP.USER_CARD", "MembercardspUserCard"),
            ("exchangeRate", "ExchangeRate"),
        ] {
            assert_eq!(upper_camel(wire), expected);
            assert!(is_upper_camel(expected), "{expected}");
        }
        for wrong in ["", "0", "员工注销", "self"] {
            assert!(!is_upper_camel(&upper_camel(wrong)), "{wrong}");
        }
    }
}
