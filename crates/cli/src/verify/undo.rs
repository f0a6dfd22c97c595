//! What was done to a text, undone.

use encoding_rs::GB18030;
use percent_encoding::percent_decode_str;

/// Undoes a change, and says what the change was.
pub(super) type Undo = (fn(&str) -> String, &'static str);

pub(super) fn unquoted(text: &str) -> String {
    text.trim_matches([',', ' ']).trim_matches(['"', '\'']).to_owned()
}

/// Less URL encoding.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// With `+` where URL decoding has made blanks of it.
pub(super) fn plus(text: &str) -> String {
    text.replace(' ', "+")
}

/// Less blanks and line ends.
pub(super) fn joined(text: &str) -> String {
    text.split_whitespace().collect()
}

/// Base64 with the `=` at its end.
pub(super) fn padded(text: &str) -> String {
    let bare = text.trim_end_matches('=');
    let missing = bare.len().next_multiple_of(4) - bare.len();
    format!("{bare}{}", "=".repeat(missing))
}

/// Base64 in its standard alphabet.
pub(super) fn standard(text: &str) -> String {
    padded(&text.replace('-', "+").replace('_', "/"))
}

/// Less HTML's entities.
pub(super) fn unescaped(text: &str) -> String {
    const DOUBLE: [&str; 4] = ["&quot;", "&#34;", "&#x22;", "&#034;"];
    const SINGLE: [&str; 5] = ["&#39;", "&#x27;", "&#039;", "&apos;", "&#X27;"];
    let replace = |text: String, entities: &[&str], plain: &str| {
        entities.iter().fold(text, |text, entity| text.replace(entity, plain))
    };
    let text = replace(replace(text.to_owned(), &DOUBLE, "\""), &SINGLE, "'");
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&#x2F;", "/").replace("&amp;", "&")
}

/// With HTML's entities, but for quotes, which each library escapes in its own way.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The bytes that were taken for Latin-1, if they were.
pub(super) fn latin(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|character| u8::try_from(u32::from(character)).ok()).collect()
}

/// Less a reading as GBK, where that lost nothing.
pub(super) fn gbk(text: &str) -> String {
    let (bytes, _, is_lossy) = GB18030.encode(text);
    let read = String::from_utf8(bytes.into_owned()).ok().filter(|_| !is_lossy);
    read.unwrap_or_else(|| text.to_owned())
}
