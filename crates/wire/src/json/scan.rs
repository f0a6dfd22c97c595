//! Finds the tokens of text that is known to be JSON.

use super::MOST_DEPTH;
use super::doc::{Kind, Node};

/// The nodes of `text` in the order they stand there; an object's children are keys and values in turn.
///
/// `None` where it is nested too deep. `text` must have passed a parser: what isn't JSON gives nonsense, not an error.
pub(super) fn scan(text: &str) -> Option<Vec<Node>> {
    let bytes = text.as_bytes();
    let mut nodes: Vec<Node> = Vec::with_capacity(16 + text.len() / 16);
    let mut open: Vec<usize> = Vec::with_capacity(8);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let (kind, end) = match byte {
            b'{' | b'[' => {
                if open.len() == MOST_DEPTH {
                    return None;
                }
                open.push(nodes.len());
                (if byte == b'{' { Kind::Object } else { Kind::Array }, at + 1)
            }
            b'}' | b']' => {
                let next = u32::try_from(nodes.len()).ok()?;
                let container = open.pop().and_then(|index| nodes.get_mut(index))?;
                container.end = u32::try_from(at + 1).ok()?;
                container.next = next;
                at += 1;
                continue;
            }
            b'"' => {
                let (end, escaped) = string_end(bytes, at + 1)?;
                (if escaped { Kind::EscapedString } else { Kind::String }, end)
            }
            b't' => (Kind::True, at + 4),
            b'f' => (Kind::False, at + 5),
            b'n' => (Kind::Null, at + 4),
            b'-' | b'0'..=b'9' => (Kind::Number, number_end(bytes, at)),
            _ => {
                at += 1;
                continue;
            }
        };
        let next = u32::try_from(nodes.len() + 1).ok()?;
        nodes.push(Node { kind, start: u32::try_from(at).ok()?, end: u32::try_from(end).ok()?, next });
        at = end;
    }
    Some(nodes)
}

/// Behind the closing quote of the string whose content begins at `at`, and whether it has escapes.
fn string_end(bytes: &[u8], mut at: usize) -> Option<(usize, bool)> {
    let mut escaped = false;
    loop {
        let found = at + memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes.get(found) == Some(&b'"') {
            return Some((found + 1, escaped));
        }
        escaped = true;
        at = found + 2;
    }
}

fn number_end(bytes: &[u8], start: usize) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    let length = rest.iter().position(|byte| !matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'));
    start + length.unwrap_or(rest.len())
}
