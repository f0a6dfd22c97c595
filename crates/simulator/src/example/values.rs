//! Values by the kind and the name of a field.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use wxhook_wire::{FieldKind, FieldMeta};

use super::place::last;
use super::{moments, money, states, texts};
use crate::tree::Tree;

/// In the smallest unit of its currency.
const AMOUNT: &str = "100";
/// As long as an RSA-2048 ciphertext.
const SEALED_BYTES: usize = 256;
/// The field of a combined v2 payment whose JSON a record shows opened.
const OPENED: &str = "sub_order_list";

/// The inputs that values are made from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Values<'a> {
    event: &'a str,
    mchid: &'a str,
    number: u32,
    /// When it happened, in seconds since the epoch.
    moment: u64,
    is_v2: bool,
    /// Numbers are strings, too: v2 but for JSON in a field.
    all_strings: bool,
}

impl<'a> Values<'a> {
    pub(super) const fn new(event: &'a str, mchid: &'a str, number: u32, moment: u64, is_v2: bool) -> Self {
        Self { event, mchid, number, moment, is_v2, all_strings: is_v2 }
    }

    /// The members of a resource with all of these fields.
    pub(super) fn of(&self, fields: &[FieldMeta]) -> Vec<(String, Tree)> {
        self.members(fields, "")
    }

    /// The members of the object at a path, with all of these fields.
    fn members(&self, fields: &[FieldMeta], way: &str) -> Vec<(String, Tree)> {
        let mut members = Vec::new();
        for field in fields {
            match field.kind {
                FieldKind::Numbered(parts) => {
                    members
                        .extend(parts.iter().map(|part| (format!("{}_0", part.name), self.value(part, way))));
                }
                _ => members.push((field.name.to_owned(), self.value(field, way))),
            }
        }
        members
    }

    /// The value of a field that nothing is known of but its name.
    pub(super) fn by_name(&self, name: &str) -> Tree {
        Tree::string(&self.text(name))
    }

    fn value(&self, field: &FieldMeta, way: &str) -> Tree {
        let path = if way.is_empty() { field.name.to_owned() } else { format!("{way}.{}", field.name) };
        self.of_kind(field, &field.kind, &path)
    }

    fn of_kind(&self, field: &FieldMeta, kind: &FieldKind, path: &str) -> Tree {
        match kind {
            FieldKind::Integer => self.token(self.integer(field.name)),
            FieldKind::Fen => self.token(money::amount(field.name).unwrap_or(AMOUNT).to_owned()),
            FieldKind::Boolean => self.token("true".to_owned()),
            FieldKind::Number => self.token(texts::number(field.name).to_owned()),
            FieldKind::Time => self.time(field),
            FieldKind::YesNo => Tree::string("Y"),
            FieldKind::Encrypted => {
                let bytes = self.number.to_be_bytes();
                let sealed: Vec<u8> = bytes.into_iter().cycle().take(SEALED_BYTES).collect();
                Tree::string(&BASE64_STANDARD.encode(sealed))
            }
            FieldKind::Enum(all) => {
                let documented = if field.values.is_empty() { all } else { field.values };
                states::chosen(self.event, path, documented).map_or_else(|| self.by_path(path), Tree::string)
            }
            FieldKind::Object(fields) => Tree::Object(self.members(fields, path)),
            FieldKind::List(kind) => Tree::Array(vec![self.of_kind(field, kind, path)]),
            FieldKind::Json(kind) => {
                let content = Self { all_strings: false, ..*self }.of_kind(field, kind, path);
                let opened = self.is_v2 && field.name == OPENED;
                if opened { content } else { Tree::string(&content.to_json()) }
            }
            _ if field.format.is_some() => self.time(field),
            _ => self.by_path(path),
        }
    }

    /// A number, or `true`.
    fn token(&self, token: String) -> Tree {
        if self.all_strings { Tree::string(&token) } else { Tree::Scalar(token) }
    }

    fn integer(&self, name: &str) -> String {
        if name.ends_with("_time") {
            return moments::seconds(name, self.event, self.moment).to_string();
        }
        money::amount(name).map_or_else(|| texts::integer(name, self.number), str::to_owned)
    }

    fn time(&self, field: &FieldMeta) -> Tree {
        Tree::string(&self.written(field.name, field.format))
    }

    fn written(&self, name: &str, format: Option<&str>) -> String {
        moments::written(moments::seconds(name, self.event, self.moment), format, self.is_v2)
    }

    fn by_path(&self, path: &str) -> Tree {
        match states::known(self.event, path) {
            Some(known) => Tree::string(known),
            None => self.by_name(last(path)),
        }
    }

    fn text(&self, name: &str) -> String {
        if let Some(amount) = money::amount(name) {
            return amount.to_owned();
        }
        match texts::text(name) {
            texts::TIME => self.written(name, None),
            texts::STATE => states::plain(self.event).to_owned(),
            texts::SIGN_TYPE => texts::sign_type(self.event).to_owned(),
            text => text
                .replace("$number", &format!("{:010}", self.number))
                .replace("$plate", &texts::plate(self.number))
                .replace("$mchid", self.mchid),
        }
    }
}
