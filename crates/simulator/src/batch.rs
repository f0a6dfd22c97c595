mod send;

use std::fmt;
use std::num::NonZero;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use http_body_util::Full;

use crate::{Campaign, Error, Prepared, Sender, draw};

/// The number of requests between two reports of progress.
const TOLD_EVERY: u32 = 64;

/// The signed requests of a campaign, ready to send.
///
/// `Debug` doesn't show the requests.
#[derive(Clone)]
pub struct Batch {
    requests: Arc<[Request<Full<Bytes>>]>,
    address: Arc<str>,
    deadline: Duration,
    #[cfg(feature = "https")]
    tls: Option<(tokio_rustls::TlsConnector, rustls_pki_types::ServerName<'static>)>,
}

impl Sender {
    /// Makes all requests of a campaign, one try of each, on all cores. Several threads call `watch` from time to time
    /// with the number of finished requests.
    ///
    /// This takes a while: in asynchronous code, run it on its own thread. A receiver rejects requests that were signed
    /// more than 5 minutes ago, so send a batch before its first request is that old.
    ///
    /// # Errors
    /// The first error of [`Campaign::message`] or [`Platform::make`](crate::Platform::make).
    pub fn prepare(&self, campaign: &Campaign, watch: impl Fn(u32) + Sync) -> Result<Batch, Error> {
        let threads = thread::available_parallelism().map_or(1, NonZero::get);
        let share = campaign.len().div_ceil(u32::try_from(threads).unwrap_or(u32::MAX)).max(1);
        let done = AtomicU32::new(0);
        let tell = || {
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if done.is_multiple_of(TOLD_EVERY) || done == campaign.len() {
                watch(done);
            }
        };
        let parts: Vec<Result<Vec<Request<Full<Bytes>>>, Error>> = thread::scope(|scope| {
            let starts = (0..campaign.len()).step_by(usize::try_from(share).unwrap_or(usize::MAX));
            let ranges = starts.map(|start| start..start.saturating_add(share).min(campaign.len()));
            let signers: Vec<_> =
                ranges.map(|range| scope.spawn(|| self.part(campaign, range, tell))).collect();
            let joined = signers.into_iter().map(|signer| signer.join());
            joined.map(|part| part.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
        });
        let mut requests = Vec::new();
        for part in parts {
            requests.extend(part?);
        }
        let deadlines = campaign.events().iter().map(|meta| self.deadline_of(meta));
        let deadline = deadlines.max().unwrap_or_default();
        Ok(Batch {
            requests: requests.into(),
            address: Prepared::address(self.url())?.into(),
            deadline,
            #[cfg(feature = "https")]
            tls: self.tls()?,
        })
    }

    #[cfg(feature = "https")]
    fn tls(
        &self,
    ) -> Result<Option<(tokio_rustls::TlsConnector, rustls_pki_types::ServerName<'static>)>, Error> {
        let Some(host) = Prepared::https_host(self.url())? else { return Ok(None) };
        let config = self.tls_config().ok_or(Error::Url)?;
        let name = rustls_pki_types::ServerName::try_from(host).map_err(|_| Error::Url)?;
        Ok(Some((config.into(), name)))
    }

    fn part(
        &self,
        campaign: &Campaign,
        range: Range<u32>,
        tell: impl Fn(),
    ) -> Result<Vec<Request<Full<Bytes>>>, Error> {
        let mut requests = Vec::new();
        for nth in range {
            let message = campaign.message(nth)?;
            for copy in 1..=campaign.copies(nth).unwrap_or(self.copies()).get() {
                let nonces = draw::nonces(Some(campaign.seed()), &message, 1, copy)?;
                let request = self.platform().make(&message, self.now(), &nonces)?;
                requests.push(Prepared::new(self.url(), &request)?.in_origin_form()?);
            }
            tell();
        }
        Ok(requests)
    }
}

impl Batch {
    /// Returns the number of requests; each copy counts as one.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Returns whether there are no requests.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}

impl fmt::Debug for Batch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("len", &self.len()).finish_non_exhaustive()
    }
}
