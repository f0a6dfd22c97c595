use crate::call::Call;
use crate::client::Client;
use crate::error::OpenError;
use crate::fault::Fault;
use crate::lanes::{self, Positions, lane_stats};
use crate::open;
use crate::options::RedisOptions;
use crate::record::{lease, optional, record};
use crate::reply::{Parts, word};
use crate::script;
use crate::target::Target;
use redis::Value;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use wxhook_idempotency::machine::{Moment, PARKED_BY_OPERATOR, probe_entry};
use wxhook_idempotency::{
    AcceptResult, Action, BeginResult, Capabilities, Claim, ClaimId, Durability, Entry, Error, Failure,
    Fence, FenceResult, Filter, Lease, Lookup, Move, MoveResult, Operation, Page, Seq, Settlement, Start,
    State, Stats, Store, StoredRecord,
};

/// Number of records that are purged in one step, so that no other operation waits for long.
const PURGE_STEP: usize = 64;

/// A store on a Redis or Valkey server. Clones share one connection, which is replaced when it breaks.
///
/// Requires a tokio runtime with I/O and time, which must poll its futures.
#[derive(Clone)]
pub struct RedisStore {
    client: Arc<Client>,
    positions: Arc<Positions>,
    durability: Durability,
}

impl RedisStore {
    /// Opens the store on one server: `redis://[user:password@]host[:port][/database]`, `rediss://` for TLS, or
    /// `unix:///path`.
    ///
    /// # Errors
    /// See [`OpenError`].
    pub async fn open(url: &str, options: RedisOptions) -> Result<Self, OpenError> {
        let target = Target::server(url, &options)?;
        Self::on(target, options).await
    }

    /// Opens the store on the cluster that these servers belong to. All keys of a prefix are on one of its servers.
    ///
    /// # Errors
    /// See [`OpenError`].
    #[cfg(feature = "cluster")]
    pub async fn open_cluster(nodes: &[&str], options: RedisOptions) -> Result<Self, OpenError> {
        let target = Target::cluster(nodes, &options)?;
        Self::on(target, options).await
    }

    /// Opens the store on whichever server the sentinels at these URLs say is the master. `master` is a URL with the
    /// master's name in place of the host, for user, password and database: `redis://:password@mymaster/0`.
    ///
    /// # Errors
    /// See [`OpenError`].
    #[cfg(feature = "sentinel")]
    pub async fn open_sentinel(
        sentinels: &[&str],
        master: &str,
        options: RedisOptions,
    ) -> Result<Self, OpenError> {
        let target = Target::sentinel(sentinels, master, &options)?;
        Self::on(target, options).await
    }

    async fn on((target, at): (Target, String), options: RedisOptions) -> Result<Self, OpenError> {
        options.check()?;
        let client = Client::new(target, &at, options);
        let durability = open::prepare(&client, &at).await?;
        Ok(Self { client: Arc::new(client), positions: Arc::default(), durability })
    }

    pub(crate) async fn run(&self, call: Call) -> Result<Value, Error> {
        self.client.run(call).await
    }

    pub(crate) fn positions(&self) -> &Positions {
        &self.positions
    }

    pub(crate) async fn parts(&self, call: Call) -> Result<Parts, Error> {
        Parts::of(self.run(call).await?)
    }

    async fn fenced(&self, call: Call) -> Result<FenceResult, Error> {
        match &*word(self.run(call).await?)? {
            "done" => Ok(FenceResult::Done),
            "lost" => Ok(FenceResult::Lost),
            _ => Err(Fault::Answer.into()),
        }
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("at", &self.client.memory.at())
            .field("options", &self.client.options)
            .finish_non_exhaustive()
    }
}

impl Store for RedisStore {
    fn capabilities(&self) -> Capabilities {
        Capabilities::new(self.durability, true, self.client.memory.id())
    }

