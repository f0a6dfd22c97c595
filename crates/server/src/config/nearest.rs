/// The one of `known` that `given` was probably meant to be: a letter or two differ, or two neighbours are swapped.
pub(super) fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let most = (given.chars().count() / 3).clamp(1, 2);
    let near = known.into_iter().map(|known| (distance(given, known), known));
    near.filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Letters to add, remove or replace; a swap of neighbours counts as one.
fn distance(one: &str, other: &str) -> usize {
    if is_swapped(one, other) {
        return 1;
    }
    let mut row: Vec<usize> = (0..=other.chars().count()).collect();
    for (nth, letter) in one.chars().enumerate() {
        let mut left = nth + 1;
        let mut next = vec![left];
        for (wanted, pair) in other.chars().zip(row.windows(2)) {
            let [diagonal, above] = pair else { continue };
            left = (diagonal + usize::from(letter != wanted)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

fn is_swapped(one: &str, other: &str) -> bool {
    let differing: Vec<_> =
        one.chars().zip(other.chars()).enumerate().filter(|(_, (one, other))| one != other).collect();
    one.chars().count() == other.chars().count()
        && matches!(differing.as_slice(), [(at, (a, b)), (next, (c, d))] if *next == at + 1 && a == d && b == c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_near_is_found() {
        let known = ["listen", "admin_listen", "store", "name", "id"];
        for (given, meant) in [
            ("listne", Some("listen")),
            ("Listen", Some("listen")),
            ("adminlisten", Some("admin_listen")),
            ("stored", Some("store")),
            ("nmae", Some("name")),
            ("ids", Some("id")),
            ("port", None),
            ("", None),
            ("sink", None),
        ] {
            assert_eq!(nearest(given, known), meant, "{given}");
        }
    }
}
