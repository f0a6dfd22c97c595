use std::io;

/// What ends the program: SIGINT and SIGTERM.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    /// From now on signals no longer end the program by themselves. Needs a runtime.
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { interrupt: signal(SignalKind::interrupt())?, terminate: signal(SignalKind::terminate())? })
    }

    /// The next one. Safe to drop.
    pub(crate) async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.interrupt.recv() => "SIGINT",
            _ = self.terminate.recv() => "SIGTERM",
        }
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Needs a runtime.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {})
    }

    /// The next one. Safe to drop.
    pub(crate) async fn next(&mut self) -> &'static str {
        let _caught = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }
}

impl Signals {
    /// Resolves with the first signal; a second one then ends the program at once.
    pub(crate) async fn shutdown(mut self) {
        let first = self.next().await;
        tracing::info!(signal = first, "shutting down; another signal ends at once");
        tokio::spawn(async move {
            let second = self.next().await;
            tracing::warn!(signal = second, "ended at once");
            crate::logging::flush();
            std::process::exit(130);
        });
    }
}
