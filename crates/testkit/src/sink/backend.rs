use std::future::Future;
use wxhook_delivery::Sink;

/// How the suite gets at a kind of sink.
pub trait Backend: Sync + 'static {
    /// What is put to the test.
    type Sink: Sink;
    /// Where it delivers to.
    type Destination: Destination;

    /// A sink, and its destination, which holds nothing yet. Always with the same configured name. It isn't called from
    /// within [`block_on`](Self::block_on).
    fn open(&self) -> (Self::Sink, Self::Destination);

    /// Runs a future to its end; several threads do so at once. Without a runtime unless the sink needs one.
    fn block_on<F: Future>(&self, future: F) -> F::Output {
        futures_executor::block_on(future)
    }
}

/// Where a sink delivers to, as a consumer sees it.
pub trait Destination: Sync {
    /// Every record that arrived, as the JSON text that a consumer gets, in any order. What a consumer has to skip, such
    /// as half a line, is left out.
    fn arrived(&self) -> Vec<String>;

    /// From now on the destination takes nothing (`true`), or takes everything again (`false`). Gives whether the tests can
    /// do that.
    fn refuse(&self, _refuses: bool) -> bool {
        false
    }
}
