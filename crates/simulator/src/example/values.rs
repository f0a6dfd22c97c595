//! Values by the kind and the name of a field.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use wxhook_wire::{FieldKind, FieldMeta};

use super::texts;
use crate::tree::Tree;

/// In the smallest unit of its currency.
const AMOUNT: &str = "100";
/// As long as an RSA-2048 ciphertext.
const SEALED_BYTES: usize = 256;
/// The field of a combined v2 payment whose JSON a record shows opened.
const OPENED: &str = "sub_order_list";

/// What values are made of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    mchid: &'a str,
    number: u32,
    is_v2: bool,
    /// Numbers are strings, too: v2 but for JSON in a field.
    all_strings: bool,
}

impl<'a> Values<'a> {
    pub(super) const fn new(mchid: &'a str, number: u32, is_v2: bool) -> Self {
        Self { mchid, number, is_v2, all_strings: is_v2 }
    }

    /// The members of an object with all of these fields.
    pub(super) fn members(&self, fields: &[FieldMeta]) -> Vec<(String, Tree)> {
        let mut members = Vec::new();
        for field in fields {
            match field.kind {
                FieldKind::Numbered(parts) => {
                    members.extend(parts.iter().map(|part| (format!("{}_0", part.name), self.value(part))));
                }
                _ => members.push((field.name.to_owned(), self.value(field))),
            }
        }
        members
    }

    /// The value of a field that nothing is known of but its name.
    pub(super) fn by_name(&self, name: &str) -> Tree {
        Tree::string(&self.text(name))
    }

    fn value(&self, field: &FieldMeta) -> Tree {
        self.of_kind(field, &field.kind)
    }

    fn of_kind(&self, field: &FieldMeta, kind: &FieldKind) -> Tree {
        match kind {
            FieldKind::Integer => self.token(texts::integer(field.name, self.number)),
            FieldKind::Fen => self.token(AMOUNT.to_owned()),
            FieldKind::Boolean => self.token("true".to_owned()),
            FieldKind::Number => self.token("1.5".to_owned()),
            FieldKind::Time => Tree::string(&texts::time(field.format, self.is_v2)),
            FieldKind::YesNo => Tree::string("Y"),
            FieldKind::Encrypted => {
                let bytes = self.number.to_be_bytes();
                let sealed: Vec<u8> = bytes.into_iter().cycle().take(SEALED_BYTES).collect();
                Tree::string(&BASE64_STANDARD.encode(sealed))
            }
            FieldKind::Enum(all) => match field.values.first().or(all.first()) {
                Some(value) => Tree::string(value),
                None => self.by_name(field.name),
            },
            FieldKind::Object(fields) => Tree::Object(self.members(fields)),
            FieldKind::List(kind) => Tree::Array(vec![self.of_kind(field, kind)]),
            FieldKind::Json(kind) => {
                let content = Self { all_strings: false, ..*self }.of_kind(field, kind);
                let opened = self.is_v2 && field.name == OPENED;
                if opened { content } else { Tree::string(&content.to_json()) }
            }
            _ if field.format.is_some() => Tree::string(&texts::time(field.format, self.is_v2)),
            _ => self.by_name(field.name),
        }
    }

    /// A number, or `true`.
    fn token(&self, token: String) -> Tree {
        if self.all_strings { Tree::string(&token) } else { Tree::Scalar(token) }
    }

    fn text(&self, name: &str) -> String {
        texts::text(name, self.is_v2)
            .replace("$number", &format!("{:010}", self.number))
            .replace("$mchid", self.mchid)
    }
}
