use std::io;

/// The signals that end the program: SIGINT and SIGTERM.
#[derive(Debug)]
pub(crate) struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    /// SIGHUP, if it must not end the program.
    #[cfg(unix)]
    hangup: Option<tokio::signal::unix::Signal>,
}

#[cfg(unix)]
impl Signals {
    /// Catches them, so that they no longer end the program by themselves. Needs a runtime.
    pub(crate) fn catch() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: None,
        })
    }

    /// Catches SIGHUP, too, which must not end a service. (It ends other commands, as the end of a terminal should.)
    pub(crate) fn catch_for_service() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self { hangup: Some(signal(SignalKind::hangup())?), ..Self::catch()? })
    }

    /// Waits for the next one. Cancel-safe.
    pub(crate) async fn next(&mut self) -> &'static str {
        loop {
            tokio::select! {
                _ = self.interrupt.recv() => return "SIGINT",
                _ = self.terminate.recv() => return "SIGTERM",
                () = received(&mut self.hangup) => tracing::warn!(
                    signal = "SIGHUP",
                    "ignored: the configuration can't be reloaded; restart to apply changes"
                ),
            }
        }
    }
}

/// Waits for a signal; forever if there is none.
#[cfg(unix)]
async fn received(signal: &mut Option<tokio::signal::unix::Signal>) {
    match signal {
        Some(signal) => _ = signal.recv().await,
        None => std::future::pending().await,
    }
}

#[cfg(not(unix))]
impl Signals {
    /// Catches them. Needs a runtime.
    pub(crate) fn catch() -> io::Result<Self> {
        Ok(Self {})
    }

    /// Catches them.
    pub(crate) fn catch_for_service() -> io::Result<Self> {
        Self::catch()
    }

    /// Waits for the next one. Cancel-safe.
    pub(crate) async fn next(&mut self) -> &'static str {
        let _caught = tokio::signal::ctrl_c().await;
        "Ctrl-C"
    }
}

impl Signals {
    /// Waits for the first signal; a second one then ends the program at once.
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
