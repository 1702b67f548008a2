//! Which rows of a refused batch are bad: what is sent next, and what its answer tells.
//!
//! The `index` of an error is a guess until it is proved: the rows it names are set apart, and only
//! when the rest goes through at once are they the bad ones. Else each is sent alone; the first that
//! goes through shows that `index` is no position, and nothing of this run is read that way again.
//! Without it a refused part is halved. A half that goes through leaves the blame with the other,
//! and the number of errors tells whether both halves have some; what seems free of them is sent
//! once more, together.
//!
//! Requests for k bad rows of n: 2 where `index` is right; else at most ⌈log2 n⌉ + 3 a bad row, as
//! long as the server names every fault; 2·k·⌈log2 n⌉ + 6 where it stops at the first; 2 more when
//! `index` is found out, once a run. Knows nothing of requests.

use std::{cell::Cell, collections::BTreeMap};

use crate::{
    api::{ApiError, Complaint, Creation},
    journal::RejectedRow,
    model::MembershipKey,
};

/// How rows were refused that were sent together.
#[derive(Default)]
struct Refusal {
    /// How many complaints there were.
    complaints: usize,
    /// What they say of rows that they name by `index`.
    named: BTreeMap<MembershipKey, RejectedRow>,
}

/// Rows that belong together, and how they were refused; none where nothing is known of them.
struct Part {
    rows: Vec<Creation>,
    refusal: Option<Refusal>,
}

/// What is under way.
enum Sent {
    /// Rows of which nothing is known.
    Unknown,
    /// Rows that seem to be good.
    Cleared,
    /// The first half of a refused part.
    Half { other: Vec<Creation>, complaints: usize },
    /// A refused part without the rows that the complaints name.
    Unnamed { named: Vec<Creation>, refusal: Refusal },
    /// A row that was named, alone.
    Suspect,
}

/// The search in one batch.
pub(super) struct Search<'a> {
    /// Whether `index` may still be the position in the request, for the whole run.
    index_is_position: &'a Cell<bool>,
    parts: Vec<Part>,
    /// Named rows that are to be sent alone, the next last.
    suspects: Vec<Creation>,
    suspect_complaints: usize,
    cleared: Vec<Creation>,
    /// Whether the numbers of complaints add up.
    adds_up: bool,
    sent: Sent,
}

impl<'a> Search<'a> {
    /// A search that begins with all rows in one request.
    pub(super) fn new(rows: Vec<Creation>, index_is_position: &'a Cell<bool>) -> Self {
        Self {
            index_is_position,
            parts: vec![Part { rows, refusal: None }],
            suspects: Vec::new(),
            suspect_complaints: 0,
            cleared: Vec::new(),
            adds_up: true,
            sent: Sent::Unknown,
        }
    }

    /// What is to be sent next; its answer has to be told before this is asked again.
    pub(super) fn next(&mut self) -> Option<Vec<Creation>> {
        loop {
            if let Some(row) = self.suspects.pop() {
                self.sent = Sent::Suspect;
                return Some(vec![row]);
            }
            let Some(part) = self.parts.pop() else { break };
            let rows = self.take(part);
            if !rows.is_empty() {
                return Some(rows);
            }
        }
        self.sent = Sent::Cleared;
        Some(std::mem::take(&mut self.cleared)).filter(|rows| !rows.is_empty())
    }

    /// What of a part is to be sent now; nothing where that is put off.
    fn take(&mut self, Part { rows, refusal }: Part) -> Vec<Creation> {
        let refusal = match refusal {
            Some(Refusal { complaints: 0, .. }) if self.adds_up => {
                self.cleared.extend(rows);
                return Vec::new();
            }
            Some(refusal) if refusal.complaints > 0 && rows.len() > 1 => refusal,
            _ => {
                self.sent = Sent::Unknown;
                return rows;
            }
        };
        if self.index_is_position.get() && !refusal.named.is_empty() {
            return self.set_apart(rows, refusal);
        }
        self.halve(rows, refusal.complaints)
    }

    fn set_apart(&mut self, rows: Vec<Creation>, refusal: Refusal) -> Vec<Creation> {
        let (named, rest): (Vec<_>, Vec<_>) =
            rows.into_iter().partition(|row| refusal.named.contains_key(&row.key));
        if rest.is_empty() {
            self.suspect(named, refusal.complaints);
        } else {
            self.sent = Sent::Unnamed { named, refusal };
        }
        rest
    }

    fn halve(&mut self, mut rows: Vec<Creation>, complaints: usize) -> Vec<Creation> {
        let other = rows.split_off(rows.len() / 2);
        self.sent = Sent::Half { other, complaints };
        rows
    }

