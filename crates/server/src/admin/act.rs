use super::events::{Item, failed, find, is_quarantined};
use super::reply::{Refused, json};
use super::{Admin, Answer};
use bytes::Bytes;
use http::StatusCode;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use serde::Deserialize;
use std::time::Duration;
use tokio::time::timeout;
use wxhook_idempotency::{Action, Seq, Store as _};

/// Bytes of a request's body.
const MOST_BODY: usize = 64 << 10;
/// A body is there within this.
const BODY_WITHIN: Duration = Duration::from_secs(5);
/// Characters of an actor and of a reason.
const MOST_TEXT: usize = 1_000;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Body {
    actor: Option<String>,
    reason: Option<String>,
}

/// Does what a person asks for, and gives the record as it stands then.
pub(super) async fn act(admin: &Admin, seq: Seq, verb: &str, body: Incoming) -> Result<Answer, Refused> {
    let action = parse(&read(body).await?)?;
    let store = &admin.store;
    let before = find(store, seq).await?;
    if verb == "resend" && is_quarantined(&before) {
        // No worker has this lane: the record would wait there for ever.
        return Err(Refused::new(
            StatusCode::CONFLICT,
            "quarantined",
            "what could not be opened can't be sent again by this version",
        ));
    }
    let acted = match verb {
        "resend" => store.requeue(seq, action).await,
        "park" => store.park(seq, action).await,
        _ => store.discard(seq, action).await,
    };
    let after = acted.map_err(|error| failed(&error))?.ok_or(Refused::NO_RECORD)?;
    // What was done is noted; what the state doesn't allow leaves no note.
    if after.notes.len() <= before.notes.len() {
        return Err(Refused {
            status: StatusCode::CONFLICT,
            code: "wrong-state",
            message: format!("a record that is {} can't be {}", after.state, participle(verb)).into(),
        });
    }
    tracing::info!(%seq, verb, state = %after.state, "by hand");
    if let Some(waker) = admin.wakers.get(&after.lane) {
        waker.wake();
    }
    Ok(json(StatusCode::OK, &Item::of(&after)))
}

async fn read(body: Incoming) -> Result<Bytes, Refused> {
    match timeout(BODY_WITHIN, Limited::new(body, MOST_BODY).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Err(Refused::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large", "the body is larger than 64 KiB"))
        }
        Ok(Err(_)) => Err(Refused::bad_request("the body did not arrive")),
        Err(_) => {
            Err(Refused::new(StatusCode::REQUEST_TIMEOUT, "timeout", "the body did not arrive in time"))
        }
    }
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
