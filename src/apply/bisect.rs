//! Which rows of a refused batch are bad: what is sent next, and what its answer tells.
//!
//! A row is bad when it was refused alone, and by nothing else. What an error says by `index` is a
//! guess of where to look: the rest is sent together, then each named row alone; the first that goes
//! through shows that `index` is no position, and nothing of this run is read that way again. An
//! error that names every row names none. Without a guess a refused part is halved until one bad row
//! stands alone; what is left over waits and is sent together, or, where bad rows are many, by halves
//! as well. How many errors there are decides nothing.
//!
//! Requests for k bad rows of n, the first included: k + 2 where `index` is right and names all, two
//! a bad row and one where it names one at a time; else at most ⌈log2 n⌉ + 3 a bad row, whatever the
//! server says, and 3·n at the very most; 2 more when `index` is found out, once a run. Knows nothing
//! of requests.

use std::{cell::Cell, collections::BTreeSet};

use crate::{
    api::{ApiError, Complaint},
    model::{Membership, MembershipKey},
};

/// Bad rows are many once they are one of so many rows: from then on, what waits is likely to be
/// refused as a whole again and again.
const MANY: usize = 16;

/// Rows that belong together.
struct Part {
    rows: Vec<Membership>,
    /// Whether one of them at least is bad.
    refused: bool,
    /// Whom the error that refused them names by `index`.
    named: BTreeSet<MembershipKey>,
}

/// A row that is sent alone.
struct Suspect {
    row: Membership,
    /// Whether it is suspected for an `index`.
    named: bool,
}

/// What is under way.
enum Sent {
    /// All that there is of a part.
    Whole,
    /// A row that is left of a refused part: no other can be the bad one.
    Blamed,
    /// The first half of a refused part.
    Half { other: Vec<Membership> },
    /// A refused part without the rows that its error names.
    Unnamed { named: Vec<Membership> },
    /// A row alone.
    Suspect { named: bool },
}

/// The search in one batch.
pub(super) struct Search<'a> {
    /// Whether `index` may still be the position in the request, for the whole run.
    index_is_position: &'a Cell<bool>,
    count: usize,
    /// How many rows were refused alone.
    found: usize,
    /// The next last, as everywhere here.
    suspects: Vec<Suspect>,
    parts: Vec<Part>,
    /// Rows of which nothing is known.
    waiting: Vec<Membership>,
    sent: Sent,
}

impl<'a> Search<'a> {
    /// A search that begins with all rows in one request.
    pub(super) fn new(rows: Vec<Membership>, index_is_position: &'a Cell<bool>) -> Self {
        Self {
            index_is_position,
            count: rows.len(),
            found: 0,
            suspects: Vec::new(),
            parts: Vec::new(),
            waiting: rows,
            sent: Sent::Whole,
        }
    }

    /// What is to be sent next; its answer has to be told before this is asked again.
    pub(super) fn next(&mut self) -> Option<Vec<Membership>> {
        if let Some(Suspect { row, named }) = self.suspects.pop() {
            self.sent = Sent::Suspect { named };
            return Some(vec![row]);
        }
        let waiting = || Part::unknown(std::mem::take(&mut self.waiting));
        let part = self.parts.pop().unwrap_or_else(waiting);
        Some(self.take(part)).filter(|rows| !rows.is_empty())
    }

    /// What of a part is to be sent now.
    fn take(&mut self, Part { mut rows, refused, named }: Part) -> Vec<Membership> {
        self.sent = if refused && rows.len() == 1 { Sent::Blamed } else { Sent::Whole };
        if !refused || rows.len() < 2 {
            return rows;
        }
        if self.index_is_position.get() && !named.is_empty() && named.len() < rows.len() {
            let (named, rest) = rows.into_iter().partition(|row| named.contains(&row.key));
            self.sent = Sent::Unnamed { named };
            return rest;
        }
        let other = rows.split_off(rows.len() / 2);
        self.sent = Sent::Half { other };
        rows
    }

    /// The rows are there, all of them.
    pub(super) fn passed(&mut self) {
        match std::mem::replace(&mut self.sent, Sent::Whole) {
            Sent::Whole => {}
            // Refused for their number, then: what waits would be as well.
            Sent::Blamed => self.found = self.count,
            Sent::Half { other } => self.refuse(other, BTreeSet::new()),
            Sent::Unnamed { named } => self.suspect(named, true),
            Sent::Suspect { named } => {
                if named {
                    self.disbelieve_index();
                }
                let others = std::mem::take(&mut self.suspects);
                self.waiting.extend(others.into_iter().map(|suspect| suspect.row));
            }
        }
    }

