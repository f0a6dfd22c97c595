use std::error::Error as StdError;
use wxhook_idempotency::Error;

/// A store's error as a log field that shows its sources, too (which hold no content, by the store's contract).
pub(crate) fn cause(error: &Error) -> &(dyn StdError + 'static) {
    error
}