    async fn accept(&self, entry: Entry) -> Result<AcceptResult, Error> {
        let stream = self.client.options.streams.get(&entry.lane);
        let form = stream.filter(|_| entry.start == Start::Ready).and_then(|stream| stream.form(&entry));
        let call = Call::new(script::ACCEPT).entry(entry).stream(stream.zip(form));
        let mut answer = self.parts(call).await?;
        let new = |mut answer: Parts| {
            let seq = answer.seq()?;
            let state = answer.text()?;
            if let Some(stream) = stream.filter(|_| state != State::Parked.as_str()) {
                stream.tell(state == State::Done.as_str());
            }
            Ok::<_, Error>(seq)
        };
        Ok(match &*answer.text()? {
            "new" => AcceptResult::New { seq: new(answer)? },
            "changed" => AcceptResult::Changed { seq: new(answer)? },
            "duplicate" => {
                let seq = answer.seq()?;
                let state = State::from_name(&answer.text()?).ok_or(Fault::Answer)?;
                AcceptResult::Duplicate { seq, state, outcome: answer.optional()? }
            }
            "full" => AcceptResult::Full,
            _ => return Err(Fault::Answer.into()),
        })
    }

    async fn begin(&self, entry: Entry, id: ClaimId, span: Duration) -> Result<BeginResult, Error> {
        let call = Call::new(script::BEGIN).claim_id(id).span(span).entry(entry);
        let mut answer = self.parts(call).await?;
        Ok(match &*answer.text()? {
            "acquired" => {
                let now = answer.moment()?;
                BeginResult::Acquired(Box::new(lease(record(answer.value()?)?, now)?))
            }
            "busy" => BeginResult::Busy { remaining: Duration::from_millis(answer.number()?) },
            "done" => BeginResult::Done { seq: answer.seq()?, outcome: answer.optional()? },
            "parked" => BeginResult::Parked { seq: answer.seq()? },
            "changed" => BeginResult::Changed { seq: answer.seq()? },
            "full" => BeginResult::Full,
            _ => return Err(Fault::Answer.into()),
        })
    }

    async fn claim_due(&self, claim: Claim) -> Result<Vec<Lease>, Error> {
        let lanes = claim.turns().map(str::to_owned).collect::<Vec<_>>();
        let call = Call::new(script::CLAIM_DUE).claim_id(claim.id).list(lanes);
        let mut answer = self.parts(call.number(claim.max).span(claim.lease)).await?;
        let now = answer.moment()?;
        let mut leases = Vec::new();
        for value in answer {
            match record(value).and_then(|record| lease(record, now)) {
                Ok(lease) => leases.push(lease),
                // The script looked at it, so this doesn't happen; if it did, its lease would run out.
                Err(error) => tracing::error!(%error, "a claimed record can't be read and is left out"),
            }
        }
        Ok(leases)
    }

    async fn renew(&self, seq: Seq, fence: Fence, span: Duration) -> Result<FenceResult, Error> {
        self.fenced(Call::new(script::RENEW).seq(seq).number(fence).span(span)).await
    }

    async fn settle(&self, seq: Seq, fence: Fence, settlement: Settlement) -> Result<FenceResult, Error> {
        let call = |operation| Call::new(operation).seq(seq).number(fence);
        let call = match settlement {
            Settlement::Complete(outcome) => call(script::COMPLETE).optional(outcome),
            Settlement::Fail(Failure { error, flags, retry_after, .. }) => {
                let after = retry_after.map(|after| Moment::FIRST.plus(after).millis().to_string());
                call(script::FAIL).arg(error).list(flags).optional(after)
            }
            Settlement::Release => call(script::RELEASE),
        };
        self.fenced(call).await
    }

    async fn act(
        &self,
        seq: Seq,
        operation: Operation,
        action: Action,
    ) -> Result<Option<StoredRecord>, Error> {
        let call = |operation| Call::new(operation).seq(seq).action(&action);
        let call = match operation {
            Operation::Requeue => call(script::REQUEUE),
            Operation::Park => call(script::PARK).arg(PARKED_BY_OPERATOR),
            Operation::Discard => call(script::DISCARD),
        };
        optional(self.run(call).await?)
    }