    /// The request was refused. `absent` are those of its rows that are known not to be there and
    /// are not decided: none where a single row was refused.
    pub(super) fn refused(
        &mut self,
        sent: &[Membership],
        absent: Vec<Membership>,
        error: &ApiError,
    ) {
        let named = self.read(sent, error);
        self.put_off();
        if sent.len() == 1 {
            self.found += 1;
        } else if absent.len() < sent.len() {
            // Some were taken all the same: those that were not are likely to be the bad ones.
            self.suspect(absent, false);
        } else {
            self.refuse(absent, named);
        }
    }

    /// Nobody knows what became of some of the rows: they are no part of this any more.
    pub(super) fn gave_up(&mut self) {
        self.put_off();
    }

    /// Keeps what was set apart from what was sent, as the answer tells nothing of it.
    fn put_off(&mut self) {
        match std::mem::replace(&mut self.sent, Sent::Whole) {
            Sent::Whole | Sent::Blamed | Sent::Suspect { .. } => {}
            Sent::Half { other } if self.found * MANY < self.count => self.waiting.extend(other),
            Sent::Half { other } => self.parts.push(Part::unknown(other)),
            Sent::Unnamed { named } => self.suspect(named, true),
        }
    }

    fn refuse(&mut self, rows: Vec<Membership>, named: BTreeSet<MembershipKey>) {
        self.parts.push(Part { rows, refused: true, named });
    }

    fn suspect(&mut self, rows: Vec<Membership>, named: bool) {
        self.suspects.extend(rows.into_iter().rev().map(|row| Suspect { row, named }));
    }

    /// Whom an error names by `index`.
    fn read(&self, sent: &[Membership], error: &ApiError) -> BTreeSet<MembershipKey> {
        let indices = complaints(error).iter().filter_map(|complaint| complaint.index);
        let rows = indices.map(|index| sent.get(index));
        let named = rows.inspect(|row| {
            if row.is_none() {
                self.disbelieve_index();
            }
        });
        named.flatten().map(|row| row.key).collect()
    }

    fn disbelieve_index(&self) {
        if self.index_is_position.replace(false) {
            tracing::warn!(
                "the `index` of the server's errors is not a position in the request: refused batches \
                 are halved until the bad rows stand alone"
            );
        }
    }
}

impl Part {
    fn unknown(rows: Vec<Membership>) -> Self {
        Self { rows, refused: false, named: BTreeSet::new() }
    }
}

