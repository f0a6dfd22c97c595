use crate::config::{ConfigErrors, Fault};
use std::io;
use std::net::SocketAddr;
use thiserror::Error as ThisError;

/// The reason why a server can't start or continue.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum Error {
    /// The configuration can't be served.
    #[error("the configuration can't be served")]
    Config(#[from] ConfigErrors),
    /// The store can't be opened.
    #[error("{fault}")]
    Store {
        /// The fault of the configuration.
        fault: Fault,
        /// Error of the store.
        source: wxhook_idempotency::Error,
    },
    /// The receiver can't be built.
    #[error("the receiver can't be built")]
    Receiver(#[from] wxhook_receiver::BuildError),
    /// A sink can't be used.
    #[error("{0}")]
    Sink(Fault),
    /// A sink's worker can't be built.
    #[error("the delivery to a sink can't be built")]
    Delivery(#[from] wxhook_delivery::ProcessorBuildError),
    /// An address can't be listened on.
    #[error("{place}: {}", joined(describe_bind(*addr, source)))]
    Listen {
        /// Place of `listen` or `admin_listen` in the configuration: file, line and key, or the environment variable.
        place: String,
        /// The address.
        addr: SocketAddr,
        /// Error of the operating system.
        source: io::Error,
    },
    /// The metrics can't be set up.
    #[error("the metrics can't be set up: {0}")]
    Metrics(String),
    /// The configuration names a store or sink that isn't compiled in.
    #[error("the configured {0} isn't compiled in; build with its feature")]
    NotBuiltIn(&'static str),
    /// A part of the server ended by itself.
    #[error("the server's {0} ended unexpectedly")]
    Ended(&'static str),
}

fn joined((what, fix): (String, String)) -> String {
    format!("{what}; {fix}")
}

/// Returns why an address can't be listened on, and the fix.
pub(crate) fn describe_bind(addr: SocketAddr, source: &io::Error) -> (String, String) {
    match source.kind() {
        io::ErrorKind::AddrInUse => {
            (format!("{addr} is taken by another program"), "stop it, or give another port".to_owned())
        }
        io::ErrorKind::AddrNotAvailable => {
            let every = if addr.is_ipv4() { "0.0.0.0" } else { "[::]" };
            let what = format!("{} is not an address of this machine", addr.ip());
            (what, format!("give one that is, or {every}"))
        }
        io::ErrorKind::PermissionDenied => {
            (format!("{addr} may not be used by this user"), "give a port from 1024 on".to_owned())
        }
        _ => (format!("{addr} can't be listened on: {source}"), "give another address".to_owned()),
    }
}
