//! The limit of open files, which is also one of connections.

/// Descriptors for everything but senders' connections: the admin listener's 64, the store's, the sinks', the log.
const RESERVED: u64 = 160;

/// Raises the process's soft limit of open files if `connections` need it. Returns how many connections there can be, and
/// warns if those are fewer.
#[cfg(unix)]
pub(super) fn ensure(connections: usize) -> usize {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let needed = u64::try_from(connections).unwrap_or(u64::MAX).saturating_add(RESERVED);
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    // `None` is no limit.
    let Some(soft) = current.filter(|soft| *soft < needed) else { return connections };
    let raised = maximum.map_or(needed, |hard| hard.min(needed));
    let soft = match setrlimit(Resource::Nofile, Rlimit { current: Some(raised), maximum }) {
        Ok(()) => raised,
        Err(_) => soft,
    };
    if soft >= needed {
        return connections;
    }
    let possible = soft.saturating_sub(RESERVED).max(soft / 4).max(1);
    let possible = usize::try_from(possible).unwrap_or(usize::MAX).min(connections);
    tracing::warn!(
        open_files = soft,
        needed,
        connections = possible,
        "fewer files can be open than limits.connections needs, so fewer connections are allowed; raise the limit of \
         open files (ulimit -n, LimitNOFILE=, --ulimit nofile=), or lower limits.connections"
    );
    possible
}

#[cfg(not(unix))]
pub(super) fn ensure(connections: usize) -> usize {
    connections
}
