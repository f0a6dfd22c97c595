//! `cargo xtask layers`: checks which crate uses which against the table in `docs/architecture.md`.
//!
//! Each crate is checked through the outside crates that it uses, to any depth, up to the next crate of ours, which is
//! checked on its own. So a fault is named once, where it is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;

use anyhow::{Context, ensure};
use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package};

const DOCUMENT: &str = "docs/architecture.md";
const TABLE_HEAD: &str = "| crate |";

/// Kinds of outside crates that a row must name in its last column before its crate may use them.
const KINDS: &[(&str, &[&str])] = &[
    (
        "HTTP",
        &[
            "actix-http",
            "actix-web",
            "attohttpc",
            "axum",
            "curl",
            "h2",
            "hyper",
            "hyper-util",
            "isahc",
            "poem",
            "reqwest",
            "rocket",
            "salvo",
            "tide",
            "tiny_http",
            "ureq",
            "warp",
        ],
    ),
    ("SQLite", &["libsqlite3-sys", "rusqlite"]),
    ("Redis", &["redis"]),
    (
        "another database",
        &[
            "deadpool-redis",
            "diesel",
            "fred",
            "lmdb",
            "mongodb",
            "mysql",
            "mysql_async",
            "postgres",
            "redb",
            "rocksdb",
            "sea-orm",
            "sled",
            "sqlite",
            "sqlx",
            "sqlx-core",
            "tokio-postgres",
            "tokio-rusqlite",
        ],
    ),
    ("tokio", &["tokio"]),
    (
        "another runtime",
        &[
            "actix-rt",
            "async-executor",
            "async-global-executor",
            "async-io",
            "async-std",
            "compio",
            "glommio",
            "monoio",
            "smol",
        ],
    ),
];

/// A row of the table.
#[derive(Debug, PartialEq)]
struct Layer {
    /// Name of the package.
    package: String,
    /// Our packages that it may use.
    uses: BTreeSet<String>,
    /// Kinds of outside crates that it may use itself.
    kinds: BTreeSet<String>,
    /// Features of tokio that it may ask for; empty for all.
    tokio_features: BTreeSet<String>,
}

/// All packages by name; several versions of one count as one.
#[derive(Debug, Default)]
struct Graph(BTreeMap<String, Node>);

#[derive(Debug, Default)]
struct Node {
    is_ours: bool,
    /// Packages that it uses in a normal build, also those behind features.
    uses: BTreeSet<String>,
    /// Features that it asks of tokio; known only of ours.
    tokio_features: BTreeSet<String>,
}

/// Checks the workspace. The error has one line for each fault.
pub(crate) fn run() -> anyhow::Result<()> {
    let document = fs::read_to_string(crate::root().join(DOCUMENT))?;
    let layers = parse(&document).with_context(|| format!("{DOCUMENT}: no table `{TABLE_HEAD} …`"))?;
    let mut command = MetadataCommand::new();
    command.manifest_path(crate::root().join("Cargo.toml")).features(CargoOpt::AllFeatures);
    let graph = Graph::new(&command.exec()?);
    let faults = faults(&graph, &layers);
    ensure!(faults.is_empty(), "crates use what {DOCUMENT} doesn't list:\n{}", faults.join("\n"));
    println!("layers: {} crates, as in {DOCUMENT}", graph.ours().count());
    Ok(())
}

/// Parses rows such as `` | `delivery` | worker, sinks | wire, idempotency | tokio (`rt`, `time`) | ``.
fn parse(document: &str) -> Option<Vec<Layer>> {
    let rows = document.lines().skip_while(|line| !line.starts_with(TABLE_HEAD)).skip(2);
    let layers: Option<Vec<_>> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|row| {
            let mut cells = row.split('|').skip(1).map(|cell| cell.trim().replace('`', ""));
            let package = package(&cells.next()?);
            let uses = names(&cells.nth(1)?).map(|name| self::package(&name)).collect();
            let outside = cells.next()?;
            let (kinds, features) = outside.split_once('(').unwrap_or((&outside, ""));
            let tokio_features = names(features.trim_end_matches(')')).collect();
            Some(Layer { package, uses, kinds: names(kinds).collect(), tokio_features })
        })
        .collect();
    layers.filter(|layers| !layers.is_empty())
}

