//! How a name can be asked for: by itself, many at once, or only by reading the whole list.

use std::collections::BTreeSet;

use crate::api::NAMES_PER_REQUEST;

/// What a request asks for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Query<'q> {
    Addresses(&'q [String]),
    Keys(&'q [String]),
    /// The whole list.
    All,
}

/// How one name is asked for.
#[derive(Debug, Clone)]
pub(super) enum NameQuery {
    Address(String),
    Key(String),
    /// No filter finds it.
    ListOnly,
}

/// Names that one request asks for.
#[derive(Debug, Clone)]
pub(super) enum Chunk {
    Addresses(Vec<String>),
    Keys(Vec<String>),
}

impl Chunk {
    pub fn query(&self) -> Query<'_> {
        match self {
            Self::Addresses(addresses) => Query::Addresses(addresses),
            Self::Keys(keys) => Query::Keys(keys),
        }
    }
}

/// The requests that ask for these names; none where only the whole list answers for all of them.
pub(super) fn chunks<N>(
    names: &BTreeSet<N>,
    query: impl Fn(&N) -> NameQuery,
) -> Option<Vec<Chunk>> {
    let (mut addresses, mut keys) = (Vec::new(), Vec::new());
    for name in names {
        match query(name) {
            NameQuery::Address(address) => addresses.push(address),
            NameQuery::Key(key) => keys.push(key),
            NameQuery::ListOnly => return None,
        }
    }
    let addresses = addresses.chunks(NAMES_PER_REQUEST).map(|some| Chunk::Addresses(some.to_vec()));
    let keys = keys.chunks(NAMES_PER_REQUEST).map(|some| Chunk::Keys(some.to_vec()));
    Some(addresses.chain(keys).collect())
}

/// A key can be asked for unless it has the comma that stands between keys.
pub(super) fn of_key(key: &str) -> NameQuery {
    if key.contains(',') { NameQuery::ListOnly } else { NameQuery::Key(key.to_owned()) }
}
