//! What is sent, to whom, and how.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, bail};
use wxhook_idempotency::{Clock as _, SystemClock};
use wxhook_simulator::{
    Campaign, Error, Fault, Message, Nonces, Pace, Platform, Resource, Schedule, Sender, Speed, Trust,
    classify,
};
use wxhook_wire::{Catalog, Cipher, EventMeta, Protocol};

use super::changes::Changes;
use super::defect::Defect;
use super::keys;
use crate::args::{Resends, TriggerArgs};
use crate::usage::Usage;
use crate::{config, decode, named, out};

/// Stands for every event and variant.
pub(super) const ALL: &str = "all";
/// The variant that an event is meant to be when none is named.
const USUAL: &str = "BASIC";
/// Where many at a time are asked for, but not how many.
const MANY: NonZeroU32 = NonZeroU32::new(64).unwrap();
/// Seeds that are drawn go through JSON as they are: 53 bits.
const SPARED_BITS: u32 = 11;

/// Everything that is known before the first is sent.
pub(super) struct Plan {
    pub(super) campaign: Campaign,
    pub(super) sender: Sender,
    pub(super) pace: Pace,
    pub(super) speed: Speed,
    pub(super) seed: u64,
    /// Why all of it must be rejected, if it must.
    pub(super) defect: Option<Defect>,
    /// Requests at the same moment for each notification.
    pub(super) copies: NonZeroU32,
    /// Whether one request is over before the next begins.
    pub(super) in_turn: bool,
}

impl Plan {
    /// # Errors
    /// [`Usage`] for what can't be meant; what the configuration lacks.
    pub(super) fn new(args: &TriggerArgs, catalog: &Arc<dyn Catalog>) -> anyhow::Result<Self> {
        let (Some(event), Some(to)) = (&args.event, &args.to) else {
            return Err(Usage::new("EVENT and --to are needed").into());
        };
        let trust = trust(args, to)?;
        let entries = entries(&**catalog, event, args)?;
        let given = args.resource.as_deref().map(|file| parse(&decode::read_resource(file)?)).transpose()?;
        let entries = if event == ALL { entries } else { vec![entry(&entries, given.as_ref(), &**catalog)?] };
        let config = config::load(&config::path(args.config.as_deref())?)?;
        let merchant = config::merchant(&config, args.merchant.as_deref())?;
        let platform = keys::platform(&config, merchant, &entries)?;
        keys::warn(&config, merchant, &entries);
        let seed = args.seed.map_or_else(random, Ok)?;
        let changes = Changes::of(args);
        let fault = args.tamper.map(Fault::Tamper).or(args.probe.then_some(Fault::Probe));

        let mut campaign = Campaign::new(Arc::clone(catalog), &*merchant.mchid, seed);
        if let Some(given) = given {
            campaign = campaign.resource(given);
        }
        if let Some(algorithm) = args.sign {
            if entries.iter().all(|meta| meta.protocol != Protocol::V2 || meta.cipher == Cipher::AesEcb) {
                return Err(
                    Usage::new("--sign: only v2 notifications have a sign, and refunds have none").into()
                );
            }
            campaign = campaign.sign(algorithm);
        }
        let defect = fault.map(Defect::Fault).or(Defect::of_age(args));
        let possible = possible(&platform, &campaign, &entries, &changes, defect)?;
        changes.undocumented(&possible).iter().for_each(out::complain);
        let count =
            u32::try_from(possible.len()).ok().and_then(|events| events.checked_mul(args.count.get()));
        for meta in possible {
            campaign = campaign.event(meta);
        }
        if let Some(fault) = fault {
            campaign = campaign.fault(fault);
        }
        let campaign = campaign
            .edit(move |resource| changes.apply(resource))
            .count(count.ok_or(Usage::new("--count: too many"))?);
        // What a seed decides is the same tomorrow.
        let campaign = if args.seed.is_some() { campaign } else { campaign.at(seconds(now())) };

        let copies = NonZeroU32::MIN.saturating_add(args.duplicates.into());
        let speed = args.speed.unwrap_or(Speed::REAL);
        let concurrency = args.concurrency.unwrap_or(usual_concurrency(args));
        let sender = sender(args, platform, to, trust.as_ref(), speed)?.duplicates(copies);
        let pace = Pace::new().concurrency(concurrency);
        let pace = args.rate.map_or(pace, |rate| pace.rate(rate.per_second()));
        let in_turn = (concurrency, copies) == (NonZeroU32::MIN, NonZeroU32::MIN);
        Ok(Self { campaign, sender, pace, speed, seed, defect, copies, in_turn })
    }

    /// How many requests there are if nothing is sent again.
    pub(super) fn requests(&self) -> u64 {
        u64::from(self.campaign.len()) * u64::from(self.copies.get())
    }
}

