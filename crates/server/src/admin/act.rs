use super::Answer;
use super::api::Api;
use super::events::{Item, failed, find};
use super::reply::{Refused, json};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use wxhook_idempotency::{Action, Seq, StoreExt as _, StoredRecord};
use wxhook_receiver::{ReopenError, Reopened, is_quarantined};

/// Characters of an actor and of a reason.
pub(super) const MOST_TEXT: usize = 1_000;
/// Maximum bytes of an event's name in a log line.
const MAX_EVENT: usize = 64;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    actor: Option<String>,
    reason: Option<String>,
}

/// The record as it stands after it was acted on.
#[derive(Serialize)]
struct Acted<'a> {
    #[serde(flatten)]
    item: Item<'a>,
    /// Of a quarantined request: what it became.
    #[serde(skip_serializing_if = "Option::is_none")]
    opened_as: Option<OpenedAs>,
}

#[derive(Serialize)]
struct OpenedAs {
    seq: u64,
    became: &'static str,
}

/// Does what a person asks for, and gives the record as it stands then.
pub(super) async fn act(api: &Api, seq: Seq, verb: &str, body: &[u8]) -> Result<Answer, Refused> {
    let action = parse(body)?;
    let store = &api.store;
    let before = find(store, seq).await?;
    if verb == "resend" && is_quarantined(&before) {
        return reopen(api, &before, action).await;
    }
    let acted = match verb {
        "resend" => store.requeue(seq, action).await,
        "park" => store.park(seq, action).await,
        _ => store.discard(seq, action).await,
    };
    let after = acted.map_err(|error| failed(&error))?.ok_or(Refused::NO_RECORD)?;
    // What was done is noted; what the state doesn't allow leaves no note.
    if after.notes.len() <= before.notes.len() {
        return Err(conflict(
            "wrong-state",
            format!("a record that is {} can't be {}", after.state, participle(verb)),
        ));
    }
    if verb == "park" {
        let (merchant, event, reason) = (&after.labels.merchant, &after.labels.event, "operator");
        let event = event.get(..event.floor_char_boundary(MAX_EVENT)).unwrap_or_default();
        tracing::warn!(%seq, merchant, event, reason, "parked: it waits for an operator");
        api.parked.count(merchant, reason);
    } else {
        tracing::info!(%seq, verb, state = %after.state, "by hand");
    }
    if let Some(waker) = api.wakers.get(&after.lane) {
        waker.wake();
    }
    Ok(json(StatusCode::OK, &Acted { item: Item::of(&after), opened_as: None }))
}

/// No worker has a quarantined request: it goes through the pipeline again and becomes another record.
async fn reopen(api: &Api, record: &StoredRecord, action: Action) -> Result<Answer, Refused> {
    match api.receiver.reopen(record, action).await {
        Ok(Reopened { seq, became, parked, .. }) => {
            if let Some(reason) = parked {
                api.parked.count(&record.labels.merchant, reason);
            }
            let after = find(&api.store, record.seq).await?;
            let opened_as = OpenedAs { seq: seq.get(), became: became.as_str() };
            Ok(json(StatusCode::OK, &Acted { item: Item::of(&after), opened_as: Some(opened_as) }))
        }
        Err(ReopenError::Store(error)) => Err(failed(&error)),
        Err(error @ ReopenError::NotParked(_)) => Err(conflict("wrong-state", error.to_string())),
        Err(error @ ReopenError::Full) => Err(conflict("full", error.to_string())),
        Err(error) => Err(conflict("quarantined", error.to_string())),
    }
}

pub(super) fn conflict(code: &'static str, message: String) -> Refused {
    Refused { status: StatusCode::CONFLICT, code, message: message.into() }
}

fn parse(body: &[u8]) -> Result<Action, Refused> {
    let body: Body = if body.trim_ascii().is_empty() {
        Body::default()
    } else {
        serde_json::from_slice(body)
            .map_err(|_| Refused::bad_request("send {\"actor\":\"…\",\"reason\":\"…\"}, both optional"))?
    };
    let (actor, reason) = (body.actor.unwrap_or_else(|| "api".to_owned()), body.reason.unwrap_or_default());
    if actor.chars().count().max(reason.chars().count()) > MOST_TEXT {
        return Err(Refused::bad_request("actor and reason have at most 1000 characters"));
    }
    Ok(Action::new(actor, reason))
}

fn participle(verb: &str) -> &'static str {
    match verb {
        "resend" => "sent again",
        "park" => "parked",
        _ => "discarded",
    }
}
