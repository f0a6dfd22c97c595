use super::listener::Bound;
use crate::config::{Config, Fault};
use crate::error::{Error, deaf};
use std::io::ErrorKind;

impl Config {
    /// Tries to listen as a server would, and stops at once; what an address can't be listened on for, if it can't.
    /// Must be called within a tokio runtime.
    pub fn try_listen(&self) -> Vec<(ErrorKind, Fault)> {
        let tried = [("listen", self.listen), ("admin_listen", self.admin_listen)]
            .map(|(key, addr)| Bound::bind(self.place(key), addr).err());
        let fault = |error| match error {
            Error::Listen { place, addr, source } => {
                let (what, fix) = deaf(addr, &source);
                Some((source.kind(), Fault::new(place, what, fix)))
            }
            _ => None,
        };
        tried.into_iter().flatten().filter_map(fault).collect()
    }
}
