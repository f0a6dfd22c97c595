//! From bytes to a flat list, and nothing else: no DTD, no entity but the five, no nesting, nothing twice.

use super::{MOST_BYTES, MOST_FIELDS};
use crate::Error;
use quick_xml::Reader;
use quick_xml::events::Event;

const LONGEST_NAME: usize = 128;

/// The fields of one flat element whose name is in `roots`.
pub(super) fn scan(bytes: &[u8], roots: &[&str]) -> Result<Vec<(String, String)>, Error> {
    if bytes.len() > MOST_BYTES {
        return Err(Error::Xml("too long"));
    }
    let text = std::str::from_utf8(bytes).map_err(|_| Error::Xml("not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.chars().any(|c| c < ' ' && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(Error::Xml("control characters"));
    }
    let mut scan = Scan { fields: Vec::new(), place: Place::Before };
    let mut reader = Reader::from_str(text);
    loop {
        match reader.read_event().map_err(|_| Error::Xml("not well-formed"))? {
            Event::Eof => return scan.end(),
            event => scan.take(event, roots)?,
        }
    }
}

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
            Event::Start(tag) => self.open(tag.name().as_ref(), roots),
            Event::Empty(tag) => {
                self.open(tag.name().as_ref(), roots)?;
                self.close();
                Ok(())
            }
            Event::End(_) => {
                self.close();
                Ok(())
            }
            Event::Text(text) => self.text(&text),
            Event::CData(data) => self.append(&data),
            Event::GeneralRef(entity) => self.append(resolve(&entity)?.encode_utf8(&mut [0; 4])),
            Event::Comment(_) if !matches!(self.place, Place::Field) => Ok(()),
            Event::Decl(_) if !matches!(self.place, Place::Before) => {
                Err(Error::Xml("a declaration in the middle"))
            }
            Event::Decl(declaration) => match declaration.encoding() {
                None => Ok(()),
                Some(Ok(name)) if name.eq_ignore_ascii_case("utf-8") => Ok(()),
                Some(_) => Err(Error::Xml("an encoding other than UTF-8")),
            },
            Event::DocType(_) => Err(Error::Xml("a DTD")),
            _ => Err(Error::Xml("a comment in a field or a processing instruction")),
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
                if self.fields.len() == MOST_FIELDS {
                    return Err(Error::Xml("too many fields"));
                }
                if !is_field_name(name) {
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

    fn text(&mut self, text: &str) -> Result<(), Error> {
        let blank = text.trim_matches([' ', '\t', '\n', '\r']).is_empty();
        if blank && !matches!(self.place, Place::Field) { Ok(()) } else { self.append(text) }
    }

    fn append(&mut self, text: &str) -> Result<(), Error> {
        match (&self.place, self.fields.last_mut()) {
            (Place::Field, Some((_, value))) => {
                value.push_str(text);
                Ok(())
            }
            _ => Err(Error::Xml("text outside a field")),
        }
    }

    fn end(self) -> Result<Vec<(String, String)>, Error> {
        if matches!(self.place, Place::Behind) { Ok(self.fields) } else { Err(Error::Xml("cut off")) }
    }
}

fn is_field_name(name: &str) -> bool {
    name.len() <= LONGEST_NAME
        && name.bytes().next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

fn resolve(entity: &quick_xml::events::BytesRef<'_>) -> Result<char, Error> {
    let unusable = Error::Xml("an entity");
    if entity.is_char_ref() {
        return match entity.resolve_char_ref() {
            Ok(Some(c)) if c >= ' ' || matches!(c, '\t' | '\n' | '\r') => Ok(c),
            _ => Err(unusable),
        };
    }
    match &**entity {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => Err(unusable),
    }
}
