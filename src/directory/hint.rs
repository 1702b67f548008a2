//! What is written nearly like a name that nobody knows: for the eyes only, never an answer.

/// From this likeness on (Jaro-Winkler, 0 to 1) a name is worth hinting at.
const NEAR: f64 = 0.9;
/// So many names get a hint; a roster that is wrong from top to bottom needs none.
pub(super) const HINTS: usize = 100;

/// The most similar of these names, if one is similar.
pub(super) fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    let name = name.to_lowercase();
    let best = known.map(|other| (likeness(&name, &other.to_lowercase()), other));
    let best = best.max_by(|a, b| a.0.total_cmp(&b.0));
    best.filter(|(likeness, _)| *likeness >= NEAR).map(|(_, other)| other.to_owned())
}

/// Everybody of a firm has its domain: two addresses are as alike as the less alike of their parts.
fn likeness(name: &str, other: &str) -> f64 {
    match (name.split_once('@'), other.split_once('@')) {
        (Some((mailbox, domain)), Some((other_mailbox, other_domain))) => {
            let of_domains = strsim::jaro_winkler(domain, other_domain);
            strsim::jaro_winkler(mailbox, other_mailbox).min(of_domains)
        }
        _ => strsim::jaro_winkler(name, other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_nearly_the_same_is_hinted_at() {
        let known = ["dana.k@firm.example", "eve@firm.example", "Atlas"];
        let near = |name| nearest(name, known.into_iter());
        assert_eq!(near("dana@firm.example").as_deref(), Some("dana.k@firm.example"));
        assert_eq!(near("atlas").as_deref(), Some("Atlas"));
        assert_eq!(near("dana.k@frim.example").as_deref(), Some("dana.k@firm.example"));
        assert_eq!(near("zoe@firm.example"), None);
        assert_eq!(near("zoe@other.example"), None);
    }
}
