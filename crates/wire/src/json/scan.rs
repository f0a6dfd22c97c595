//! One pass over a text that checks whether it is JSON (RFC 8259) and finds its tokens.
//!
//! serde_json checks a text or gives values, but not the tokens of everything; a second pass over each resource would be
//! the largest cost beside the verification of a signature. A test compares the verdicts with serde_json's.

use super::MAX_DEPTH;
use super::doc::{Kind, Node};

/// Returns the tokens of a JSON text, an object's keys and values in turn, and whether there is whitespace between them.
pub(super) fn scan(text: &str) -> Option<(Vec<Node>, bool)> {
    u32::try_from(text.len()).ok()?;
    let mut scan = Scan {
        bytes: text.as_bytes(),
        at: 0,
        has_spaces: false,
        nodes: Vec::with_capacity(16 + text.len() / 8),
        open: Vec::with_capacity(8),
    };
    let mut next = Next::Value;
    loop {
        next = scan.step(next)?;
        if matches!(next, Next::Nothing) {
            scan.skip_space();
            return (scan.at == scan.bytes.len()).then_some((scan.nodes, scan.has_spaces));
        }
    }
}

/// Strings up to this length are scanned byte by byte.
const SHORT: usize = 48;

/// The token that must come next.
#[derive(Clone, Copy)]
enum Next {
    Value,
    /// The first element of an array, or its end.
    ValueOrEnd,
    Key,
    /// The first key of an object, or its end.
    KeyOrEnd,
    CommaOrEnd,
    Nothing,
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
    has_spaces: bool,
    nodes: Vec<Node>,
    /// The containers that are open, as nodes.
    open: Vec<usize>,
}

impl Scan<'_> {
    #[inline]
    fn step(&mut self, next: Next) -> Option<Next> {
        let byte = self.skip_space()?;
        match (next, byte) {
            (Next::ValueOrEnd, b']') | (Next::KeyOrEnd, b'}') => self.close(),
            (Next::CommaOrEnd, b',') => {
                self.at += 1;
                Some(if self.kind_of_open()? == Kind::Object { Next::Key } else { Next::Value })
            }
            (Next::CommaOrEnd, b'}') if self.kind_of_open()? == Kind::Object => self.close(),
            (Next::CommaOrEnd, b']') if self.kind_of_open()? == Kind::Array => self.close(),
            (Next::Key | Next::KeyOrEnd, b'"') => {
                self.string()?;
                (self.skip_space()? == b':').then(|| self.at += 1)?;
                Some(Next::Value)
            }
            (Next::Value | Next::ValueOrEnd, b'{') => self.enter(Kind::Object, Next::KeyOrEnd),
            (Next::Value | Next::ValueOrEnd, b'[') => self.enter(Kind::Array, Next::ValueOrEnd),
            (Next::Value | Next::ValueOrEnd, byte) => {
                match byte {
                    b'"' => self.string()?,
                    b't' => self.literal(b"true", Kind::True)?,
                    b'f' => self.literal(b"false", Kind::False)?,
                    b'n' => self.literal(b"null", Kind::Null)?,
                    _ => self.number()?,
                }
                Some(self.after_value())
            }
            _ => None,
        }
    }

    #[inline]
    fn skip_space(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at)? {
                b' ' | b'\t' | b'\n' | b'\r' => {
                    self.at += 1;
                    self.has_spaces = true;
                }
                byte => return Some(*byte),
            }
        }
    }

    fn kind_of_open(&self) -> Option<Kind> {
        Some(self.nodes.get(*self.open.last()?)?.kind)
    }

    #[inline]
    fn after_value(&self) -> Next {
        if self.open.is_empty() { Next::Nothing } else { Next::CommaOrEnd }
    }

    fn enter(&mut self, kind: Kind, next: Next) -> Option<Next> {
        if self.open.len() == MAX_DEPTH {
            return None;
        }
        self.open.push(self.nodes.len());
        self.push(kind, self.at + 1)?;
        Some(next)
    }

    #[inline]
    fn close(&mut self) -> Option<Next> {
        self.at += 1;
        let (end, next) = (u32::try_from(self.at).ok()?, u32::try_from(self.nodes.len()).ok()?);
        let container = self.open.pop().and_then(|index| self.nodes.get_mut(index))?;
        container.end = end;
        container.next = next;
        Some(self.after_value())
    }

    /// Adds a node from here to `end` and moves past it.
    #[inline]
    fn push(&mut self, kind: Kind, end: usize) -> Option<()> {
        let next = u32::try_from(self.nodes.len() + 1).ok()?;
        self.nodes.push(Node {
            kind,
            start: u32::try_from(self.at).ok()?,
            end: u32::try_from(end).ok()?,
            next,
        });
        self.at = end;
        Some(())
    }

    fn literal(&mut self, text: &[u8], kind: Kind) -> Option<()> {
        self.bytes.get(self.at..)?.starts_with(text).then(|| self.push(kind, self.at + text.len()))?
    }

    #[inline]
    fn string(&mut self) -> Option<()> {
        let mut kind = Kind::String;
        let mut at = self.at + 1;
        loop {
            at = self.plain_end(at)?;
            match self.bytes.get(at..)? {
                [b'"', ..] => return self.push(kind, at + 1),
                [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', ..] => at += 2,
                [b'\\', b'u', digits @ ..] => {
                    digits.first_chunk::<4>().filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
                    at += 6;
                }
                _ => return None,
            }
            kind = Kind::EscapedString;
        }
    }

    /// The quote, backslash or control character that ends the plain part of a string.
    #[inline]
    fn plain_end(&self, at: usize) -> Option<usize> {
        let rest = self.bytes.get(at..)?;
        let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..b' ');
        // Most strings are short; a ciphertext is not, and worth the vectors.
        let (begin, long) = rest.split_at_checked(SHORT).unwrap_or((rest, &[]));
        if let Some(end) = begin.iter().position(ends) {
            return Some(at + end);
        }
        let end = memchr::memchr2(b'"', b'\\', long)?;
        let plain = long.get(..end)?;
        // Without an early way out it runs on vectors, too.
        let control = plain.iter().fold(false, |control, byte| control | (*byte < b' '));
        (!control).then_some(at + begin.len() + end)
    }

    fn number(&mut self) -> Option<()> {
        let mut at = self.at;
        if self.bytes.get(at) == Some(&b'-') {
            at += 1;
        }
        let whole = self.digits(at);
        let leading_zero = self.bytes.get(at) == Some(&b'0');
        if whole == at || (leading_zero && whole > at + 1) {
            return None;
        }
        at = whole;
        if self.bytes.get(at) == Some(&b'.') {
            let fraction = self.digits(at + 1);
            if fraction == at + 1 {
                return None;
            }
            at = fraction;
        }
        if matches!(self.bytes.get(at), Some(b'e' | b'E')) {
            at += 1;
            if matches!(self.bytes.get(at), Some(b'+' | b'-')) {
                at += 1;
            }
            let exponent = self.digits(at);
            if exponent == at {
                return None;
            }
            at = exponent;
        }
        self.push(Kind::Number, at)
    }

    /// Returns the position after the digits that begin at `at`.
    fn digits(&self, at: usize) -> usize {
        let rest = self.bytes.get(at..).unwrap_or_default();
        at + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
    }
}

