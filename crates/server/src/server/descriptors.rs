//! The limit of open files, which is also one of connections.

/// Descriptors for everything but senders' connections: the admin listener's 64, the store's, the sinks', the log.
const RESERVED: u64 = 160;

/// Raises the process's soft limit of open files if `connections` need it, and warns if that isn't possible.
#[cfg(unix)]
pub(super) fn ensure(connections: usize) {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(RESERVED);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` is no limit.
    let Some(soft) = current.filter(|soft| *soft < needed) else { return };
    let raised = maximum.map_or(needed, |hard| hard.min(needed));
    let soft = match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        Ok(()) => raised,
        Err(_) => soft,
    };
    if soft < needed {
        tracing::warn!(
            limit = soft,
            needed,
            "fewer files can be open than limits.connections needs: connections will be closed early; raise the limit \
             (ulimit -n, LimitNOFILE=, --ulimit nofile=), or lower limits.connections"
        );
    }
}

#[cfg(not(unix))]
pub(super) fn ensure(_connections: usize) {}
