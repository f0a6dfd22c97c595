//! A body as a flat list of fields, and nothing else: well-formed XML 1.0 without a DTD, one level deep, no name twice.

use super::{MAX_BYTES, MAX_FIELDS};
use crate::Error;
use quick_xml::Reader;
use quick_xml::events::Event;

const MAX_NAME: usize = 128;

/// Returns the fields of one flat element whose name is in `roots`.
///
/// quick-xml finds the markup and compares the names of tags; what it lets pass that isn't well-formed is looked for here.
pub(super) fn scan(bytes: &[u8], roots: &[&str]) -> Result<Vec<(String, String)>, Error> {
    if bytes.len() > MAX_BYTES {
        return Err(Error::Xml("too long"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Error::Xml("not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if !has_only_chars(text) {
        return Err(Error::Xml("control characters"));
    }
    let mut scan = Scan { fields: Vec::new(), place: Place::Before };
    let mut reader = Reader::from_str(text);
    loop {
        let begin = reader.buffer_position();
        match reader.read_event().map_err(|_| MALFORMED)? {
            Event::Eof => return scan.end(),
            Event::Decl(_) if begin > 0 => return Err(Error::Xml("a declaration in the middle")),
            event => scan.take(event, roots)?,
        }
    }
}

const MALFORMED: Error = Error::Xml("not well-formed");

struct Scan {
    fields: Vec<(String, String)>,
    place: Place,
}

enum Place {
    Before,
    Root,
    Field,
    Behind,
}

impl Scan {
    fn take(&mut self, event: Event<'_>, roots: &[&str]) -> Result<(), Error> {
        match event {
            Event::Start(tag) => {
                attributes(tag.attributes_raw())?;
                self.open(tag.name().as_ref(), roots)
            }
            Event::Empty(tag) => {
                attributes(tag.attributes_raw())?;
                self.open(tag.name().as_ref(), roots)?;
                self.close();
                Ok(())
            }
            Event::End(_) => {
                self.close();
                Ok(())
            }
            Event::Text(text) if text.contains("]]>") => Err(MALFORMED),
            Event::Text(text) => self.append(&text, true),
            Event::CData(data) => self.append(&data, self.is_inside()),
            Event::GeneralRef(entity) => {
                self.append(resolve(&entity)?.encode_utf8(&mut [0; 4]), self.is_inside())
            }
            Event::Comment(text) if text.contains("--") || text.ends_with('-') => Err(MALFORMED),
            Event::Comment(_) => Ok(()),
            Event::PI(instruction) => instruction_is_well_formed(&instruction),
            Event::Decl(declaration) => declaration_is_utf8(&declaration),
            _ => Err(Error::Xml("a DTD")),
        }
    }

    fn open(&mut self, name: &str, roots: &[&str]) -> Result<(), Error> {
        match &self.place {
            Place::Before if roots.contains(&name) => {
                self.place = Place::Root;
                Ok(())
            }
            Place::Before => Err(Error::Xml("another root element")),
            Place::Root => {
                if self.fields.len() == MAX_FIELDS {
                    return Err(Error::Xml("too many fields"));
                }
                if !is_name(name) || name.len() > MAX_NAME {
                    return Err(Error::Xml("an unusable field name"));
                }
                if self.fields.iter().any(|(known, _)| known == name) {
                    return Err(Error::Xml("a repeated field"));
                }
                self.fields.push((name.to_owned(), String::new()));
                self.place = Place::Field;
                Ok(())
            }
            Place::Field => Err(Error::Xml("a nested field")),
            Place::Behind => Err(Error::Xml("something behind the root element")),
        }
    }

    /// quick-xml has checked that the names match.
    fn close(&mut self) {
        self.place = if matches!(self.place, Place::Field) { Place::Root } else { Place::Behind };
    }

    const fn is_inside(&self) -> bool {
        matches!(self.place, Place::Root | Place::Field)
    }

    /// Appends to the field's value. Whitespace between fields is ignored where XML allows it.
    fn append(&mut self, text: &str, may_stand: bool) -> Result<(), Error> {
        match (&self.place, self.fields.last_mut()) {
            (Place::Field, Some((_, value))) => {
                value.push_str(text);
                Ok(())
            }
            _ if may_stand && text.chars().all(is_space) => Ok(()),
            _ => Err(Error::Xml("text outside a field")),
        }
    }

    fn end(self) -> Result<Vec<(String, String)>, Error> {
        if matches!(self.place, Place::Behind) { Ok(self.fields) } else { Err(Error::Xml("cut off")) }
    }
}

/// Parses the attributes after a tag's name, `(S Name Eq AttValue)* S?`, as pairs.
fn attributes(mut rest: &str) -> Result<Vec<(&str, &str)>, Error> {
    let mut found: Vec<(&str, &str)> = Vec::new();
    while !rest.is_empty() {
        let trimmed = rest.trim_start_matches(is_space);
        if trimmed.is_empty() {
            break;
        }
        let (name, value) = trimmed.split_once('=').ok_or(MALFORMED)?;
        let (name, value) = (name.trim_end_matches(is_space), value.trim_start_matches(is_space));
        let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\'')).ok_or(MALFORMED)?;
        let (value, behind) = value.get(1..).and_then(|value| value.split_once(quote)).ok_or(MALFORMED)?;
        let spaced = trimmed.len() < rest.len();
        let repeated = found.iter().any(|(known, _)| *known == name);
        if !spaced || repeated || !is_name(name) || value.contains('<') || !references_resolve(value) {
            return Err(MALFORMED);
        }
        found.push((name, value));
        rest = behind;
    }
    Ok(found)
}

fn references_resolve(value: &str) -> bool {
    value.split('&').skip(1).all(|part| part.split_once(';').is_some_and(|(name, _)| resolve(name).is_ok()))
}

/// `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>`, the latter two optional.
fn declaration_is_utf8(declaration: &str) -> Result<(), Error> {
    let mut rest = attributes(declaration.strip_prefix("xml").ok_or(MALFORMED)?)?.into_iter().peekable();
    let version = rest.next().filter(|(name, _)| *name == "version").ok_or(MALFORMED)?.1;
    if !version.strip_prefix("1.").is_some_and(|minor| is_number(minor, 10)) {
        return Err(MALFORMED);
    }
    if let Some((_, encoding)) = rest.next_if(|(name, _)| *name == "encoding")
        && !encoding.eq_ignore_ascii_case("utf-8")
    {
        return Err(Error::Xml("an encoding other than UTF-8"));
    }
    rest.next_if(|(name, value)| *name == "standalone" && matches!(*value, "yes" | "no"));
    if rest.next().is_none() { Ok(()) } else { Err(MALFORMED) }
}

fn instruction_is_well_formed(instruction: &str) -> Result<(), Error> {
    let target = instruction.split(is_space).next().unwrap_or_default();
    if is_name(target) && !target.eq_ignore_ascii_case("xml") { Ok(()) } else { Err(MALFORMED) }
}

/// Returns the character that a reference names.
fn resolve(name: &str) -> Result<char, Error> {
    let number = |digits: &str, radix| {
        let number = u32::from_str_radix(digits, radix).ok().filter(|_| is_number(digits, radix));
        number.and_then(char::from_u32).filter(|c| is_char(*c))
    };
    let resolved = match name {
        "lt" => Some('<'),
        "gt" => Some('>'),
        "amp" => Some('&'),
        "apos" => Some('\''),
        "quot" => Some('"'),
        _ => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
            (Some(digits), _) => number(digits, 16),
            (_, Some(digits)) => number(digits, 10),
            _ => None,
        },
    };
    resolved.ok_or(Error::Xml("an entity"))
}

fn is_number(text: &str, radix: u32) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_digit(radix))
}

const fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r')
}

/// XML 1.0, production 2.
pub(crate) const fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r') || (c >= ' ' && !matches!(c, '\u{fffe}' | '\u{ffff}'))
}

/// The same of a whole text. U+FFFE and U+FFFF are EF BF BE and EF BF BF.
fn has_only_chars(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_control = |byte: &u8| *byte < b' ' && !matches!(byte, b'\t' | b'\n' | b'\r');
    let is_no_char = |at| matches!(bytes.get(at..), Some([0xef, 0xbf, 0xbe | 0xbf, ..]));
    !bytes.iter().any(is_control) && !memchr::memchr_iter(0xef, bytes).any(is_no_char)
}

/// XML 1.0, production 5.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(starts_name) && text.chars().all(|c| starts_name(c) || continues_name(c))
}

const fn starts_name(c: char) -> bool {
    matches!(c,
        ':' | '_' | 'A'..='Z' | 'a'..='z' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

const fn continues_name(c: char) -> bool {
    matches!(c, '-' | '.' | '0'..='9' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}
