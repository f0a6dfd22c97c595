#![doc = include_str!("../README.md")]

mod catalog;
mod error;
mod event;
mod fen;
mod flag;
mod key;
mod open_enum;
mod opened;
mod record;
mod reply;
mod time;

pub mod json;
pub mod model;
pub mod v2;
pub mod v3;

pub use catalog::{
    AnyModel, Catalog, Chain, Cipher, ConflictPolicy, DuplicateEvent, EventMeta, FieldKind, FieldMeta, Fit,
    Mode, Money, Protocol, Row, Table, When,
};
pub use error::Error;
pub use event::{Event, Misfit, decode, encode};
pub use fen::Fen;
pub use flag::Flag;
pub use key::{Alternative, BusinessKey, KeyRule, business_key, business_numbers, encode_segment, group};
pub use opened::Opened;
pub use record::{Content, ProofKind, Record};
pub use reply::{Reply, ReplyError};
pub use time::Time;

#[doc(hidden)]
pub use serde as __serde;
