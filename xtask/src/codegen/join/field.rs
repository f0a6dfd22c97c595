//! Fields: their types resolved, their docs looked up.

use std::collections::{BTreeMap, BTreeSet};

use indexmap::IndexMap;

use crate::codegen::fault::Fault;
use crate::codegen::files::{FieldTable, Fields};
use crate::codegen::input::GLOSSARY;
use crate::codegen::model::{Area, Field, Type};

const SCALARS: [(&str, Type); 8] = [
    ("string", Type::String),
    ("integer", Type::Integer),
    ("fen", Type::Fen),
    ("boolean", Type::Boolean),
    ("number", Type::Number),
    ("time", Type::Time),
    ("yes-no", Type::YesNo),
    ("encrypted", Type::Encrypted),
];

/// The names that an area's types may use.
#[derive(Debug)]
pub(super) struct Named {
    pub(super) enums: BTreeSet<String>,
    pub(super) objects: BTreeSet<String>,
}

impl Named {
    pub(super) fn of(area: &Area) -> Self {
        Self {
            enums: area.enums.iter().map(|known| known.name.clone()).collect(),
            objects: area.objects.iter().map(|known| known.name.clone()).collect(),
        }
    }
}

/// Reads fields, and notes what the glossary lacks and what nothing needs of it.
#[derive(Debug)]
pub(super) struct Reader<'g> {
    glossary: &'g IndexMap<String, String>,
    used: BTreeSet<String>,
    /// Places of first use, by name.
    missing: BTreeMap<String, String>,
    /// All that is found in the files.
    pub(super) faults: Vec<Fault>,
}

impl<'g> Reader<'g> {
    pub(super) fn new(glossary: &'g IndexMap<String, String>) -> Self {
        Self { glossary, used: BTreeSet::new(), missing: BTreeMap::new(), faults: Vec::new() }
    }

    /// The fields of one table; `place` is where it stands.
    pub(super) fn read(
        &mut self,
        place: &str,
        fields: &Fields,
        named: &Named,
        may_be_numbered: bool,
    ) -> Vec<Field> {
        fields.iter().map(|(name, table)| self.field(place, name, table, named, may_be_numbered)).collect()
    }

    fn field(
        &mut self,
        place: &str,
        name: &str,
        table: &FieldTable,
        named: &Named,
        may_be_numbered: bool,
    ) -> Field {
        let place = format!("{place}.{name}");
        let ty = parse_type(&table.type_name, named).unwrap_or_else(|unknown| {
            self.faults.push(unknown_type(&place, unknown, named));
            Type::String
        });
        if let Type::Numbered(_) = ty
            && !may_be_numbered
        {
            let mend = "only the content of a v2 event has such: write [T]";
            self.faults.push(Fault::new(&place, format!("`{}`", table.type_name), mend));
        }
        Field {
            name: name.to_owned(),
            ty,
            required: table.required,
            aliases: table.alias.clone(),
            values: table.values.clone(),
            format: table.format.clone(),
            unit: table.unit.clone(),
            doc: table.doc.clone().unwrap_or_else(|| self.sentence(name, place)),
        }
    }

    fn sentence(&mut self, name: &str, place: String) -> String {
        match self.glossary.get(name) {
            Some(sentence) => {
                self.used.insert(name.to_owned());
                sentence.clone()
            }
            None => {
                self.missing.entry(name.to_owned()).or_insert(place);
                String::new()
            }
        }
    }

    /// All that was found; whether the glossary has too much can be said only if `all` was read.
    pub(super) fn into_faults(self, all: bool) -> Vec<Fault> {
        let mut faults = self.faults;
        for (name, place) in self.missing {
            let what = format!("no sentence for `{name}` ({place})");
            faults.push(Fault::new(GLOSSARY, what, format!("add {name} = \"…\", or give the field a doc")));
        }
        for name in self.glossary.keys().filter(|name| all && !self.used.contains(*name)) {
            faults.push(Fault::new(GLOSSARY, format!("no field needs `{name}`"), "take the line away"));
        }
        faults
    }
}

/// The type that is written so, or the part of it that is unknown.
fn parse_type<'t>(text: &'t str, named: &Named) -> Result<Type, &'t str> {
    let text = text.trim();
    if let Some((_, scalar)) = SCALARS.iter().find(|(name, _)| *name == text) {
        return Ok(scalar.clone());
    }
    if let Some(inner) = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        return Ok(Type::List(Box::new(without_numbered(inner, named)?)));
    }
    if let Some(inner) = text.strip_prefix("json ") {
        let inner_type = without_numbered(inner, named)?;
        let is_object = matches!(inner_type.innermost(), Type::Object(_));
        return if is_object { Ok(Type::Json(Box::new(inner_type))) } else { Err(inner) };
    }
    if let Some(object) = text.strip_prefix("numbered ") {
        return if named.objects.contains(object) {
            Ok(Type::Numbered(object.to_owned()))
        } else {
            Err(object)
        };
    }
    if named.enums.contains(text) {
        Ok(Type::Enum(text.to_owned()))
    } else if named.objects.contains(text) {
        Ok(Type::Object(text.to_owned()))
    } else {
        Err(text)
    }
}

fn without_numbered<'t>(text: &'t str, named: &Named) -> Result<Type, &'t str> {
    parse_type(text, named)
        .and_then(|inner| if let Type::Numbered(_) = inner { Err(text) } else { Ok(inner) })
}

fn unknown_type(place: &str, unknown: &str, named: &Named) -> Fault {
    let scalars = SCALARS.iter().map(|(name, _)| *name);
    let known = scalars.chain(named.enums.iter().chain(&named.objects).map(String::as_str));
    let mend = match nearest(unknown, known) {
        Some(near) if near != unknown => format!("write {near}, or define it in the area's file"),
        _ => "define it as an enum or object in the area's file; see fixtures/catalog/README.md".to_owned(),
    };
    Fault::new(place, format!("unknown type `{unknown}`"), mend)
}

/// Returns the name that was probably meant.
pub(super) fn nearest<'n>(wrong: &str, known: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let distance = |name: &str| strsim::damerau_levenshtein(&wrong.to_lowercase(), &name.to_lowercase());
    let (distance, near) = known.map(|name| (distance(name), name)).min()?;
    (distance <= wrong.chars().count() / 3 + 1).then_some(near)
}
