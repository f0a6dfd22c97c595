use crate::fault::{Fault, again};
use futures_channel::oneshot::{self, Receiver, Sender};
use wxhook_idempotency::Error;

/// An operation for a thread: it is run, possibly more than once, and then answered once.
///
/// It runs on a `C`.
pub(crate) trait Job<C>: Send {
    /// Runs the operation. On an error the whole transaction is rolled back.
    fn run(&mut self, on: &mut C) -> Result<(), Error>;

    /// Sends the result to the caller, once it is durable.
    fn answer(self: Box<Self>);

    /// Sends an error to the caller.
    fn fail(self: Box<Self>, error: &Error);
}

/// Creates a job from `work`, and the channel for its result.
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
        // The caller no longer waits. Skipping the operation is allowed then, and leaves no lease behind.
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
