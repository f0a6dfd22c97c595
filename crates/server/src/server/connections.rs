//! The open connections of a listener, and which of them gives way at the limit.

use prometheus::IntGauge;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};

/// The ticket of a connection with a request in progress.
const IN_REQUEST: u64 = 0;

/// The open connections of a listener, limited in number.
///
/// At the limit a new connection is still accepted: the one that has waited longest for a complete request head is closed
/// for it.
#[derive(Debug, Clone)]
pub(super) struct Connections {
    limit: usize,
    /// If true, connections with a request in progress are never closed for another.
    requests_stay: bool,
    slots: Arc<Semaphore>,
    queue: Arc<Mutex<Queue>>,
    gauge: Option<IntGauge>,
}

/// The connections that may be closed.
#[derive(Debug, Default)]
struct Queue {
    /// Signals to close, by ticket, the longest wait first.
    waiting: BTreeMap<u64, Arc<Notify>>,
    last_ticket: u64,
    /// True if the next connection that starts to wait must close.
    is_wanted: bool,
}

impl Connections {
    /// Returns the connections of the notify listener, counted by `gauge`.
    pub(super) fn notify(limit: usize, gauge: IntGauge) -> Self {
        Self { gauge: Some(gauge), requests_stay: true, ..Self::admin(limit) }
    }

    /// Returns the connections of the admin listener. There requests in progress give way too, so that neither incomplete
    /// requests nor requests that wait for the store keep health checks out.
    pub(super) fn admin(limit: usize) -> Self {
        let limit = limit.min(Semaphore::MAX_PERMITS);
        let slots = Arc::new(Semaphore::new(limit));
        Self { limit, requests_stay: false, slots, queue: Arc::default(), gauge: None }
    }

    /// Adds a connection, until it is dropped. At the limit this closes the oldest one that may be closed, and waits.
    pub(super) async fn open(&self) -> Connection {
        let slot = match Arc::clone(&self.slots).try_acquire_owned() {
            Ok(slot) => Some(slot),
            Err(_) => {
                self.close_oldest();
                // The semaphore is never closed.
                let slot = Arc::clone(&self.slots).acquire_owned().await.ok();
                self.queue().is_wanted = false;
                slot
            }
        };
        if let Some(gauge) = &self.gauge {
            gauge.inc();
        }
        let ticket = AtomicU64::new(IN_REQUEST);
        let connection = Connection { all: self.clone(), ticket, close: Arc::default(), _slot: slot };
        connection.enter(&mut self.queue());
        connection
    }

    /// Tells the oldest connection that may be closed to close.
    pub(super) fn close_oldest(&self) {
        self.queue().close_oldest();
    }