/// Returns the package of a crate as the table calls it.
fn package(name: &str) -> String {
    if matches!(name, "wxhook" | "xtask") { name.to_owned() } else { format!("wxhook-{name}") }
}

fn names(list: &str) -> impl Iterator<Item = String> {
    list.split(',').map(|name| name.trim().to_owned()).filter(|name| !name.is_empty() && name != "–")
}

/// Returns one line for each fault: crate, dependency, rule.
fn faults(graph: &Graph, layers: &[Layer]) -> Vec<String> {
    let mut faults = Vec::new();
    for (row, layer) in layers.iter().enumerate() {
        for used in &layer.uses {
            if !layers.iter().take(row).any(|lower| lower.package == *used) {
                faults.push(format!("{} -> {used}: no row above this one", layer.package));
            }
        }
    }
    for (name, node) in graph.ours() {
        match layers.iter().find(|layer| layer.package == name) {
            Some(layer) => faults.extend(graph.crate_faults(layer, node)),
            None => faults.push(format!("{name}: no row")),
        }
    }
    faults
}

fn kind(package: &str) -> Option<&'static str> {
    KINDS.iter().find(|(_, packages)| packages.contains(&package)).map(|(kind, _)| *kind)
}

impl Graph {
    fn new(metadata: &Metadata) -> Self {
        let mut graph = Self::default();
        for resolved in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
            let package = &metadata[&resolved.id];
            let node = graph.0.entry(package.name.to_string()).or_default();
            let used =
                resolved.deps.iter().filter(|used| used.dep_kinds.iter().any(|info| is_normal(info.kind)));
            node.uses.extend(used.map(|used| metadata[&used.pkg].name.to_string()));
            if metadata.workspace_members.contains(&package.id) {
                node.is_ours = true;
                node.tokio_features.extend(tokio_features(package));
            }
        }
        graph
    }

    fn ours(&self) -> impl Iterator<Item = (&str, &Node)> {
        self.0.iter().filter(|(_, node)| node.is_ours).map(|(name, node)| (name.as_str(), node))
    }

    fn crate_faults(&self, layer: &Layer, node: &Node) -> Vec<String> {
        let (name, mut faults) = (&layer.package, Vec::new());
        let is_ours = |used: &str| self.0.get(used).is_some_and(|node| node.is_ours);
        for used in node.uses.iter().filter(|used| is_ours(used) && !layer.uses.contains(*used)) {
            faults.push(format!("{name} -> {used}: not in its row"));
        }
        for path in self.paths_outside(node) {
            if let Some(kind) = path.last().and_then(|last| kind(last))
                && !layer.kinds.contains(kind)
            {
                faults.push(format!("{name} -> {}: {kind} isn't in its row", path.join(" -> ")));
            }
        }
        if !layer.tokio_features.is_empty() {
            let extra = node.tokio_features.difference(&layer.tokio_features);
            faults.extend(
                extra.map(|feature| format!("{name} -> tokio: feature `{feature}` isn't in its row")),
            );
        }
        faults
    }

    /// Returns a shortest path to each outside package that `from` reaches without another crate of ours.
    ///
    /// A path ends at a package of a kind: the packages behind it are that package's own affair.
    fn paths_outside<'a>(&'a self, from: &'a Node) -> Vec<Vec<&'a str>> {
        let (mut seen, mut paths) = (BTreeSet::new(), Vec::new());
        let mut open = VecDeque::from([(Vec::new(), from)]);
        while let Some((path, node)) = open.pop_front() {
            for used in node.uses.iter().map(String::as_str) {
                let Some(next) = self.0.get(used).filter(|next| !next.is_ours) else { continue };
                if !seen.insert(used) {
                    continue;
                }
                let path: Vec<_> = path.iter().copied().chain([used]).collect();
                if kind(used).is_none() {
                    open.push_back((path.clone(), next));
                }
                paths.push(path);
            }
        }
        paths
    }
}

fn is_normal(kind: DependencyKind) -> bool {
    matches!(kind, DependencyKind::Normal | DependencyKind::Build)
}

