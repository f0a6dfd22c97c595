use std::time::{Duration, SystemTime};

use wxhook_idempotency::{Clock as _, SystemClock};
use wxhook_server::{DateError, Fault, http_date};

use super::Findings;
use crate::args::CheckArgs;

const PLACE: &str = "clock";
/// Beyond it every v3 notification is refused as stale.
const MOST: Duration = Duration::from_secs(300);
/// More than a date in whole seconds, on its way for a while, can be off.
const NOTABLE: Duration = Duration::from_secs(30);

/// Compares this machine's clock with the one that is named, if one is.
pub(super) async fn compare(args: &CheckArgs, found: &mut Findings) {
    let (ours, theirs) = match (&args.date, &args.clock_from) {
        (Some(date), _) => (SystemClock::default().now(), *date),
        (None, Some(url)) => match ask(url).await {
            Ok(both) => both,
            Err(error) => {
                let what = format!("{url} doesn't tell the time: {error}");
                return found.faults.push(Fault::new("--clock-from", what, "give another URL, or --date"));
            }
        },
        (None, None) => return,
    };
    let (direction, off) = match ours.duration_since(theirs) {
        Ok(ahead) => ("ahead", ahead),
        Err(behind) => ("behind", behind.duration()),
    };
    let what = format!("this machine's clock is {} s {direction}", off.as_secs());
    if off > MOST {
        let fix = "correct it (NTP): beyond 300 s every v3 notification is refused as stale";
        found.faults.push(Fault::new(PLACE, what, fix));
    } else if off > NOTABLE {
        found.warnings.push(format!("{PLACE}: {what}; let it follow NTP"));
    }
}

/// The time here and there, at one moment.
async fn ask(url: &str) -> Result<(SystemTime, SystemTime), DateError> {
    let began = SystemClock::default().now();
    let theirs = http_date(url).await?;
    let took = SystemClock::default().now().duration_since(began).unwrap_or_default();
    Ok((began + took / 2, theirs))
}
