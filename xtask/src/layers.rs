//! `cargo xtask layers`: which crate may use which.
//!
//! Each crate is checked from itself through the outside crates that it uses, to any depth, up to the next crate
//! of ours, which is checked on its own. Since a crate may use only those of ours whose leave is within its own
//! (the table is checked for that), this covers the whole graph and names a fault once, where it is.

mod table;
mod workspace;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use anyhow::ensure;

use table::{LAYERS, OUTSIDE};

/// What a crate of ours may use. Dev-dependencies are free.
#[derive(Debug)]
struct Layer {
    /// The package.
    name: &'static str,
    /// Packages of ours.
    uses: &'static [&'static str],
    /// Realms that it may use itself.
    direct: &'static [Realm],
    /// Realms that it may reach only through other crates of ours.
    through: &'static [Realm],
    /// The features that it may ask of tokio, if not all.
    tokio_features: Option<&'static [&'static str]>,
}

/// A kind of outside crate that is kept out of the lower layers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Realm {
    Http,
    Sqlite,
    Redis,
    OtherDatabase,
    Tokio,
    OtherRuntime,
}

/// All packages by name, several versions of one as one.
#[derive(Debug, Default)]
struct Graph {
    nodes: BTreeMap<String, Node>,
}

#[derive(Debug, Default)]
struct Node {
    /// Whether it belongs to the workspace.
    ours: bool,
    /// The packages that it uses in a normal build, also those behind features.
    uses: BTreeSet<String>,
    /// The features that it asks of tokio; only known of ours.
    tokio_features: BTreeSet<String>,
}

/// Checks the workspace; says each fault on a line.
pub(crate) fn run() -> anyhow::Result<()> {
    let graph = workspace::load()?;
    let faults = faults(&graph, LAYERS);
    ensure!(faults.is_empty(), "crates use what they may not:\n{}", faults.join("\n"));
    println!("layers: {} crates, all as in the table", graph.ours().count());
    Ok(())
}

/// Everything that is wrong, a line each: crate, dependency, rule.
fn faults(graph: &Graph, layers: &[Layer]) -> Vec<String> {
    let mut faults = table_faults(layers);
    for (name, node) in graph.ours() {
        match layers.iter().find(|layer| layer.name == name) {
            Some(layer) => faults.extend(crate_faults(graph, layer, node)),
            None => faults.push(format!("{name}: not in the table of layers (xtask/src/layers/table.rs)")),
        }
    }
    faults
}

/// The table must go from the bottom up, and nobody may get through another crate what isn't granted to it.
fn table_faults(layers: &[Layer]) -> Vec<String> {
    let mut faults = Vec::new();
    for (row, layer) in layers.iter().enumerate() {
        for used in layer.uses {
            let Some(lower) = layers.iter().take(row).find(|lower| lower.name == *used) else {
                faults.push(format!("{} -> {used}: the table has no row for it above this one", layer.name));
                continue;
            };
            let reach = lower.direct.iter().chain(lower.through);
            let beyond =
                reach.filter(|realm| !layer.direct.contains(realm) && !layer.through.contains(realm));
            faults.extend(beyond.map(|realm| {
                format!("{} -> {used}: the table grants {realm} only to the latter", layer.name)
            }));
        }
    }
    faults
}

fn crate_faults(graph: &Graph, layer: &Layer, node: &Node) -> Vec<String> {
    let name = layer.name;
    let mut faults = Vec::new();
    for used in node.uses.iter().filter(|used| graph.is_ours(used)) {
        if !layer.uses.contains(&used.as_str()) {
            let allowed = if layer.uses.is_empty() { "none".into() } else { layer.uses.join(", ") };
            faults.push(format!("{name} -> {used}: of our crates it may use: {allowed}"));
        }
    }
    for path in graph.paths_outside(node) {
        if let Some(realm) = path.last().and_then(|last| realm(last))
            && !layer.direct.contains(&realm)
        {
            faults.push(format!("{name} -> {}: {realm} is kept out of this layer", path.join(" -> ")));
        }
    }
    if let Some(allowed) = layer.tokio_features {
        for feature in node.tokio_features.iter().filter(|feature| !allowed.contains(&feature.as_str())) {
            faults
                .push(format!("{name} -> tokio: not with feature `{feature}`, only {}", allowed.join(", ")));
        }
    }
    faults
}

fn realm(package: &str) -> Option<Realm> {
    OUTSIDE.iter().find(|(_, packages)| packages.contains(&package)).map(|(realm, _)| *realm)
}

impl Graph {
    fn ours(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.nodes.iter().filter(|(_, node)| node.ours).map(|(name, node)| (name.as_str(), node))
    }

    fn is_ours(&self, name: &str) -> bool {
        self.nodes.get(name).is_some_and(|node| node.ours)
    }

    /// A shortest path to each outside package that `from` reaches without another crate of ours. Packages of a
    /// realm are where a path ends: what they use in turn is their own affair.
    fn paths_outside<'a>(&'a self, from: &'a Node) -> Vec<Vec<&'a str>> {
        let mut seen = BTreeSet::new();
        let mut paths: Vec<Vec<&str>> = Vec::new();
        let mut open = VecDeque::from([(Vec::new(), from)]);
        while let Some((path, node)) = open.pop_front() {
            for used in node.uses.iter().map(String::as_str) {
                let Some(next) = self.nodes.get(used).filter(|next| !next.ours) else { continue };
                if !seen.insert(used) {
                    continue;
                }
                let path: Vec<_> = path.iter().copied().chain([used]).collect();
                if realm(used).is_none() {
                    open.push_back((path.clone(), next));
                }
                paths.push(path);
            }
        }
        paths
    }
}

impl fmt::Display for Realm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Http => "HTTP",
            Self::Sqlite => "SQLite",
            Self::Redis => "Redis",
            Self::OtherDatabase => "any other database",
            Self::Tokio => "tokio",
            Self::OtherRuntime => "any other runtime",
        })
    }
}

#[cfg(test)]
mod tests;
