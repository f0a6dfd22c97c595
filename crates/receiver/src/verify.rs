//! The verification of a request: the pipeline stops at the first failed check, a diagnosis runs them all.

mod v2;
mod v3;

use crate::builder::Limits;
use crate::classify::{Classification, Context};
use crate::headers::NotificationHeaders;
use crate::merchant::Merchant;
use crate::rejection::Rejection;
use bytes::Bytes;
use std::sync::Arc;
use std::time::SystemTime;
use wxhook_wire::v2::FieldNames;
use wxhook_wire::{Catalog, Protocol};

/// Verifies, decrypts and classifies requests. Stores nothing.
#[derive(Debug, Clone)]
pub struct Verifier {
    catalog: Arc<dyn Catalog>,
    field_names: FieldNames,
    max_body: usize,
}

/// The result of [`Verifier::verify`]. Contains nothing of the request but what its [`Classification`] shows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Verification {
    /// The protocol, by the first byte of the body; `None` for an empty one.
    pub protocol: Option<Protocol>,
    /// The pipeline's result: its first failed check, or the notification.
    pub result: Result<Classification, Rejection>,
    /// Every check; `None` for a body over the limit, which isn't looked at.
    pub checks: Option<Checks>,
}

/// The checks of one request, each made whether or not those before it passed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Checks {
    /// Seconds that the clock is ahead of the signature's timestamp; `None` for v2, which has none.
    pub timestamp: Option<Result<i64, Rejection>>,
    /// Check that the merchant has the key, and it is of the type that the request names.
    pub key: Result<(), Rejection>,
    /// Check that the signature is that key's; `None` for a v2 refund, which has no signature.
    pub signature: Option<Result<(), Rejection>>,
    /// The content, whoever sent it.
    pub content: Result<Classification, Rejection>,
}

impl Verifier {
    /// Creates a verifier with this catalog and the body limit of a receiver.
    pub fn new(catalog: Arc<dyn Catalog>, limits: &Limits) -> Self {
        Self { field_names: FieldNames::from_catalog(&*catalog), catalog, max_body: limits.body }
    }

    /// Runs every check of a captured request to a merchant, with the clock at `now`.
    pub fn verify(
        &self,
        merchant: &Merchant,
        now: SystemTime,
        headers: NotificationHeaders<'_>,
        body: &Bytes,
    ) -> Verification {
        let protocol = protocol(body);
        let result = match self.open(merchant, now, headers, body) {
            Ok((_, classification)) => Ok(classification),
            Err((_, rejection)) => Err(rejection),
        };
        let context = self.context(merchant, now);
        let checks = (body.len() <= self.max_body).then(|| match protocol {
            Some(Protocol::V2) => v2::checks(&context, body),
            // An empty body is rejected, but its headers can be checked.
            _ => v3::Request { context, headers, body }.checks(),
        });
        Verification { protocol, result, checks }
    }

    /// Runs the checks until one fails.
    pub(crate) fn open(
        &self,
        merchant: &Merchant,
        now: SystemTime,
        headers: NotificationHeaders<'_>,
        body: &Bytes,
    ) -> Result<(Protocol, Classification), (Option<Protocol>, Rejection)> {
        if body.len() > self.max_body {
            return Err((None, Rejection::TooLarge));
        }
        let protocol = protocol(body).ok_or((None, Rejection::Empty))?;
        let context = self.context(merchant, now);
        let opened = match protocol {
            Protocol::V2 => v2::open(&context, body),
            _ => v3::Request { context, headers, body }.open(),
        };
        opened
            .map(|classification| (protocol, classification))
            .map_err(|rejection| (Some(protocol), rejection))
    }

    fn context<'a>(&'a self, merchant: &'a Merchant, now: SystemTime) -> Context<'a> {
        Context { merchant, catalog: &*self.catalog, field_names: &self.field_names, now }
    }
}

/// Returns the protocol of a body: `<` begins v2, everything else is v3. `None` for nothing but whitespace.
fn protocol(body: &[u8]) -> Option<Protocol> {
    let body = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace())?;
    Some(if *first == b'<' { Protocol::V2 } else { Protocol::V3 })
}
