#![doc = include_str!("../README.md")]

mod catalog;
mod event;
mod fen;
mod key;
mod names;
mod opened;
mod record;
mod reply;
mod time;

pub mod json;
pub mod model;
pub mod v2;
pub mod v3;

pub use catalog::{
    AnyModel, Catalog, Chain, DuplicateEvent, EventMeta, FieldKind, FieldMeta, Fit, Row, Table, When,
};
pub use event::{Event, Misfit, decode, encode};
pub use fen::Fen;
pub use key::{Alternative, BusinessKey, KeyRule, business_key, business_numbers, encode_segment, group};
pub use names::{Cipher, ConflictPolicy, Flag, Mode, Money, ProofKind, Protocol};
pub use opened::Opened;
pub use record::{Content, Record};
pub use reply::{Reply, ReplyError};
pub use time::Time;

#[doc(hidden)]
pub use serde as __serde;

/// An error in bytes from the wire. Never holds any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not JSON, or nested deeper than [`json::MAX_DEPTH`].
    #[error("not valid JSON")]
    Json,
    /// A v3 envelope without a part that it needs.
    #[error("the envelope has no usable {0}")]
    Envelope(&'static str),
    /// XML that is malformed, or that the protocol doesn't use.
    #[error("unusable XML: {0}")]
    Xml(&'static str),
}
