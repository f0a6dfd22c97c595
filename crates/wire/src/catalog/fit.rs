use super::meta::EventMeta;
use crate::event::Misfit;
use crate::json::{Doc, Value};

/// The result of comparing a resource with its event's model.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fit {
    /// The event has no model, or it isn't compiled in.
    Untyped,
    /// It fits.
    Typed,
    /// It fits, but more than half of what it says is in no document: most likely another edition of the event.
    MostlyUnknown,
    /// It doesn't fit.
    Misfit(Misfit),
}

impl EventMeta {
    /// Compares a resource with the model, and with what the event says.
    pub fn fit(&self, resource: Value<'_>) -> Fit {
        let Some(model) = self.model else { return Fit::Untyped };
        if let Err(misfit) = (model.fits)(resource).and_then(|()| self.contradiction(resource)) {
            return Fit::Misfit(misfit);
        }
        if self.is_mostly_unknown(resource) { Fit::MostlyUnknown } else { Fit::Typed }
    }

    /// Puts a resource through the model and back to JSON; `None` where there is no model.
    ///
    /// # Errors
    /// [`Misfit`] where it doesn't fit, or contradicts the event.
    pub fn roundtrip(&self, resource: &str) -> Option<Result<String, Misfit>> {
        let roundtrip = self.model?.roundtrip;
        Some(roundtrip(resource).and_then(|json| {
            match Doc::parse(resource) {
                Ok(doc) => self.contradiction(doc.root())?,
                Err(_) => return Err(Misfit::custom("not valid JSON")),
            }
            Ok(json)
        }))
    }

    /// Fails where a field has a value that contradicts the event.
    fn contradiction(&self, resource: Value<'_>) -> Result<(), Misfit> {
        let content = self.content(resource);
        for (path, values) in self.contradictions {
            let found = content.at(path).and_then(|value| value.text());
            if found.is_some_and(|text| values.contains(&&*text)) {
                return Err(Misfit::custom("a value that contradicts the event").in_field(path));
            }
        }
        Ok(())
    }

    /// Returns whether more than half of the members that say something are in no document.
    fn is_mostly_unknown(&self, resource: Value<'_>) -> bool {
        if self.fields.is_empty() {
            return false;
        }
        let (mut known, mut unknown) = (0_usize, 0_usize);
        for (name, value) in self.content(resource).entries() {
            match value.is_blank() {
                true => {}
                false if self.fields.iter().any(|field| field.is_called(&name)) => known += 1,
                false => unknown += 1,
            }
        }
        unknown > known
    }

    /// Returns what was hidden, where anything was, or else the resource itself.
    fn content<'d>(&self, resource: Value<'d>) -> Value<'d> {
        self.hidden().and_then(|(_, opened)| resource.get(opened)).unwrap_or(resource)
    }
}