/// Checks the URL before anything else is looked at, and returns what is trusted where it is an `https` one.
fn trust(args: &TriggerArgs, url: &str) -> anyhow::Result<Option<Trust>> {
    let nothing = wxhook_simulator::SignedRequest::new(Vec::new(), Vec::new());
    wxhook_simulator::Prepared::new(url, &nothing).map_err(|_| {
        Usage::new("--to: not an absolute http or https URL, e.g. http://127.0.0.1:8080/notify/shop")
    })?;
    let is_https = url.split_once("://").is_some_and(|(scheme, _)| scheme.eq_ignore_ascii_case("https"));
    match (is_https, &args.cacert, args.insecure) {
        (true, Some(file), _) => {
            let pem =
                std::fs::read(file).with_context(|| format!("--cacert: can't read {}", file.display()))?;
            Ok(Some(Trust::Authorities(pem)))
        }
        (true, None, true) => Ok(Some(Trust::Anything)),
        (true, None, false) => Ok(Some(Trust::Machine)),
        (false, None, false) => Ok(None),
        (false, _, _) => Err(Usage::new("--cacert and --insecure are for https, and --to is http").into()),
    }
}

/// What the event's name means.
fn entries<'c>(
    catalog: &'c dyn Catalog,
    event: &str,
    args: &TriggerArgs,
) -> Result<Vec<&'c EventMeta>, Usage> {
    match (event, &args.resource) {
        (ALL, Some(_)) => Err(Usage::new("--resource: it is of one event; name it instead of all")),
        (ALL, None) => Ok(catalog.events().collect()),
        _ => named::entries(catalog, event),
    }
}

fn parse(text: &str) -> anyhow::Result<Resource> {
    Resource::parse(text).context("--resource")
}

/// The variant that was named, that the resource tells, or that is usual.
fn entry<'c>(
    entries: &[&'c EventMeta],
    given: Option<&Resource>,
    catalog: &'c dyn Catalog,
) -> anyhow::Result<&'c EventMeta> {
    let [first, rest @ ..] = entries else { bail!("no entry") };
    if rest.is_empty() {
        return Ok(first);
    }
    let told = given.and_then(|resource| classify(catalog, first.name, resource));
    if let Some(told) = told.filter(|told| told.name == first.name) {
        return Ok(told);
    }
    let usual = entries.iter().find(|meta| meta.variant == Some(USUAL));
    Ok(usual.unwrap_or(first))
}

fn random() -> anyhow::Result<u64> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes).ok().context("no random bytes")?;
    Ok(u64::from_le_bytes(bytes) >> SPARED_BITS)
}

/// Makes one of each event, so that what can't be made is said before anything is sent. Of several events those are left out
/// which can't have the fault.
fn possible<'c>(
    platform: &Platform,
    campaign: &Campaign,
    entries: &[&'c EventMeta],
    changes: &Changes,
    defect: Option<Defect>,
) -> anyhow::Result<Vec<&'c EventMeta>> {
    let fault = defect.and_then(Defect::fault);
    let mut possible = Vec::new();
    for meta in entries {
        let message = campaign.clone().event(meta).message(0)?;
        let mut resource = message.resource().clone();
        changes.try_on(&mut resource)?;
        let message = Message::new(meta, "EV-0", resource).with_fault(fault).with_sign(message.sign());
        match platform.make(&message, seconds(now()), &Nonces::fresh()?) {
            Ok(_) if defect == Some(Defect::Age) && meta.protocol == Protocol::V2 => {
                if let [_] = entries {
                    let name = named::name(meta);
                    return Err(Usage::new(format!("--age: {name}: v2 notifications carry no time")).into());
                }
            }
            Ok(_) => possible.push(*meta),
            Err(Error::Tamper(..) | Error::Probe) if entries.len() > 1 => {}
            Err(error @ (Error::Tamper(..) | Error::Probe)) => {
                return Err(Usage::new(format!("{}: {error}", named::name(meta))).into());
            }
            Err(error) => return Err(error).with_context(|| format!("can't make {}", named::name(meta))),
        }
    }
    let left_out = entries.len().saturating_sub(possible.len());
    if left_out > 0 {
        let what = match defect {
            Some(Defect::Fault(Fault::Tamper(what))) => format!("--tamper {what}"),
            Some(Defect::Age) => "--age".to_owned(),
            _ => "--probe".to_owned(),
        };
        let all = entries.len();
        out::complain(format_args!("{what} doesn't apply to {left_out} of {all}; they are left out"));
    }
    Ok(possible)
}

fn sender(
    args: &TriggerArgs,
    platform: Platform,
    to: &str,
    trust: Option<&Trust>,
    speed: Speed,
) -> anyhow::Result<Sender> {
    let age = args.age.unwrap_or_default();
    let then = move || now().checked_sub(age).unwrap_or(UNIX_EPOCH);
    let sender = match trust {
        Some(trust) => Sender::trusting(platform, to, then, trust)
            .map_err(|error| Usage::new(format!("--to: {error}")))?,
        None => Sender::new(platform, to, then)?,
    };
    let sender = sender.speed(speed);
    let sender = match &args.schedule {
        None => sender.schedule(Schedule::once()),
        Some(Resends::Own) => sender,
        Some(Resends::By(schedule)) => sender.schedule(schedule.clone()),
    };
    Ok(match args.timeout {
        Some(timeout) => sender.deadline(timeout),
        None => sender,
    })
}

fn usual_concurrency(args: &TriggerArgs) -> NonZeroU32 {
    if args.rate.is_some() || args.prepare { MANY } else { NonZeroU32::MIN }
}

fn now() -> SystemTime {
    SystemClock::default().now()
}

fn seconds(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}
