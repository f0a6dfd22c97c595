use crate::fault::Fault;
use bytes::Bytes;
use redis::Value;
use std::vec::IntoIter;
use wxhook_idempotency::machine::Moment;
use wxhook_idempotency::{Error, Seq};

/// An array that a script answered, taken apart from its beginning.
#[derive(Debug)]
pub(crate) struct Parts(IntoIter<Value>);

impl Parts {
    /// Parses a reply that must be an array.
    pub(crate) fn of(value: Value) -> Result<Self, Error> {
        match value {
            Value::Array(values) => Ok(Self(values.into_iter())),
            _ => Err(Fault::Answer.into()),
        }
    }

    /// The next part.
    pub(crate) fn value(&mut self) -> Result<Value, Error> {
        self.0.next().ok_or_else(|| Fault::Answer.into())
    }

    /// The next part, an array.
    pub(crate) fn parts(&mut self) -> Result<Self, Error> {
        Self::of(self.value()?)
    }

    /// The next part, bytes.
    pub(crate) fn bytes(&mut self) -> Result<Bytes, Error> {
        self.optional()?.ok_or_else(|| Fault::Answer.into())
    }

    /// The next part, bytes or nothing.
    pub(crate) fn optional(&mut self) -> Result<Option<Bytes>, Error> {
        optional(self.value()?)
    }

    /// The next part, a text.
    pub(crate) fn text(&mut self) -> Result<String, Error> {
        String::from_utf8(self.bytes()?.into()).map_err(|_| Fault::Answer.into())
    }

    /// The next part, a number.
    pub(crate) fn number(&mut self) -> Result<u64, Error> {
        number(self.value()?)
    }

    /// The next part, a record's number.
    pub(crate) fn seq(&mut self) -> Result<Seq, Error> {
        self.number().map(Seq::new)
    }

    /// The next part, a time.
    pub(crate) fn moment(&mut self) -> Result<Moment, Error> {
        Ok(Moment::from_millis(i64::try_from(self.number()?).unwrap_or(i64::MAX)))
    }
}

impl Iterator for Parts {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.0.next()
    }
}

/// A text that is one of a few words.
pub(crate) fn word(value: Value) -> Result<String, Error> {
    let bytes = optional(value)?.ok_or(Fault::Answer)?;
    String::from_utf8(bytes.into()).map_err(|_| Fault::Answer.into())
}

/// A number, which scripts give as text or as an integer.
pub(crate) fn number(value: Value) -> Result<u64, Error> {
    match value {
        Value::Int(number) => u64::try_from(number).map_err(|_| Fault::Answer.into()),
        other => word(other)?.parse().map_err(|_| Fault::Answer.into()),
    }
}

fn optional(value: Value) -> Result<Option<Bytes>, Error> {
    match value {
        Value::Nil => Ok(None),
        Value::BulkString(bytes) => Ok(Some(Bytes::from(bytes))),
        Value::SimpleString(text) => Ok(Some(Bytes::from(text))),
        _ => Err(Fault::Answer.into()),
    }
}
