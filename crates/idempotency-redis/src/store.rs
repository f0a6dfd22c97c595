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
use bytes::Bytes;
use redis::Value;
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use wxhook_idempotency::machine::{BY_OPERATOR, Moment, probe_entry};
use wxhook_idempotency::{
    Accepted, Action, Adopted, Adoption, Begun, Capabilities, Claim, ClaimId, Durability, Entry, Error,
    Failure, Fence, Fenced, Filter, LaneStats, Lease, Lookup, Page, Seq, Start, State, Stats, Store, StoreId,
    StoredRecord, Then,
};

/// Purging goes in steps of so many records, so that nobody waits for long.
const PURGE_STEP: usize = 64;

/// The store on a Redis or Valkey server. Clones share one connection, which is replaced when it breaks.
///
/// It needs a tokio runtime with I/O and time, the one that polls its futures.
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

    async fn fenced(&self, call: Call) -> Result<Fenced, Error> {
        match &*word(self.run(call).await?)? {
            "done" => Ok(Fenced::Done),
            "lost" => Ok(Fenced::Lost),
            _ => Err(Fault::Answer.into()),
        }
    }

    async fn by_hand(
        &self,
        operation: script::Operation,
        seq: Seq,
        action: Action,
    ) -> Result<Option<StoredRecord>, Error> {
        optional(self.run(Call::new(operation).seq(seq).action(&action)).await?)
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
        Capabilities::new(self.durability, true)
    }

    fn id(&self) -> Option<StoreId> {
        self.client.memory.id()
    }

    async fn accept(&self, entry: Entry) -> Result<Accepted, Error> {
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
            "new" => Accepted::New { seq: new(answer)? },
            "changed" => Accepted::Changed { seq: new(answer)? },
            "duplicate" => {
                let seq = answer.seq()?;
                let state = State::from_name(&answer.text()?).ok_or(Fault::Answer)?;
                Accepted::Duplicate { seq, state, outcome: answer.optional()? }
            }
            "full" => Accepted::Full,
            _ => return Err(Fault::Answer.into()),
        })
    }

    async fn begin(&self, entry: Entry, id: ClaimId, span: Duration) -> Result<Begun, Error> {
        let call = Call::new(script::BEGIN).claim_id(id).span(span).entry(entry);
        let mut answer = self.parts(call).await?;
        Ok(match &*answer.text()? {
            "acquired" => {
                let now = answer.moment()?;
                Begun::Acquired(Box::new(lease(record(answer.value()?)?, now)?))
            }
            "busy" => Begun::Busy { remaining: Duration::from_millis(answer.number()?) },
            "done" => Begun::Done { seq: answer.seq()?, outcome: answer.optional()? },
            "parked" => Begun::Parked { seq: answer.seq()? },
            "changed" => Begun::Changed { seq: answer.seq()? },
            "full" => Begun::Full,
            _ => return Err(Fault::Answer.into()),
        })
    }

    async fn claim_due(&self, claim: Claim) -> Result<Vec<Lease>, Error> {
        let lanes = claim.turns().map(str::to_owned).collect::<Vec<_>>();
        let call = Call::new(script::CLAIM_DUE).claim_id(claim.id).list(lanes);
        let mut answer = self.parts(call.number(claim.most).span(claim.lease)).await?;
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

    async fn renew(&self, seq: Seq, fence: Fence, span: Duration) -> Result<Fenced, Error> {
        self.fenced(Call::new(script::RENEW).seq(seq).number(fence).span(span)).await
    }

    async fn complete(&self, seq: Seq, fence: Fence, outcome: Option<Bytes>) -> Result<Fenced, Error> {
        self.fenced(Call::new(script::COMPLETE).seq(seq).number(fence).optional(outcome)).await
    }

    async fn fail(&self, seq: Seq, fence: Fence, failure: Failure) -> Result<Fenced, Error> {
        let call = Call::new(script::FAIL).seq(seq).number(fence).arg(failure.error).list(failure.flags);
        let after = match failure.then {
            Then::Retry { after } => Some(Moment::FIRST.plus(after).millis().to_string()),
            Then::Park => None,
            _ => return Err(Error::Unsupported("this way to go on after a failure".to_owned())),
        };
        self.fenced(call.optional(after)).await
    }

    async fn release(&self, seq: Seq, fence: Fence) -> Result<Fenced, Error> {
        self.fenced(Call::new(script::RELEASE).seq(seq).number(fence)).await
    }

    async fn requeue(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        self.by_hand(script::REQUEUE, seq, action).await
    }

    async fn park(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        let call = Call::new(script::PARK).seq(seq).action(&action).arg(BY_OPERATOR);
        optional(self.run(call).await?)
    }

    async fn discard(&self, seq: Seq, action: Action) -> Result<Option<StoredRecord>, Error> {
        self.by_hand(script::DISCARD, seq, action).await
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

    async fn list(&self, filter: Filter, before: Option<Seq>, most: usize) -> Result<Page, Error> {
        let mut records: Vec<StoredRecord> = Vec::new();
        let mut below = format!("{:016}", before.map_or(MOST_SEQ, Seq::get).min(MOST_SEQ));
        while most > 0 && !below.is_empty() {
            let wanted = most.saturating_sub(records.len()).saturating_add(1);
            let call = listing(&filter).arg(below).number(wanted);
            let mut answer = self.parts(call).await?;
            below = answer.text()?;
            for seq in answer.parts()? {
                tracing::warn!(seq = word(seq)?, "a record can't be read and is left out of a listing");
            }
            for value in answer.parts()? {
                if records.len() >= most {
                    let next = records.last().map(|last| last.seq);
                    return Ok(Page::new(records, next));
                }
                records.push(record(value)?);
            }
        }
        Ok(Page::new(records, None))
    }

    async fn stats(&self) -> Result<Stats, Error> {
        let mut answer = self.parts(Call::new(script::STATS)).await?;
        let mut stats = Stats::default();
        stats.ready = answer.number()?;
        stats.leased = answer.number()?;
        stats.done = answer.number()?;
        stats.parked = answer.number()?;
        let waited = Some(answer.value()?).filter(|value| !matches!(value, Value::Nil));
        stats.oldest_ready = waited.map(crate::reply::number).transpose()?.map(Duration::from_millis);
        stats.lost = self.client.memory.lost();
        Ok(stats)
    }

    async fn lanes(&self) -> Result<Vec<LaneStats>, Error> {
        loop {
            match self.run(Call::new(script::LANES)).await? {
                Value::Nil => while word(self.run(Call::new(script::RECOUNT)).await?)? != "done" {},
                answer => return lane_stats(answer),
            }
        }
    }

    async fn split_lane(&self, from: String, prefix: String, max: usize) -> Result<u64, Error> {
        lanes::split(self, &from, &prefix, max).await
    }

    async fn adopt(&self, adoption: Adoption) -> Result<Adopted, Error> {
        lanes::adopt(self, &adoption).await
    }

    async fn purge(&self, most: usize) -> Result<u64, Error> {
        let retention = self.client.options.retention;
        let (mut left, mut purged) = (most, 0);
        while left > 0 {
            let step = left.min(PURGE_STEP);
            let call = Call::new(script::PURGE).span(retention.records()).span(retention.marks());
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
            Fenced::Done => self.client.check_server().await,
            _ => Err(Fault::Answer.into()),
        }
    }
}

/// The greatest number that has a place in 16 digits.
pub(crate) const MOST_SEQ: u64 = 9_999_999_999_999_999;

/// A step of a listing, but for where it begins and how much it gives.
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

/// The first millisecond that isn't before `time`, since times are kept in whole ones.
fn not_before(time: SystemTime) -> String {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let millis = since.as_nanos().div_ceil(1_000_000);
    // One more than the last moment: nothing is as late.
    let last = u128::try_from(Moment::LAST.millis()).unwrap_or(0) + 1;
    millis.min(last).to_string()
}