    fn suspect(&mut self, mut named: Vec<Creation>, complaints: usize) {
        named.reverse();
        self.suspects = named;
        self.suspect_complaints = complaints;
    }

    /// The rows are there, all of them: the rows that this shows to be bad.
    pub(super) fn passed(&mut self) -> Vec<RejectedRow> {
        match std::mem::replace(&mut self.sent, Sent::Unknown) {
            Sent::Unknown | Sent::Cleared => {}
            Sent::Half { other, complaints } => self.push(other, complaints),
            Sent::Unnamed { refusal, .. } => return refusal.named.into_values().collect(),
            Sent::Suspect => {
                self.disbelieve_index();
                let mut rows = std::mem::take(&mut self.suspects);
                rows.reverse();
                self.push(rows, self.suspect_complaints);
            }
        }
        Vec::new()
    }

    /// The request was refused. `absent` are those of its rows that are known not to be there and
    /// are not decided: none where a single row was refused.
    pub(super) fn refused(&mut self, sent: &[Creation], absent: Vec<Creation>, error: &ApiError) {
        let mut refusal = self.read(sent, error);
        let complaints = refusal.complaints;
        match std::mem::replace(&mut self.sent, Sent::Unknown) {
            Sent::Unknown => {}
            Sent::Cleared => self.adds_up = false,
            Sent::Half { other, complaints: both } if self.adds_up => {
                self.push(other, both.saturating_sub(complaints));
            }
            Sent::Half { other, .. } => self.parts.push(Part { rows: other, refusal: None }),
            Sent::Unnamed { named, refusal: whole } => {
                self.suspect(named, whole.complaints.saturating_sub(complaints));
            }
            Sent::Suspect => {
                self.suspect_complaints = self.suspect_complaints.saturating_sub(complaints);
            }
        }
        if absent.len() < sent.len() {
            // What is there may be what was complained of.
            refusal.named.clear();
        }
        let all_good = absent.len() < sent.len() && absent.len() > complaints;
        let refusal = Some(refusal).filter(|_| !all_good);
        self.parts.push(Part { rows: absent, refusal });
    }

    /// Nobody knows what became of some of the rows: they are no part of this any more.
    pub(super) fn gave_up(&mut self) {
        match std::mem::replace(&mut self.sent, Sent::Unknown) {
            Sent::Unknown | Sent::Cleared | Sent::Suspect => {}
            Sent::Half { other, .. } => self.parts.push(Part { rows: other, refusal: None }),
            Sent::Unnamed { named, refusal } => self.suspect(named, refusal.complaints),
        }
    }

    fn push(&mut self, rows: Vec<Creation>, complaints: usize) {
        let refusal = Refusal { complaints, ..Refusal::default() };
        self.parts.push(Part { rows, refusal: Some(refusal) });
    }

    fn read(&self, sent: &[Creation], error: &ApiError) -> Refusal {
        let complaints = complaints(error);
        let mut words: BTreeMap<MembershipKey, Vec<&str>> = BTreeMap::new();
        for complaint in complaints {
            match complaint.index.map(|index| sent.get(index)) {
                Some(Some(row)) => words.entry(row.key).or_default().push(&complaint.message),
                Some(None) => self.disbelieve_index(),
                None => {}
            }
        }
        let named = words.into_iter().map(|(key, words)| {
            let (message, request_id) = (words.join("; "), error.request_id());
            (key, RejectedRow { key, message, request_id })
        });
        let named = named.collect();
        Refusal { complaints: complaints.len().max(1), named }
    }