    /// Waits until no connection is open.
    pub(super) async fn none(&self) {
        let all = u32::try_from(self.limit).unwrap_or(u32::MAX);
        let _all = self.slots.acquire_many(all).await;
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    fn close_oldest(&mut self) {
        match self.waiting.pop_first() {
            Some((_, close)) => close.notify_one(),
            None => self.is_wanted = true,
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
    _slot: Option<OwnedSemaphorePermit>,
}

impl Connection {
    /// Records that a complete request head has arrived. It is served even if the connection was just told to close.
    pub(super) fn begin_request(&self) {
        if self.all.requests_stay {
            self.leave(&mut self.all.queue());
        }
    }

    /// Records that the request is answered: the connection waits for another one.
    pub(super) fn end_request(&self) {
        let mut queue = self.all.queue();
        self.leave(&mut queue);
        self.enter(&mut queue);
    }

    /// Waits until the connection must close for another one.
    pub(super) async fn must_close(&self) {
        loop {
            self.close.notified().await;
            // A request may have started or ended since.
            let ticket = self.ticket.load(Ordering::Relaxed);
            if ticket != IN_REQUEST && !self.all.queue().waiting.contains_key(&ticket) {
                return;
            }
        }
    }

    fn enter(&self, queue: &mut Queue) {
        queue.last_ticket += 1;
        queue.waiting.insert(queue.last_ticket, Arc::clone(&self.close));
        self.ticket.store(queue.last_ticket, Ordering::Relaxed);
        if std::mem::take(&mut queue.is_wanted) {
            queue.close_oldest();
        }
    }

    /// Leaves the queue. If this connection was told to close, another one closes instead.
    fn leave(&self, queue: &mut Queue) {
        let ticket = self.ticket.swap(IN_REQUEST, Ordering::Relaxed);
        if ticket != IN_REQUEST && queue.waiting.remove(&ticket).is_none() {
            queue.close_oldest();
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.all.queue().waiting.remove(&self.ticket.load(Ordering::Relaxed));
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
        Connections { requests_stay: true, ..Connections::admin(limit) }
    }

    fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Option<T> {
        match future.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(output) => Some(output),
            Poll::Pending => None,
        }
    }

    fn must_close(connection: &Connection) -> bool {
        poll(pin!(connection.must_close())).is_some()
    }

    /// Returns the numbers of connections that are open and that may be closed.
    fn counts(connections: &Connections) -> (usize, usize) {
        (connections.limit - connections.slots.available_permits(), connections.queue().waiting.len())
    }

    #[test]
    fn the_connection_that_has_waited_longest_closes() {
        let all = limited(2);
        let (first, second) = (block_on(all.open()), block_on(all.open()));
        // The first has been answered since: now the second has waited longest.
        first.begin_request();
        first.end_request();
        let mut third = pin!(all.open());
        assert!(poll(third.as_mut()).is_none());
        assert!(must_close(&second) && !must_close(&first));
        assert!(poll(third.as_mut()).is_none(), "the second is still open");
        assert!(!must_close(&first), "one is enough");
        drop(second);
        let third = poll(third).unwrap();
        assert_eq!(counts(&all), (2, 2));
        drop((first, third));
        assert_eq!(counts(&all), (0, 0));
    }

    #[test]
    fn requests_in_progress_stay() {
        let all = limited(1);
        let only = block_on(all.open());
        only.begin_request();
        let mut waiting = pin!(all.open());
        assert!(poll(waiting.as_mut()).is_none());
        assert!(!must_close(&only));
        only.end_request();
        assert!(poll(waiting.as_mut()).is_none());
        assert!(must_close(&only), "now it waits for a request, and another for its place");
        drop(only);
        drop(poll(waiting).unwrap());
        assert_eq!(counts(&all), (0, 0));
        assert!(poll(pin!(all.none())).is_some());
    }

    #[test]
    fn a_place_that_is_free_by_itself_closes_nobody_later() {
        let all = limited(1);
        let only = block_on(all.open());
        only.begin_request();
        let mut waiting = pin!(all.open());
        assert!(poll(waiting.as_mut()).is_none());
        drop(only);
        let next = poll(waiting).unwrap();
        next.begin_request();
        next.end_request();
        assert!(!must_close(&next));
    }

    #[test]
    fn a_head_that_arrives_in_the_last_moment_is_served() {
        let all = limited(2);
        let (first, second) = (block_on(all.open()), block_on(all.open()));
        let mut third = pin!(all.open());
        assert!(poll(third.as_mut()).is_none());
        first.begin_request();
        assert!(!must_close(&first));
        assert!(must_close(&second), "another one closes instead");
        first.end_request();
        assert!(poll(third.as_mut()).is_none());
        drop(second);
        let third = poll(third).unwrap();
        assert_eq!(counts(&all), (2, 2));
        drop((first, third));
        assert_eq!(counts(&all), (0, 0));
    }

    #[test]
    fn on_the_admin_listener_requests_give_way() {
        let all = Connections::admin(1);
        let only = block_on(all.open());
        only.begin_request();
        assert!(poll(pin!(all.open())).is_none());
        assert!(must_close(&only));
        drop(only);
        assert_eq!(counts(&all), (0, 0));
    }
}
