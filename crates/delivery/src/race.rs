use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;

/// Which of two futures was ready, and with what.
pub(crate) enum First<A, B> {
    Left(A),
    Right(B),
}

/// Waits for one of two futures and drops the other; when both are ready it is the left one.
pub(crate) async fn race<A: Future, B: Future>(left: A, right: B) -> First<A::Output, B::Output> {
    let (mut left, mut right) = (pin!(left), pin!(right));
    poll_fn(|context| {
        if let Poll::Ready(output) = left.as_mut().poll(context) {
            return Poll::Ready(First::Left(output));
        }
        right.as_mut().poll(context).map(First::Right)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::{First, race};
    use std::future::{pending, ready};

    #[tokio::test]
    async fn the_left_one_goes_first_and_neither_waits_for_the_other() {
        assert!(matches!(race(ready(1), ready(2)).await, First::Left(1)));
        assert!(matches!(race(pending::<()>(), ready(2)).await, First::Right(2)));
        assert!(matches!(race(ready(1), pending::<()>()).await, First::Left(1)));
    }
}