    async fn get(&self, lookup: Lookup) -> Result<Option<StoredRecord>, Error> {
        let call = Call::new(script::GET);
        let call = match lookup {
            Lookup::Seq(seq) => call.arg("seq").seq(seq),
            Lookup::Key(key) => call.arg("key").arg(key),
            _ => return Err(Error::Unsupported("this way to look a record up".to_owned())),
        };
        optional(self.run(call).await?)
    }

    async fn list(&self, filter: Filter, before: Option<Seq>, max: usize) -> Result<Page, Error> {
        let mut records: Vec<StoredRecord> = Vec::new();
        let mut below = format!("{:016}", before.map_or(MAX_SEQ, Seq::get).min(MAX_SEQ));
        while max > 0 && !below.is_empty() {
            let wanted = max.saturating_sub(records.len()).saturating_add(1);
            let call = listing(&filter).arg(below).number(wanted);
            let mut answer = self.parts(call).await?;
            below = answer.text()?;
            for seq in answer.parts()? {
                tracing::warn!(seq = word(seq)?, "a record can't be read and is left out of a listing");
            }
            for value in answer.parts()? {
                if records.len() >= max {
                    let next = records.last().map(|last| last.seq);
                    return Ok(Page::new(records, next));
                }
                records.push(record(value)?);
            }
        }
        Ok(Page::new(records, None))
    }

    async fn stats(&self) -> Result<Stats, Error> {
        let mut answer = loop {
            match self.run(Call::new(script::STATS)).await? {
                Value::Nil => while word(self.run(Call::new(script::RECOUNT)).await?)? != "done" {},
                answer => break Parts::of(answer)?,
            }
        };
        let oldest = match answer.value()? {
            Value::Nil => None,
            waited => Some(Duration::from_millis(crate::reply::number(waited)?)),
        };
        let mut lanes = answer.map(lane_stats).collect::<Result<Vec<_>, _>>()?;
        lanes.sort_unstable_by(|one, other| one.lane.cmp(&other.lane));
        Ok(Stats::new(lanes, oldest, self.client.memory.lost()))
    }

    async fn move_records(&self, request: Move) -> Result<MoveResult, Error> {
        lanes::move_records(self, &request).await
    }

    async fn purge(&self, max: usize) -> Result<u64, Error> {
        let retention = self.client.options.retention;
        let (mut left, mut purged) = (max, 0);
        while left > 0 {
            let step = left.min(PURGE_STEP);
            let call = Call::new(script::PURGE).span(retention.records()).span(retention.tombstones());
            let mut answer = self.parts(call.number(step)).await?;
            let (records, marks) = (answer.number()?, answer.number()?);
            purged += records;
            left -= step;
            let full = u64::try_from(step).unwrap_or(u64::MAX);
            if records < full && marks < full {
                break;
            }
        }
        Ok(purged)
    }

    async fn probe(&self) -> Result<(), Error> {
        match self.fenced(Call::new(script::PROBE).entry(probe_entry())).await? {
            FenceResult::Done => self.client.check_server().await,
            _ => Err(Fault::Answer.into()),
        }
    }
}

/// The greatest number of 16 digits.
pub(crate) const MAX_SEQ: u64 = 9_999_999_999_999_999;

/// Creates a step of a listing, without its start and its size.
fn listing(filter: &Filter) -> Call {
    Call::new(script::LIST)
        .optional(filter.merchant.clone())
        .optional(filter.event.clone())
        .optional(filter.variant.clone())
        .optional(filter.id.clone())
        .optional(filter.number.clone())
        .optional(filter.flag.clone())
        .optional(filter.state.map(State::as_str))
        .optional(filter.since.map(not_before))
        .optional(filter.until.map(not_before))
}

/// Returns the first whole millisecond that isn't before `time`.
fn not_before(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = since.as_nanos().div_ceil(1_000_000);
    // One more than the last moment: no record is as late.
    let last = u128::try_from(Moment::LAST.millis()).unwrap_or(0) + 1;
    millis.min(last).to_string()
}
