use tokio::sync::watch;

/// How far a shutdown has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    /// Not begun.
    Serving,
    /// Nothing new; what runs may end.
    Draining,
    /// What still runs is cut off.
    Over,
}

/// Tells tasks how far a shutdown has come.
#[derive(Debug)]
pub(super) struct Phases(watch::Sender<Phase>);

/// Waits for a phase.
#[derive(Debug, Clone)]
pub(super) struct Watch(watch::Receiver<Phase>);

impl Phases {
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(Phase::Serving))
    }

    pub(super) fn set(&self, phase: Phase) {
        self.0.send_replace(phase);
    }

    pub(super) fn watch(&self) -> Watch {
        Watch(self.0.subscribe())
    }
}

impl Watch {
    /// Until this phase, or a later one, has come.
    pub(super) async fn until(&mut self, phase: Phase) {
        // An error means that the server is gone altogether.
        let _gone = self.0.wait_for(|now| *now >= phase).await;
    }
}
