use crate::config::ConfigErrors;
use std::io;
use std::net::SocketAddr;
use thiserror::Error as ThisError;

/// Why a server can't start, or can't go on.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The configuration isn't one to serve with.
    #[error("the configuration can't be served")]
    Config(#[from] ConfigErrors),
    /// The store can't be opened.
    #[error("the store {url} can't be opened")]
    Store {
        /// Where it is, without a password.
        url: String,
        /// Why.
        source: wxhook_idempotency::Error,
    },
    /// The receiver can't be built.
    #[error("the receiver can't be built")]
    Receiver(#[from] wxhook_receiver::BuildError),
    /// A sink's worker can't be built.
    #[error("the delivery to a sink can't be built")]
    Delivery(#[from] wxhook_delivery::BuildError),
    /// An address can't be listened on.
    #[error("{key} = \"{addr}\" can't be listened on")]
    Listen {
        /// The configuration's key: `listen` or `admin_listen`.
        key: &'static str,
        /// The address.
        addr: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The metrics can't be set up.
    #[error("the metrics can't be set up: {0}")]
    Metrics(String),
    /// A part of the server ended by itself.
    #[error("the server's {0} ended unexpectedly")]
    Ended(&'static str),
}
