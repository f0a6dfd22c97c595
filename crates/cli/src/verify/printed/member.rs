//! Members of objects as programs print them.

use super::unescaped;

/// Places at which a member's name may stand; each is looked at to the end of the text.
const MAX_PLACES: usize = 32;

/// Returns the value that a program printed behind this name: a quoted text without its escapes, or a Buffer or an object
/// as it stands there.
pub(in super::super) fn member(text: &str, wanted: &str) -> Option<Vec<u8>> {
    let places = text.match_indices(wanted).map(|(at, _)| at).take(MAX_PLACES);
    for at in places {
        let before = text.get(..at).and_then(|before| before.chars().next_back());
        if before.is_some_and(|character| character.is_alphanumeric() || "-_.".contains(character)) {
            continue;
        }
        let behind = text.get(at + wanted.len()..)?.trim_start_matches(['\'', '"']).trim_start();
        let value = behind.strip_prefix("=>").or_else(|| behind.strip_prefix([':', '=']));
        if let Some(found) = value.and_then(|value| printed_value(value.trim_start())) {
            return Some(found);
        }
    }
    None
}

fn printed_value(text: &str) -> Option<Vec<u8>> {
    if text.starts_with("<Buffer ") {
        return text.get(..=text.find('>')?).map(|text| text.as_bytes().to_vec());
    }
    if text.starts_with("{") {
        return balanced(text).map(|text| text.as_bytes().to_vec());
    }
    let text = text.strip_prefix('b').filter(|rest| rest.starts_with(['\'', '"'])).unwrap_or(text);
    let quote = text.chars().next().filter(|quote| "'\"`".contains(*quote))?;
    let mut value = Vec::new();
    let mut rest = text;
    // Older Nodes print long texts in several parts.
    while let Some(part) = rest.strip_prefix(quote) {
        let end = closing(part, quote)?;
        value.extend(unescaped(part.get(..end)?));
        rest = part.get(end + 1..)?.trim_start();
        rest = rest.strip_prefix('+').map_or("", str::trim_start);
    }
    Some(value)
}

/// Returns where a quoted text ends.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut is_escaped = false;
    text.char_indices().find_map(|(at, character)| {
        let ends = character == quote && !is_escaped;
        is_escaped = character == '\\' && !is_escaped;
        ends.then_some(at)
    })
}

/// Returns an object up to its own brace; quotes may be any.
fn balanced(text: &str) -> Option<&str> {
    let (mut depth, mut quote, mut is_escaped) = (0_usize, None, false);
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(_), _) if is_escaped => {
                is_escaped = false;
                continue;
            }
            (Some(_), '\\') => is_escaped = true,
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quote = Some(character),
            (None, '{') => depth += 1,
            (None, '}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return text.get(..=at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_of_printed_objects() {
        let found = |text: &str| member(text, "body").map(|body| String::from_utf8(body).unwrap());
        assert_eq!(
            found("{ anybody: 'x', body: '{\"a\":\"it\\'s\"}', z: 1 }").as_deref(),
            Some("{\"a\":\"it's\"}")
        );
        assert_eq!(found("{\n  body: '{\"a\"' +\n    ':1}' }").as_deref(), Some("{\"a\":1}"));
        assert_eq!(found("{'body': \"{}\"}").as_deref(), Some("{}"));
        assert_eq!(found("{ body: <Buffer 7b 7d> }").as_deref(), Some("<Buffer 7b 7d>"));
        assert_eq!(
            found("{ body: { type: 'Buffer', data: [ 1 ] }, x: 1 }").as_deref(),
            Some("{ type: 'Buffer', data: [ 1 ] }")
        );
        // However often the name is there.
        assert_eq!(found(&"{ body: { ".repeat(400_000)), None);
        for text in ["", "body", "body: x", "{ body: 'x", "rawbody: 'x'", "body: { a: '}'"] {
            assert_eq!(found(text), None, "{text}");
        }
    }
}
