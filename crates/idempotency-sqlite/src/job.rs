use crate::fault::{Fault, again};
use futures_channel::oneshot::{self, Receiver, Sender};
use wxhook_idempotency::Error;

/// An operation on its way through a thread: run, possibly more than once, then answered once.
///
/// `C` is what it runs on.
pub(crate) trait Job<C>: Send {
    /// Does it; on an error everything that was done in the same transaction is undone.
    fn run(&mut self, on: &mut C) -> Result<(), Error>;

    /// Tells the caller what came out, once it is durable.
    fn answer(self: Box<Self>);

    /// Tells the caller that it didn't work out.
    fn fail(self: Box<Self>, error: &Error);
}

/// A job of `work`, and what its result comes through.
pub(crate) fn job<C, T, W>(work: W) -> (Box<dyn Job<C>>, Receiver<Result<T, Error>>)
where
    C: 'static,
    T: Send + 'static,
    W: FnMut(&mut C) -> Result<T, Error> + Send + 'static,
{
    let (reply, result) = oneshot::channel();
    (Box::new(Task { work, done: None, reply }), result)
}

/// Waits for a job's result.
pub(crate) async fn result<T>(receiver: Receiver<Result<T, Error>>) -> Result<T, Error> {
    receiver.await.unwrap_or_else(|_| Err(Fault::Closed.into()))
}

struct Task<T, W> {
    work: W,
    done: Option<T>,
    reply: Sender<Result<T, Error>>,
}

impl<C, T, W> Job<C> for Task<T, W>
where
    T: Send,
    W: FnMut(&mut C) -> Result<T, Error> + Send,
{
    fn run(&mut self, on: &mut C) -> Result<(), Error> {
        // Nobody waits any more: not doing it is as good as having done it, and leaves no lease behind.
        if !self.reply.is_canceled() {
            self.done = Some((self.work)(on)?);
        }
        Ok(())
    }

    fn answer(self: Box<Self>) {
        if let Some(done) = self.done {
            let _gone = self.reply.send(Ok(done));
        }
    }

    fn fail(self: Box<Self>, error: &Error) {
        let _gone = self.reply.send(Err(again(error)));
    }
}
