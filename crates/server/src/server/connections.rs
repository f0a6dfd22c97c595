//! The open connections of a listener, and which of them gives way at the limit.

use prometheus::IntGauge;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Notify, watch};

/// The ticket of a connection with a request in progress.
const IN_REQUEST: u64 = 0;

/// The open connections of a listener, limited in number.
///
/// At the limit a new connection is let in all the same: the one that has waited longest for a whole request head is
/// closed for it.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    limit: usize,
    /// Connections with a request in progress are never closed for another.
    requests_stay: bool,
    open: watch::Sender<Open>,
    gauge: Option<IntGauge>,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    /// Connections that were told to close and are still open.
    closing: usize,
    /// Connections that may be closed, by ticket; those that have waited longest first.
    waiting: BTreeMap<u64, Arc<Notify>>,
    last_ticket: u64,
}

impl Connections {
    /// Returns the connections of the notify listener, counted by `gauge`.
    pub(super) fn notify(limit: usize, gauge: IntGauge) -> Self {
        Self { limit, requests_stay: true, open: watch::Sender::default(), gauge: Some(gauge) }
    }

    /// Returns the connections of the admin listener: there also requests in progress give way, so that neither half
    /// requests nor requests that wait for the store keep health checks out.
    pub(super) fn admin(limit: usize) -> Self {
        Self { limit, requests_stay: false, open: watch::Sender::default(), gauge: None }
    }

    /// Waits until one more connection may be open, closing the oldest one that may be closed.
    pub(super) async fn make_room(&self) {
        let mut changes = self.open.subscribe();
        while !self.has_room() {
            // The sender is here: it can't be gone.
            let _changed = changes.changed().await;
        }
    }

    fn has_room(&self) -> bool {
        let mut has_room = false;
        self.open.send_if_modified(|open| {
            has_room = open.count < self.limit;
            if open.count >= self.limit + open.closing {
                open.close_oldest();
            }
            false
        });
        has_room
    }

    /// Tells the oldest connection that may be closed to close.
    pub(super) fn close_oldest(&self) {
        self.open.send_if_modified(|open| {
            open.close_oldest();
            false
        });
    }

    /// Adds a connection, until it is dropped.
    pub(super) fn add(&self) -> Connection {
        let (mut ticket, close) = (IN_REQUEST, Arc::new(Notify::new()));
        self.change(|open| {
            open.count += 1;
            ticket = open.wait(&close);
        });
        if let Some(gauge) = &self.gauge {
            gauge.inc();
        }
        Connection { all: self.clone(), ticket: AtomicU64::new(ticket), close }
    }

    /// Waits until none is open.
    pub(super) async fn none(&self) {
        let mut changes = self.open.subscribe();
        // The sender is here: it can't be gone.
        let _none = changes.wait_for(|open| open.count == 0).await;
    }

    /// Changes the state and wakes whoever may be waiting for such a change.
    fn change(&self, change: impl FnOnce(&mut Open)) {
        self.open.send_if_modified(|open| {
            let was_full = open.count >= self.limit;
            change(open);
            was_full || open.count == 0
        });
    }
}

impl Open {
    fn wait(&mut self, close: &Arc<Notify>) -> u64 {
        self.last_ticket += 1;
        self.waiting.insert(self.last_ticket, Arc::clone(close));
        self.last_ticket
    }

    /// Removes a ticket; one that isn't waiting any more belongs to a connection that was told to close.
    fn leave(&mut self, ticket: u64) {
        if ticket != IN_REQUEST && self.waiting.remove(&ticket).is_none() {
            self.closing -= 1;
        }
    }

    fn close_oldest(&mut self) {
        if let Some((_, close)) = self.waiting.pop_first() {
            self.closing += 1;
            close.notify_one();
        }
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Connection {
    all: Connections,
    /// Written by the connection's own task only.
    ticket: AtomicU64,
    close: Arc<Notify>,
}

impl Connection {
    /// Marks that a whole request head has arrived. It is served even if the connection was just told to close.
    pub(super) fn begin_request(&self) {
        if self.all.requests_stay {
            self.all.change(|open| open.leave(self.ticket.swap(IN_REQUEST, Ordering::Relaxed)));
        }
    }

    /// Marks that the request is answered: the connection waits for another one.
    pub(super) fn end_request(&self) {
        self.all.change(|open| {
            open.leave(self.ticket.load(Ordering::Relaxed));
            self.ticket.store(open.wait(&self.close), Ordering::Relaxed);
        });
    }

    /// Waits until the connection must close for another one.
    pub(super) async fn must_close(&self) {
        loop {
            self.close.notified().await;
            // A request may have come or ended since.
            let ticket = self.ticket.load(Ordering::Relaxed);
            if ticket != IN_REQUEST && !self.all.open.borrow().waiting.contains_key(&ticket) {
                return;
            }
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.change(|open| {
            open.leave(self.ticket.load(Ordering::Relaxed));
            open.count -= 1;
        });
        if let Some(gauge) = &self.all.gauge {
            gauge.dec();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_executor::block_on;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn limited(limit: usize) -> Connections {
        Connections { limit, requests_stay: true, open: watch::Sender::default(), gauge: None }
    }

    fn is_ready(future: impl Future<Output = ()>) -> bool {
        matches!(pin!(future).poll(&mut Context::from_waker(Waker::noop())), Poll::Ready(()))
    }

    fn state(connections: &Connections) -> (usize, usize, usize) {
        let open = connections.open.borrow();
        (open.count, open.closing, open.waiting.len())
    }

    #[test]
    fn the_one_that_waits_longest_closes() {
        let all = limited(2);
        block_on(all.make_room());
        let first = all.add();
        block_on(all.make_room());
        let second = all.add();
        // The first has been answered since: now the second waits longest.
        first.begin_request();
        first.end_request();
        assert!(!is_ready(all.make_room()));
        assert!(is_ready(second.must_close()) && !is_ready(first.must_close()));
        assert!(!is_ready(all.make_room()), "it is still open");
        assert!(!is_ready(first.must_close()), "one is enough");
        drop(second);
        assert!(is_ready(all.make_room()));
        assert_eq!(state(&all), (1, 0, 1));
    }

    #[test]
    fn requests_in_progress_stay() {
        let all = limited(1);
        let only = all.add();
        only.begin_request();
        let mut waiting = pin!(all.make_room());
        let mut poll = || waiting.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready();
        assert!(!poll());
        assert!(!is_ready(only.must_close()));
        only.end_request();
        assert!(!poll());
        assert!(is_ready(only.must_close()), "now it waits for a request, and another for its place");
        drop(only);
        assert!(poll());
        assert_eq!(state(&all), (0, 0, 0));
        assert!(is_ready(all.none()));
    }

    #[test]
    fn a_head_that_arrives_in_the_last_moment_is_served() {
        let all = limited(2);
        let (first, second) = (all.add(), all.add());
        assert!(!is_ready(all.make_room()));
        first.begin_request();
        assert!(!is_ready(first.must_close()));
        assert!(!is_ready(all.make_room()));
        assert!(is_ready(second.must_close()), "another one goes instead");
        first.end_request();
        drop((first, second));
        assert_eq!(state(&all), (0, 0, 0));
    }

    #[test]
    fn on_the_admin_listener_requests_give_way() {
        let all = Connections::admin(1);
        let only = all.add();
        only.begin_request();
        assert!(!is_ready(all.make_room()));
        assert!(is_ready(only.must_close()));
        drop(only);
        assert_eq!(state(&all), (0, 0, 0));
    }
}
