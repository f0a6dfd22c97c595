use crate::call::{Call, Keys};
use crate::durable::confirm;
use crate::fault::{Fault, adding, is_lost, is_unknown_script, needs_another_connection, operating};
use crate::link::{Link, Links};
use crate::memory::{Header, Memory, Replacement};
use crate::options::RedisOptions;
use crate::target::Target;
use crate::watch::Watch;
use redis::{Cmd, ErrorKind, RedisError, ServerErrorKind, Value};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};
use wxhook_idempotency::Error;

/// Maximum number of times an operation follows its keys to another server of a cluster, and the pause before each.
const MAX_MOVES: u32 = 5;
const MOVE_PAUSE: Duration = Duration::from_millis(20);

/// A request to the server.
enum Request {
    Script(Call),
    Add(Cmd),
    Look(Cmd),
}

/// Runs scripts on the server; adds to streams and looks at them.
pub(crate) struct Client {
    pub(crate) options: RedisOptions,
    pub(crate) keys: Keys,
    pub(crate) links: Links,
    pub(crate) memory: Memory,
    pub(crate) watch: Watch,
}

impl Client {
    /// Creates a client that isn't connected yet.
    pub(crate) fn new(target: Target, at: &str, options: RedisOptions) -> Self {
        let links = Links::new(target, options.connect_timeout);
        let memory = Memory::new(at, options.clock.clone());
        Self { keys: Keys::new(&options.prefix), links, memory, watch: Watch::default(), options }
    }

    /// Runs an operation once, on the store that was opened. It is never sent again if it may have happened.
    pub(crate) async fn run(&self, call: Call) -> Result<Value, Error> {
        self.memory.check()?;
        let looks = call.operation.writes && self.watch.is_due();
        let answer = self.run_alone(call).await;
        if looks {
            self.check_server().await?;
        }
        answer
    }

    /// Runs an operation without checking the server.
    pub(crate) async fn run_alone(&self, call: Call) -> Result<Value, Error> {
        self.within_limit(Request::Script(call)).await
    }

    /// Adds an entry to a stream, once.
    pub(crate) async fn add(&self, command: Cmd) -> Result<Value, Error> {
        self.within_limit(Request::Add(command)).await
    }

    /// Sends a command that changes nothing.
    pub(crate) async fn look(&self, command: Cmd) -> Result<Value, Error> {
        self.within_limit(Request::Look(command)).await
    }

    async fn within_limit(&self, request: Request) -> Result<Value, Error> {
        let limit = self.options.limit();
        let mut used = None;
        match timeout(limit, self.attempt(&request, &mut used)).await {
            Ok(answer) => answer,
            Err(_) => {
                // The connection may be dead without any error so far.
                if let Some(link) = used {
                    self.links.drop_link(&link);
                }
                Err(Fault::Time(limit).into())
            }
        }
    }

    async fn attempt(&self, request: &Request, used: &mut Option<Arc<Link>>) -> Result<Value, Error> {
        let link = self.links.get().await?;
        *used = Some(Arc::clone(&link));
        let header = self.memory.header();
        let (answer, writes) = match request {
            Request::Script(call) => (self.send(call, &header, &link).await, call.operation.writes),
            Request::Add(command) => (link.connection.clone().send(command).await, true),
            Request::Look(command) => (link.connection.clone().send(command).await, false),
        };
        let answer = answer.inspect_err(|error| self.judge(error, &link)).map_err(|error| match request {
            Request::Script(_) => self.replaced(&error).unwrap_or_else(|| operating(&error)),
            Request::Add(_) | Request::Look(_) => adding(&error),
        })?;
        if writes && self.options.waits() {
            confirm(&link, &self.options).await.inspect_err(|error| {
                if is_lost(error) {
                    self.links.drop_link(&link);
                }
            })?;
        }
        match request {
            Request::Script(_) => self.memory.learn(&header, answer, writes),
            Request::Add(_) | Request::Look(_) => Ok(answer),
        }
    }

    /// Returns an error if a script answered that the store isn't the one that was opened.
    fn replaced(&self, error: &RedisError) -> Option<Error> {
        (error.code() == Some("REPLACED")).then(|| {
            let is_gone = error.detail().is_some_and(|detail| detail.starts_with("gone"));
            self.memory.replace(if is_gone { Replacement::Gone } else { Replacement::Other })
        })
    }

    /// Sends a call. It is repeated for two reasons only, both of which mean that nothing happened the first time.
    async fn send(&self, call: &Call, header: &Header, link: &Link) -> Result<Value, RedisError> {
        let mut moves = 0;
        loop {
            let mut answer = link.connection.clone().send(&call.by_hash(&self.keys, header)).await;
            if answer.as_ref().is_err_and(is_unknown_script) {
                answer = link.connection.clone().send(&call.whole(&self.keys, header)).await;
            }
            match answer {
                Err(error) if moves < MAX_MOVES && is_elsewhere(&error) => {
                    moves += 1;
                    sleep(MOVE_PAUSE).await;
                }
                other => return other,
            }
        }
    }

    fn judge(&self, error: &RedisError, link: &Arc<Link>) {
        if needs_another_connection(error) {
            self.links.drop_link(link);
        }
    }
}

fn is_elsewhere(error: &RedisError) -> bool {
    use ServerErrorKind::{Ask, Moved, TryAgain};
    matches!(error.kind(), ErrorKind::Server(Moved | Ask | TryAgain))
}