    fn disbelieve_index(&self) {
        if self.index_is_position.replace(false) {
            tracing::warn!(
                "the `index` of the server's errors is no position in the request: refused batches \
                 are halved until the bad rows stand alone"
            );
        }
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
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::model::{Fields, MembershipSpec, Role, UserId, WorkspaceId};

    #[derive(Debug, Clone, Copy, PartialEq)]
    enum Index {
        Position,
        FromOne,
        AmongFailed,
        Zero,
        None,
    }

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

    fn row(user: u64) -> Creation {
        let workspace = WorkspaceId::new(1).expect("an id");
        let key = MembershipKey { workspace, user: UserId::new(user).expect("an id") };
        let spec = MembershipSpec { role: Role::Maven, fields: Fields::default() };
        Creation { key, spec }
    }

    impl Refuser {
        fn complaints(&self, rows: &[Creation]) -> Vec<Complaint> {
            let complaint = |message: String, index| Complaint { message, field: None, index };
            if rows.len() > self.max_bulk {
                return vec![complaint("too many".to_owned(), None)];
            }
            let mut found = Vec::new();
            let mut failed = 0;
            for (at, row) in rows.iter().enumerate() {
                let user = row.key.user.number();
                let Some(errors) = self.bad.get(&user) else { continue };
                let index = match self.index {
                    Index::Position => Some(at),
                    Index::FromOne => Some(at + 1),
                    Index::AmongFailed => Some(failed),
                    Index::Zero => Some(0),
                    Index::None => None,
                };
                failed += 1;
                found.extend((0..*errors).map(|_| complaint(format!("no {user}"), index)));
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
            let complaints = server.complaints(&rows);
            let good = |row: &Creation| !server.bad.contains_key(&row.key.user.number());
            let users = |rows: &[Creation]| rows.iter().map(|row| row.key.user.number()).collect();
            if complaints.is_empty() {
                let all: BTreeSet<u64> = users(&rows);
                found.created.extend(all);
                let passed = search.passed().into_iter();
                found.rejected.extend(passed.map(|row| (row.key.user.number(), row.message)));
                continue;
            }
            let mut absent = rows.clone();
            if server.keeps_good_rows && rows.len() <= server.max_bulk {
                let kept: Vec<Creation> = rows.iter().copied().filter(good).collect();
                let kept: BTreeSet<u64> = users(&kept);
                found.created.extend(kept);
                absent.retain(|row| !good(row));
            }
            if rows.len() == 1 {
                absent.clear();
                found.rejected.insert(rows[0].key.user.number(), complaints[0].message.clone());
            }
            let error = ApiError::Refused { status: 422, complaints, request_id: None };
            search.refused(&rows, absent, &error);
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
    fn an_index_that_is_right_costs_one_request_more() {
        let trust = Cell::new(true);
        let found = isolate(100, &refuser(&[7, 41, 77], Index::Position), &trust);
        assert_eq!((found.posts, found.rejected.len(), trust.get()), (2, 3, true));
        assert_eq!(found.rejected[&41], "no 41");
    }

    #[test]
    fn an_index_that_is_wrong_is_not_believed_twice() {
        for index in [Index::AmongFailed, Index::Zero, Index::FromOne] {
            let trust = Cell::new(true);
            let server = refuser(&[50, 99], index);
            let first = isolate(100, &server, &trust);
            assert!(!trust.get(), "{index:?}");
            let second = isolate(100, &server, &trust);
            for found in [&first, &second] {
                assert_eq!(found.rejected.keys().copied().collect::<Vec<_>>(), [50, 99]);
                assert_eq!(found.created.len(), 98, "{index:?}");
            }
            let bound = 2 * (7 + 3);
            assert!(first.posts <= bound + 2, "{index:?}: {}", first.posts);
            assert!(second.posts <= bound, "{index:?}: {}", second.posts);
        }
    }

    #[test]
    fn a_server_that_names_one_fault_at_a_time_costs_two_requests_a_bad_row() {
        let server = Refuser { first_only: true, ..refuser(&[7, 41, 77], Index::Position) };
        let found = isolate(100, &server, &Cell::new(true));
        assert_eq!((found.posts, found.rejected.len()), (1 + 2 + 2 + 1, 3));
    }

    fn refusers() -> impl Strategy<Value = (u64, Refuser)> {
        let index = prop::sample::select(vec![
            Index::Position,
            Index::FromOne,
            Index::AmongFailed,
            Index::Zero,
            Index::None,
        ]);
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
            let trust = Cell::new(true);
            let found = isolate(count, &server, &trust);
            let bad: BTreeSet<u64> = server.bad.keys().copied().collect();
            prop_assert_eq!(found.rejected.keys().copied().collect::<BTreeSet<_>>(), bad.clone());
            let good: BTreeSet<u64> = (1..=count).filter(|user| !bad.contains(user)).collect();
            prop_assert_eq!(found.created, good);
            for (user, words) in &found.rejected {
                let own = words.split("; ").all(|word| word == format!("no {user}"));
                prop_assert!(own, "{user}: {words}");
            }
            let (posts, rows) = (found.posts, count as usize);
            let sensible = server.max_bulk >= rows;
            prop_assert!(!sensible || posts <= 2 * rows + log2(count) + 3, "{} of {}", posts, rows);
            prop_assert!(posts <= 3 * rows + 3, "{} of {}", posts, rows);
            let disbelief = 2 * usize::from(!trust.get());
            let told = bad.len() * (log2(count) + 3) + disbelief;
            prop_assert!(!sensible || server.first_only || posts <= told, "{posts} over {told}");
            let untold = 2 * bad.len() * log2(count) + 6 + disbelief;
            prop_assert!(!sensible || posts <= untold.max(told), "{posts} over {untold}");
        }
    }
}