#[cfg(test)]
mod tests {
    use super::scan;
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    fn agrees(text: &str) {
        let theirs = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(scan(text).is_some(), theirs, "{text:?}");
    }

    #[test]
    fn the_same_verdict_as_serde_json() {
        for text in [
            "",
            " ",
            "{",
            "}",
            "[",
            "]",
            "{}",
            "[]",
            "[[]]",
            "{}{}",
            "[] ",
            " []",
            "[]x",
            "{]",
            "[}",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1,2]",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{,}",
            "{\"a\":1 \"b\":2}",
            "{\"a\":1,\"b\":2}",
            "{'a':1}",
            "{1:2}",
            "{\"a\":{\"b\":[]}}",
            "0",
            "-0",
            "01",
            "-01",
            "-",
            "1.",
            ".1",
            "1.5",
            "1e",
            "1e5",
            "1E+5",
            "1e-",
            "1.e5",
            "+1",
            "0x1",
            "1_0",
            "Infinity",
            "NaN",
            "true",
            "tru",
            "truex",
            "nul",
            "null",
            "false",
            "\"",
            "\"a",
            "\"\\\"",
            "\"\\\\\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\\uD800\"",
            "\"\\u4e2d\"",
            "\"\t\"",
            "\"\u{0}\"",
            "\"\u{7f}\"",
            "\"中\"",
            "\u{feff}1",
            "1\u{a0}",
            "\"a\"b",
            "[\"a\":1]",
            "{\"a\",1}",
            ":",
            ",",
        ] {
            agrees(text);
        }
    }

    proptest! {
        #[test]
        fn the_same_verdict_on_scraps(text in r#"[\[\]{},: "\\/ntfue0-9+.\-a-f中\t]{0,24}"#) {
            agrees(&text);
        }

        #[test]
        fn the_same_verdict_on_spoilt_json(
            value in prop::collection::btree_map("[a-z\"\\\\中]{0,4}", prop::collection::vec(any::<f64>(), 0..3), 0..4),
            place in any::<prop::sample::Index>(),
            other in prop::char::any(),
        ) {
            let text = serde_json::to_string(&value).unwrap();
            agrees(&text);
            let mut chars: Vec<char> = text.chars().collect();
            let place = place.index(chars.len());
            chars[place] = other;
            agrees(&chars.iter().collect::<String>());
            chars.remove(place);
            agrees(&chars.iter().collect::<String>());
        }
    }
}
