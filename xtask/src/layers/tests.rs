use super::*;

const TABLE: &[Layer] = &[
    Layer { name: "bottom", uses: &[], direct: &[], through: &[], tokio_features: None },
    Layer { name: "file", uses: &["bottom"], direct: &[Realm::Sqlite], through: &[], tokio_features: None },
    Layer {
        name: "middle",
        uses: &["bottom"],
        direct: &[Realm::Tokio],
        through: &[],
        tokio_features: Some(&["rt", "time"]),
    },
    Layer {
        name: "top",
        uses: &["bottom", "middle", "file"],
        direct: &[Realm::Http, Realm::Tokio],
        through: &[Realm::Sqlite],
        tokio_features: None,
    },
    Layer { name: "not-there-yet", uses: &["bottom"], direct: &[], through: &[], tokio_features: None },
];

/// A workspace in which all is well; each test breaks it in one place.
fn good() -> Graph {
    let mut graph = Graph::default();
    let ours = [
        ("bottom", &["text", "time-of-day"][..]),
        ("file", &["bottom", "rusqlite"]),
        ("middle", &["bottom", "tokio", "text"]),
        ("top", &["bottom", "middle", "file", "hyper", "tokio"]),
    ];
    let outside = [
        ("text", &["time-of-day"][..]),
        ("time-of-day", &[]),
        ("rusqlite", &["libsqlite3-sys"]),
        ("libsqlite3-sys", &[]),
        ("hyper", &["tokio", "text"]),
        ("tokio", &["time-of-day"]),
    ];
    for (name, uses) in ours {
        graph.add(name, true, uses);
    }
    for (name, uses) in outside {
        graph.add(name, false, uses);
    }
    graph.node("middle").tokio_features = ["rt", "time"].map(String::from).into();
    graph.node("top").tokio_features = ["full"].map(String::from).into();
    graph
}

impl Graph {
    fn add(&mut self, name: &str, ours: bool, uses: &[&str]) {
        let uses = uses.iter().map(|used| (*used).to_owned()).collect();
        self.nodes.insert(name.to_owned(), Node { ours, uses, tokio_features: BTreeSet::new() });
    }

    fn node(&mut self, name: &str) -> &mut Node {
        self.nodes.get_mut(name).unwrap()
    }

    fn uses(&mut self, name: &str, used: &str) {
        self.node(name).uses.insert(used.to_owned());
    }
}

#[track_caller]
fn assert_only_fault(graph: &Graph, expected: &str) {
    assert_eq!(faults(graph, TABLE), [expected]);
}

#[test]
fn a_workspace_as_in_the_table_has_no_fault() {
    assert_eq!(faults(&good(), TABLE), [""; 0]);
}

#[test]
fn an_arrow_that_is_not_in_the_table() {
    let mut graph = good();
    graph.uses("bottom", "file");
    assert_only_fault(&graph, "bottom -> file: of our crates it may use: none");

    let mut graph = good();
    graph.uses("middle", "file");
    assert_only_fault(&graph, "middle -> file: of our crates it may use: bottom");
}

#[test]
fn a_crate_without_a_row() {
    let mut graph = good();
    graph.add("newcomer", true, &[]);
    assert_only_fault(&graph, "newcomer: not in the table of layers (xtask/src/layers/table.rs)");
}

#[test]
fn an_outside_crate_used_directly() {
    let mut graph = good();
    graph.uses("bottom", "tokio");
    assert_only_fault(&graph, "bottom -> tokio: tokio is kept out of this layer");

    let mut graph = good();
    graph.uses("middle", "hyper");
    assert_only_fault(&graph, "middle -> hyper: HTTP is kept out of this layer");

    let mut graph = good();
    graph.add("smol", false, &[]);
    graph.uses("top", "smol");
    assert_only_fault(&graph, "top -> smol: any other runtime is kept out of this layer");
}

#[test]
fn an_outside_crate_reached_through_others() {
    let mut graph = good();
    graph.add("helper", false, &["helper-core"]);
    graph.add("helper-core", false, &["tokio"]);
    graph.uses("bottom", "helper");
    assert_only_fault(&graph, "bottom -> helper -> helper-core -> tokio: tokio is kept out of this layer");
}

#[test]
fn what_is_granted_through_a_crate_of_ours_is_not_granted_directly() {
    let mut graph = good();
    graph.uses("top", "rusqlite");
    assert_only_fault(&graph, "top -> rusqlite: SQLite is kept out of this layer");
}

#[test]
fn a_tokio_feature_beyond_the_leave() {
    let mut graph = good();
    graph.node("middle").tokio_features.insert("macros".to_owned());
    assert_only_fault(&graph, "middle -> tokio: not with feature `macros`, only rt, time");
}

#[test]
fn circles_among_outside_crates_end() {
    let mut graph = good();
    graph.uses("time-of-day", "text");
    assert_eq!(faults(&graph, TABLE), [""; 0]);
}

#[test]
fn a_table_that_grants_through_another_crate_what_it_denies() {
    let layer = |name, uses, direct| Layer { name, uses, direct, through: &[], tokio_features: None };
    let table = [layer("low", &[], &[Realm::Tokio]), layer("high", &["low"], &[])];
    assert_eq!(table_faults(&table), ["high -> low: the table grants tokio only to the latter"]);
}

#[test]
fn a_table_that_points_upwards() {
    let layer = |name, uses| Layer { name, uses, direct: &[], through: &[], tokio_features: None };
    let table = [layer("low", &["high"]), layer("high", &[])];
    assert_eq!(table_faults(&table), ["low -> high: the table has no row for it above this one"]);
}

#[test]
fn the_workspace_keeps_its_layers() {
    let graph = workspace::load().unwrap();
    assert!(graph.is_ours("wxhook-wire") && !graph.is_ours("serde"));
    assert!(graph.nodes["wxhook-server"].uses.contains("wxhook-receiver"));
    assert!(graph.nodes["hyper"].uses.contains("tokio"));
    assert_eq!(faults(&graph, LAYERS), [""; 0]);
}

/// The same, said once more without the table: everything they reach, ours and others'.
#[test]
fn the_lower_crates_reach_no_runtime() {
    let graph = workspace::load().unwrap();
    for lower in ["wire", "crypto", "events", "idempotency", "idempotency-sqlite"] {
        let mut reached = BTreeSet::new();
        let mut open = vec![format!("wxhook-{lower}")];
        while let Some(name) = open.pop() {
            if reached.insert(name.clone()) {
                open.extend(graph.nodes[&name].uses.iter().cloned());
            }
        }
        for runtime in ["tokio", "async-std", "smol"] {
            assert!(!reached.contains(runtime), "wxhook-{lower} reaches {runtime}");
        }
    }
}
