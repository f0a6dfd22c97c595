//! The real workspace as the plain data that the check works on.

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand, Package};

use super::{Graph, Node};

/// Asks cargo for the workspace's whole graph, every feature on, for every platform.
pub(super) fn load() -> anyhow::Result<Graph> {
    let mut command = MetadataCommand::new();
    command.manifest_path(crate::root().join("Cargo.toml")).features(CargoOpt::AllFeatures);
    Ok(graph(&command.exec()?))
}

fn graph(metadata: &Metadata) -> Graph {
    let mut graph = Graph::default();
    for package in &metadata.packages {
        let node = graph.nodes.entry(package.name.to_string()).or_default();
        node.ours |= metadata.workspace_members.contains(&package.id);
    }
    for resolved in metadata.resolve.iter().flat_map(|resolve| &resolve.nodes) {
        let package = &metadata[&resolved.id];
        let node = graph.nodes.entry(package.name.to_string()).or_default();
        for dependency in &resolved.deps {
            if dependency.dep_kinds.iter().any(|info| matters(info.kind)) {
                node.uses.insert(metadata[&dependency.pkg].name.to_string());
            }
        }
        if node.ours {
            add_tokio_features(node, package);
        }
    }
    graph
}

fn matters(kind: DependencyKind) -> bool {
    matches!(kind, DependencyKind::Normal | DependencyKind::Build)
}

/// The features that a package asks of tokio: where it names the dependency, and in its own `[features]`.
fn add_tokio_features(node: &mut Node, package: &Package) {
    let of_tokio = package.dependencies.iter().filter(|dependency| dependency.name == "tokio");
    for dependency in of_tokio.filter(|dependency| matters(dependency.kind)) {
        node.tokio_features.extend(dependency.features.iter().cloned());
        let name = dependency.rename.as_deref().unwrap_or("tokio");
        for enabled in package.features.values().flatten() {
            if let Some((on, feature)) = enabled.split_once('/')
                && on.trim_end_matches('?') == name
            {
                node.tokio_features.insert(feature.to_owned());
            }
        }
    }
}
