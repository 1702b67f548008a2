//! Reading back what a create did when its answer does not say.
//!
//! Present in a proved listing is there. Absent is believed only after a second look, a pause
//! later: lists may lag behind writes. Twice is reported, never repaired by guess.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};

use super::{Run, stopping::Patience};
use crate::{
    api::{Urgency, WriteParticipations},
    journal::{Entry, PresentRow, UnknownRow},
    live::{ProofError, Proved, list_workspace},
    model::{
        Membership, MembershipKey, Participation, ParticipationId, Seen::Visible, Workspace,
        WorkspaceId,
    },
};

/// How often a project that could not be read back is tried once more.
const LOOK_AGAIN: u32 = 3;

/// What reading back showed of one membership.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum SettledRow {
    /// It is there.
    Present(Box<Participation>),
    /// It is there more than once.
    Twice(Vec<ParticipationId>),
    /// Two looks did not find it.
    Absent,
    /// Its project could not be read.
    Unknown(String),
}

/// A create request under way.
#[derive(Clone, Copy)]
pub(super) struct Post<'a> {
    /// Its number in the journal.
    pub seq: u64,
    /// When it was noted, by the server's clock.
    pub intended_at: Option<Timestamp>,
    /// For reading back what it did.
    pub urgency: Urgency<'a>,
}

pub(super) type Settled = BTreeMap<MembershipKey, SettledRow>;

impl<A: WriteParticipations> Run<'_, A> {
    /// Reads back the projects of these rows, twice where something is missing, and journals what
    /// was seen.
    pub(super) async fn settle(&self, post: Post<'_>, rows: &[Membership]) -> Settled {
        let keys: BTreeSet<MembershipKey> = rows.iter().map(|row| row.key).collect();
        let patience = self.patience(post.urgency);
        let mut settled = self.look(&keys, &patience).await;
        let missing = with(&settled, |seen| *seen == SettledRow::Absent);
        if !missing.is_empty() {
            self.tools.api.settle_pause().await;
            settled.extend(self.look(&missing, &patience).await);
        }
        self.look_again(&mut settled, &patience).await;
        self.record(&settled_entry(post, &settled));
        settled
    }

    /// Other creates of this very run shift the pages of large projects while they are read; they
    /// come to an end, so what could not be read back is tried again.
    async fn look_again(&self, settled: &mut Settled, patience: &Patience<'_>) {
        for _ in 0..LOOK_AGAIN {
            let unread = with(settled, |seen| matches!(seen, SettledRow::Unknown(_)));
            if unread.is_empty() || patience.is_over() || !self.can_go_on() {
                return;
            }
            self.tools.api.settle_pause().await;
            settled.extend(self.look(&unread, patience).await);
        }
    }

    /// One look.
    async fn look(&self, keys: &BTreeSet<MembershipKey>, patience: &Patience<'_>) -> Settled {
        let projects: BTreeSet<WorkspaceId> = keys.iter().map(|key| key.workspace).collect();
        let listings = projects.into_iter().map(async |id| {
            let title = self.plan.workspaces.get(&id).map(|workspace| workspace.title.clone());
            let title = title.unwrap_or_default();
            let permissions = crate::model::Seen::Hidden;
            let project = Workspace { id, title, archived: false, permissions };
            let listing = list_workspace(self.tools.api, &project, self.tools.clock);
            let listed = patience.read(listing).await;
            if let Err(ProofError::Api(error)) = &listed {
                self.note(error);
            }
            (id, listed)
        });
        let listings = stream::iter(listings).buffer_unordered(self.tools.max_in_flight);
        let looked = async |mut settled: Settled, (id, listed)| {
            let of_project = keys.iter().filter(|key| key.workspace == id);
            let deleted = self.deleted.borrow();
            settled.extend(of_project.map(|key| (*key, seen(&listed, *key, &deleted))));
            drop(deleted);
            settled
        };
        listings.fold(Settled::new(), looked).await
    }
}

/// The keys that were seen so.
fn with(settled: &Settled, is_so: impl Fn(&SettledRow) -> bool) -> BTreeSet<MembershipKey> {
    settled.iter().filter(|(_, seen)| is_so(seen)).map(|(key, _)| *key).collect()
}

fn seen(
    listed: &Result<Proved, ProofError>,
    key: MembershipKey,
    deleted: &BTreeMap<ParticipationId, u64>,
) -> SettledRow {
    match listed {
        Err(error) => SettledRow::Unknown(error.in_words()),
        Ok(Proved { listing, .. }) => {
            let rows = listing.of(key.user).iter().filter(|row| !deleted.contains_key(&row.id));
            match rows.collect::<Vec<_>>().as_slice() {
                [] => SettledRow::Absent,
                [row] => SettledRow::Present(Box::new((*row).clone())),
                rows => SettledRow::Twice(rows.iter().map(|row| row.id).collect()),
            }
        }
    }
}

/// Whether a record is not older than this time, both by the server's clock and to the second.
pub(super) fn is_since(row: &Participation, time: Option<Timestamp>) -> bool {
    let since = |(created, time): (Timestamp, Timestamp)| {
        created.duration_since(time) >= SignedDuration::from_secs(-1)
    };
    row.created_at.zip(time).is_some_and(since)
}

/// Whether a record that was read back is proved to be this tool's work of now: it carries the tag,
/// and is not older than the request. Without the tag it may be somebody else's.
fn is_made(row: &Participation, intended_at: Option<Timestamp>) -> bool {
    row.fields.tagged == Visible(true) && is_since(row, intended_at)
}

fn settled_entry(Post { seq, intended_at, .. }: Post<'_>, settled: &Settled) -> Entry {
    let (mut present, mut absent, mut why) = (Vec::new(), Vec::new(), Vec::new());
    for (key, seen) in settled {
        match seen {
            SettledRow::Present(row) => {
                present.push(PresentRow::from(row.as_ref()).made(is_made(row, intended_at)));
            }
            SettledRow::Absent => absent.push(*key),
            SettledRow::Twice(ids) => {
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                let words =
                    format!("on the project more than once: participations {}", ids.join(" "));
                why.push(UnknownRow { key: *key, why: words });
            }
            SettledRow::Unknown(words) => {
                why.push(UnknownRow { key: *key, why: format!("reading back failed: {words}") });
            }
        }
    }
    let unknown = why.iter().map(|row| row.key).collect();
    Entry::Settled { seq, present, absent, unknown, why }
}
