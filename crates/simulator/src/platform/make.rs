use wxhook_wire::Protocol;

use super::Platform;
use crate::{Error, Fault, Message, Nonces, Notification, SignedRequest};

impl Platform {
    /// Makes the request of a message at this time, with its fault if it has one.
    ///
    /// # Errors
    /// The errors of [`notify`](Self::notify) and [`tamper`](Self::tamper), and [`Error::Probe`] for a v2 message as a
    /// probe.
    pub fn make(&self, message: &Message, timestamp: u64, nonces: &Nonces) -> Result<SignedRequest, Error> {
        match message.fault() {
            None => self.good(message, timestamp, nonces),
            Some(Fault::Tamper(tamper)) => self.tamper(self.good(message, timestamp, nonces)?, tamper),
            Some(Fault::Probe) if message.meta().protocol == Protocol::V2 => Err(Error::Probe),
            Some(Fault::Probe) => {
                let body = self.envelope(&notification(message, timestamp), nonces)?;
                Ok(self.probe(body, timestamp, nonces))
            }
        }
    }

    fn good(&self, message: &Message, timestamp: u64, nonces: &Nonces) -> Result<SignedRequest, Error> {
        if message.meta().protocol == Protocol::V2 {
            return self.notify_v2(message.meta(), message.resource(), message.id(), message.sign(), nonces);
        }
        self.v3(&notification(message, timestamp), timestamp, nonces)
    }
}

fn notification(message: &Message, timestamp: u64) -> Notification {
    let created = message.created().unwrap_or(timestamp);
    super::notify::notification(message.meta(), message.resource(), message.id(), created)
}