fn complaints(error: &ApiError) -> &[Complaint] {
    match error {
        ApiError::Refused { complaints, .. } => complaints,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{Fields, Membership, MembershipSpec, Role, UserId, WorkspaceId};

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Index {
        /// The row's position in the request, as documented.
        Position,
        FromOne,
        AmongFailed,
        Zero,
        None,
        Beyond,
        /// Every row of a refused request has an error, good or not.
        All,
        /// The bad rows, and some that are good.
        More,
        /// Rows that have nothing to do with it.
        Others,
    }

    const INDICES: [Index; 9] = {
        use Index::*;
        [Position, FromOne, AmongFailed, Zero, None, Beyond, All, More, Others]
    };

    /// A server that refuses batches.
    #[derive(Debug, Clone)]
    struct Refuser {
        index: Index,
        keeps_good_rows: bool,
        first_only: bool,
        max_bulk: usize,
        /// The bad rows, and how many errors each has.
        bad: BTreeMap<u64, usize>,
    }

    fn row(user: u64) -> Membership {
        let workspace = WorkspaceId::new(1).expect("an id");
        let key = MembershipKey { workspace, user: UserId::new(user).expect("an id") };
        let spec = MembershipSpec { role: Role::Maven, fields: Fields::default() };
        Membership { key, spec }
    }

    fn user(row: &Membership) -> u64 {
        row.key.user.number()
    }

    impl Refuser {
        fn is_bad(&self, row: &Membership) -> bool {
            self.bad.contains_key(&user(row))
        }

        /// Whether a row is named though nothing is wrong with it.
        fn is_dragged_in(&self, row: &Membership) -> bool {
            match self.index {
                Index::All => true,
                Index::More | Index::Others => user(row) * 7 % 3 == 1,
                _ => false,
            }
        }

        fn complaints(&self, rows: &[Membership]) -> Vec<Complaint> {
            let complaint = |message: String, index| Complaint { message, field: None, index };
            if rows.len() > self.max_bulk {
                return vec![complaint("too many".to_owned(), None)];
            }
            if !rows.iter().any(|row| self.is_bad(row)) {
                return Vec::new();
            }
            let mut found = Vec::new();
            let mut failed = 0;
            for (at, row) in rows.iter().enumerate() {
                let errors = self.bad.get(&user(row)).copied();
                let Some(errors) = errors.or(self.is_dragged_in(row).then_some(1)) else {
                    continue;
                };
                let index = match self.index {
                    Index::Position | Index::All | Index::More => Some(at),
                    Index::FromOne => Some(at + 1),
                    Index::AmongFailed => Some(failed),
                    Index::Zero => Some(0),
                    Index::None => None,
                    Index::Beyond => Some(at + rows.len()),
                    Index::Others => Some(at).filter(|_| !self.is_bad(row)),
                };
                failed += 1;
                found.extend((0..errors).map(|_| complaint(format!("no {}", user(row)), index)));
            }
            found.truncate(if self.first_only { 1 } else { usize::MAX });
            found
        }
    }

    /// What a search made of a batch.
    #[derive(Default)]
    struct Found {
        created: BTreeSet<u64>,
        rejected: BTreeMap<u64, String>,
        posts: usize,
    }

    /// Sends the rows 1 to `count` to a server that refuses some.
    fn isolate(count: u64, server: &Refuser, trust: &Cell<bool>) -> Found {
        let mut search = Search::new((1..=count).map(row).collect(), trust);
        let mut found = Found::default();
        while let Some(rows) = search.next() {
            found.posts += 1;
            assert!(found.posts < 10 * count as usize + 10, "no end");
            let fresh = rows.iter().all(|row| !found.created.contains(&user(row)));
            assert!(fresh, "sent again: {server:?}");
            let complaints = server.complaints(&rows);
            if complaints.is_empty() {
                found.created.extend(rows.iter().map(user));
                search.passed();
                continue;
            }
            let mut absent = rows.clone();
            if server.keeps_good_rows && rows.len() <= server.max_bulk {
                absent.retain(|row| server.is_bad(row));
                let kept = rows.iter().filter(|row| !server.is_bad(row));
                found.created.extend(kept.map(user));
            }
            if rows.len() == 1 {
                absent.clear();
                found.rejected.insert(user(&rows[0]), complaints[0].message.clone());
            }
            let error = ApiError::Refused { status: 422, complaints, request_id: None };
            search.refused(&rows, absent, &error);
        }
        found
    }

    /// Isolates, and holds what was found against what is true.
    fn isolate_rightly(count: u64, server: &Refuser, trust: &Cell<bool>) -> Found {
        let trusted = trust.get();
        let found = isolate(count, server, trust);
        let own = |user: &u64| (*user, format!("no {user}"));
        assert_eq!(found.rejected, server.bad.keys().map(own).collect(), "{server:?}");
        let good = (1..=count).filter(|user| !server.bad.contains_key(user));
        assert_eq!(found.created, good.collect(), "{server:?}");
        let (posts, rows, bad) = (found.posts, count as usize, server.bad.len());
        let disbelief = if trust.get() == trusted { 0 } else { 2 };
        assert!(posts <= 3 * rows + disbelief, "{posts} for {bad} of {rows}: {server:?}");
        if server.max_bulk >= rows && bad > 0 {
            let most = bad * (log2(count) + 3) + disbelief;
            assert!(posts <= most, "{posts} over {most} for {bad} of {rows}: {server:?}");
            let right = server.index == Index::Position;
            let most = 3 * bad + log2(count);
            assert!(!right || posts <= most, "{posts} over {most} for {bad} of {rows}: {server:?}");
            assert!(!right || trust.get(), "a right index is believed: {server:?}");
        }
        found
    }

    fn log2(count: u64) -> usize {
        count.next_power_of_two().trailing_zeros() as usize
    }

    fn refuser(bad: &[u64], index: Index) -> Refuser {
        Refuser {
            index,
            keeps_good_rows: false,
            first_only: false,
            max_bulk: 100,
            bad: bad.iter().map(|user| (*user, 1)).collect(),
        }
    }

    #[test]
    fn an_index_that_is_right_costs_a_request_a_bad_row_and_one_more() {
        let trust = Cell::new(true);
        let found = isolate_rightly(100, &refuser(&[7, 41, 77], Index::Position), &trust);
        assert_eq!((found.posts, found.rejected.len(), trust.get()), (2 + 3, 3, true));
        let found = isolate_rightly(100, &refuser(&[7], Index::Position), &trust);
        assert_eq!(found.posts, 3);
    }

    #[test]
    fn a_server_that_names_one_fault_at_a_time_costs_two_requests_a_bad_row() {
        let server = Refuser { first_only: true, ..refuser(&[7, 41, 77], Index::Position) };
        let found = isolate_rightly(100, &server, &Cell::new(true));
        assert_eq!(found.posts, 1 + 2 * 3);
    }

    #[test]
    fn a_server_that_keeps_the_good_rows_costs_a_request_a_bad_row() {
        for index in INDICES {
            let server = Refuser { keeps_good_rows: true, ..refuser(&[7, 41, 77], index) };
            assert_eq!(isolate_rightly(100, &server, &Cell::new(true)).posts, 1 + 3, "{index:?}");
        }
    }

    #[test]
    fn an_index_that_is_wrong_is_not_believed_twice() {
        for index in [Index::AmongFailed, Index::Zero, Index::FromOne, Index::More, Index::Beyond] {
            let trust = Cell::new(true);
            let server = refuser(&[50, 99], index);
            isolate_rightly(100, &server, &trust);
            assert!(!trust.get(), "{index:?}");
            isolate_rightly(100, &server, &trust);
        }
    }

    #[test]
    fn a_good_row_that_is_named_beside_a_bad_one_is_created() {
        let found = isolate_rightly(100, &refuser(&[50], Index::More), &Cell::new(true));
        assert_eq!(found.rejected.len(), 1);
    }

    #[test]
    fn an_error_for_every_row_is_none_and_costs_no_more_than_to_halve() {
        let trust = Cell::new(true);
        let posts = |index| isolate_rightly(100, &refuser(&[20, 80], index), &trust).posts;
        assert_eq!(posts(Index::All), posts(Index::None));
        let all: Vec<u64> = (1..=100).collect();
        isolate_rightly(100, &refuser(&all, Index::All), &trust);
        assert!(trust.get(), "nothing is known against it");
    }

    #[test]
    fn every_way_to_be_bad_in_small_batches_is_found_whatever_the_server_says() {
        for count in 1..=10_u64 {
            for bits in 0..1_u64 << count {
                let is_bad = |user: &u64| bits >> (user - 1) & 1 == 1;
                let bad: Vec<u64> = (1..=count).filter(is_bad).collect();
                for index in INDICES {
                    for first_only in [false, true] {
                        let server = Refuser { first_only, ..refuser(&bad, index) };
                        // What is first may be somebody else's: its words are not a row's own.
                        if first_only && matches!(index, Index::All | Index::More | Index::Others) {
                            continue;
                        }
                        isolate_rightly(count, &server, &Cell::new(true));
                    }
                }
            }
        }
    }

    fn refusers() -> impl Strategy<Value = (u64, Refuser)> {
        let index = prop::sample::select(INDICES.to_vec());
        let sizes = prop_oneof![Just(100_u64), 1..=100_u64];
        sizes.prop_flat_map(move |count| {
            let few = prop::collection::btree_map(1..=count, 1..=2_usize, 1..=5);
            let many = prop::collection::btree_map(1..=count, 1..=2_usize, 1..=count as usize);
            let bad = prop_oneof![few, many];
            let max_bulk = prop_oneof![4 => Just(100), 1 => 1..=100_usize];
            let flags = (any::<bool>(), prop::bool::weighted(0.3));
            (index.clone(), flags, max_bulk, bad).prop_map(move |drawn| {
                let (index, (keeps_good_rows, first_only), max_bulk, bad) = drawn;
                (count, Refuser { index, keeps_good_rows, first_only, max_bulk, bad })
            })
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn each_bad_row_is_found_with_its_own_words_and_no_good_one_is_lost(
            (count, server) in refusers()
        ) {
            isolate_rightly(count, &server, &Cell::new(true));
        }
    }
}