/// Returns the features that a package asks of tokio, in its dependencies and in its own `[features]`.
fn tokio_features(package: &Package) -> impl Iterator<Item = String> {
    let dependencies =
        package.dependencies.iter().filter(|used| used.name == "tokio" && is_normal(used.kind));
    let direct = dependencies.flat_map(|used| used.features.iter().cloned());
    let enabled = package.features.values().flatten().filter_map(|enabled| {
        let (on, feature) = enabled.split_once('/')?;
        (on.trim_end_matches('?') == "tokio").then(|| feature.to_owned())
    });
    direct.chain(enabled)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "\
| crate | holds | may use of ours | may use from outside |
| --- | --- | --- | --- |
| `bottom` | | – | – |
| `file` | | bottom | SQLite |
| `middle` | | bottom | tokio (`rt`, `time`) |
| `top` | | bottom, middle, file | HTTP, tokio |
| `not-yet-there` | | bottom | – |

| another | table |
";

    /// A workspace without a fault; each test breaks it in one place.
    fn good() -> Graph {
        let mut graph = Graph::default();
        for (name, uses) in [
            ("wxhook-bottom", "text time-of-day"),
            ("wxhook-file", "wxhook-bottom rusqlite"),
            ("wxhook-middle", "wxhook-bottom tokio text"),
            ("wxhook-top", "wxhook-bottom wxhook-middle wxhook-file hyper tokio"),
            ("text", "time-of-day"),
            ("time-of-day", ""),
            ("rusqlite", "libsqlite3-sys"),
            ("libsqlite3-sys", ""),
            ("hyper", "tokio text"),
            ("tokio", "time-of-day"),
        ] {
            graph.add(name, uses);
        }
        graph.ask_tokio("wxhook-middle", "rt");
        graph.ask_tokio("wxhook-top", "full");
        graph
    }

    impl Graph {
        fn add(&mut self, name: &str, uses: &str) {
            let node = self.0.entry(name.to_owned()).or_default();
            node.is_ours = name.starts_with("wxhook-");
            node.uses.extend(uses.split_whitespace().map(str::to_owned));
        }

        fn ask_tokio(&mut self, name: &str, feature: &str) {
            self.0.get_mut(name).unwrap().tokio_features.insert(feature.to_owned());
        }
    }

    #[track_caller]
    fn assert_faults(change: impl FnOnce(&mut Graph), expected: &[&str]) {
        let mut graph = good();
        change(&mut graph);
        assert_eq!(faults(&graph, &parse(DOCUMENT).unwrap()), expected);
    }

    #[test]
    fn a_workspace_as_in_the_table_has_no_fault() {
        assert_faults(|_| (), &[]);
        assert_faults(|graph| graph.add("time-of-day", "text"), &[]);
    }

    #[test]
    fn our_crates_are_used_only_as_the_table_lists() {
        let fault = ["wxhook-bottom -> wxhook-file: not in its row"];
        assert_faults(|graph| graph.add("wxhook-bottom", "wxhook-file"), &fault);
        assert_faults(|graph| graph.add("wxhook-new", ""), &["wxhook-new: no row"]);
    }

    #[test]
    fn outside_kinds_are_used_only_as_the_table_lists() {
        for (name, uses, fault) in [
            ("wxhook-bottom", "tokio", "wxhook-bottom -> tokio: tokio isn't in its row"),
            ("wxhook-middle", "hyper", "wxhook-middle -> hyper: HTTP isn't in its row"),
            ("wxhook-top", "rusqlite", "wxhook-top -> rusqlite: SQLite isn't in its row"),
            ("wxhook-top", "smol", "wxhook-top -> smol: another runtime isn't in its row"),
            ("wxhook-bottom", "outer", "wxhook-bottom -> outer -> inner -> tokio: tokio isn't in its row"),
        ] {
            let change = |graph: &mut Graph| {
                graph.add("smol", "");
                graph.add("outer", "inner");
                graph.add("inner", "tokio");
                graph.add(name, uses);
            };
            assert_faults(change, &[fault]);
        }
        let fault = ["wxhook-middle -> tokio: feature `macros` isn't in its row"];
        assert_faults(|graph| graph.ask_tokio("wxhook-middle", "macros"), &fault);
    }

    #[test]
    fn a_table_points_downwards_and_exists() {
        let upwards = DOCUMENT.replace("| `bottom` | | –", "| `bottom` | | file");
        let found = faults(&Graph::default(), &parse(&upwards).unwrap());
        assert_eq!(found, ["wxhook-bottom -> wxhook-file: no row above this one"]);
        assert_eq!(parse("| another | table |\n"), None);
    }

    #[test]
    fn the_workspace_keeps_its_layers() {
        run().unwrap();
    }
}
