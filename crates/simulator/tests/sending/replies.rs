//! Tests of which replies count as a success.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::sync::Notify;
use wxhook_simulator::{Attempt, Error, Example, Message, Outcome, Schedule, deadline};

use super::server::{OK, Reply, Server};
use super::{MCHID, message, meta, paid, sender};

/// Returns the outcome with a server that does this to the first try and accepts the second.
async fn after(first: Reply) -> Outcome {
    let server = Server::start(move |number| if number == 1 { first.clone() } else { OK }).await;
    sender(&server.url()).deliver(&message(), |_| ()).await.unwrap()
}

#[tokio::test]
async fn any_2xx_that_does_not_say_otherwise_is_a_success() {
    for reply in [
        "HTTP/1.1 204 No Content\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n{\"code\":\"SUCCESS\",\"message\":\"OK\"}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ] {
        assert_eq!(after(Reply::Bytes(reply)).await.accepted, Some(1), "{reply}");
    }
    let until_the_end = "HTTP/1.1 200 OK\r\n\r\nok";
    assert_eq!(after(Reply::Last(until_the_end)).await.accepted, Some(1));
}

#[tokio::test]
async fn anything_else_is_retried() {
    for (reply, status) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 15\r\n\r\n{\"code\":\"FAIL\"}", Some(200)),
        ("HTTP/1.1 302 Found\r\nLocation: /notify/shop\r\nContent-Length: 0\r\n\r\n", Some(302)),
        ("HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n", Some(401)),
        ("HTTP/1.1 503 No\r\nRetry-After: 5\r\nContent-Length: 0\r\n\r\n", Some(503)),
        // cut off
        ("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}", None),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", None),
        ("HTTP/1.1 200 OK\r\nContent", None),
        ("", None),
        ("rubbish\r\n\r\n", None),
    ] {
        let outcome = after(Reply::Last(reply)).await;
        assert_eq!((outcome.accepted, outcome.attempts.len()), (Some(2), 2), "{reply}");
        assert_eq!(outcome.attempts[0].status(), status, "{reply}");
        assert!(status.is_some() || matches!(outcome.attempts[0].result, Err(Error::Send(_))), "{reply}");
    }
}

#[tokio::test]
async fn nobody_there_is_a_failed_try() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    let outcome = sender(&url).deliver(&message(), |_| ()).await.unwrap();
    assert_eq!((outcome.accepted, outcome.attempts.len()), (None, 16));
    assert!(outcome.attempts.iter().all(|attempt| matches!(attempt.result, Err(Error::Send(_)))));
}

#[tokio::test]
async fn an_answer_after_the_deadline_counts_as_none() {
    let short = Duration::from_millis(500);
    let server = Server::start(|number| if number == 1 { Reply::AfterTheNext } else { OK }).await;
    let outcome = sender(&server.url()).deadline(short).deliver(&message(), |_| ()).await.unwrap();
    let first = &outcome.attempts[0];
    assert!(matches!(first.result, Err(Error::Timeout(waited)) if waited == short), "{first:?}");
    assert!(first.elapsed >= short);
    // a busy machine may need a third one
    assert!(outcome.accepted.is_some_and(|number| number > 1));
}

#[tokio::test]
async fn the_deadline_is_two_seconds_whatever_the_speed() {
    assert_eq!(deadline(&paid()), Duration::from_secs(2));
    let (server, closed) = never().await;
    let began = Instant::now();
    let first = first_try(&message(), &server).await;
    assert!(matches!(first.result, Err(Error::Timeout(waited)) if waited == Duration::from_secs(2)));
    assert!(began.elapsed() >= Duration::from_secs(2));
    closed.notified().await;
}

#[tokio::test]
async fn a_question_is_asked_once_and_waits_for_three_seconds() {
    let question = meta("PARKING_FEE.QUERY_TRANS_INFO", None);
    assert_eq!(deadline(&question), Duration::from_secs(3));
    let resource = Example::new(&question, &*wxhook_events::catalog()).mchid(MCHID).resource();
    let server = Server::start(|_| super::server::FAIL).await;
    let message = Message::new(&question, "EV-1", resource);
    let outcome = sender(&server.url()).deliver(&message, |_| ()).await.unwrap();
    assert_eq!((outcome.accepted, outcome.tries), (None, 1));
    let (server, _) = never().await;
    let first = first_try(&message, &server).await;
    assert!(matches!(first.result, Err(Error::Timeout(waited)) if waited == Duration::from_secs(3)));
}

/// A server that never answers, and when it has lost its patience.
async fn never() -> (Server, Arc<Notify>) {
    let closed = Arc::new(Notify::new());
    let told = Arc::clone(&closed);
    (Server::start(move |_| Reply::UntilClosed(Arc::clone(&told))).await, closed)
}

/// One try, with the usual deadline.
async fn first_try(message: &Message, server: &Server) -> Attempt {
    let now = std::time::SystemTime::now;
    let sender = wxhook_simulator::Sender::new(Arc::clone(&super::PLATFORM.0), &server.url(), now).unwrap();
    let sender = sender.schedule(Schedule::once()).speed("100000x".parse().unwrap());
    let mut outcome = sender.deliver(message, |_| ()).await.unwrap();
    assert_eq!(outcome.attempts.len(), 1);
    outcome.attempts.remove(0)
}

#[tokio::test]
async fn dropping_a_delivery_ends_it() {
    let (server, closed) = never().await;
    let (url, message) = (server.url(), message());
    let delivery = tokio::spawn(async move { sender(&url).deliver(&message, |_| ()).await });
    server.wait_for(1).await;
    delivery.abort();
    closed.notified().await;
    assert!(delivery.await.unwrap_err().is_cancelled());
}
