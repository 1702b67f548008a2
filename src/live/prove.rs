//! One project's listing, read page by page until it is proved complete.
//!
//! A listing counts only if every page was answered, every result could be resolved and belongs to
//! the project asked for, `count` was the same on every page, and as many different records were
//! seen as `count` says. Pages shift while somebody edits; then it is read again.

use crate::{
    api::{ApiError, ListPage, ListedRow, ReadParticipations},
    clock::Clock,
    model::{Listing, Participation, Person, Unreadable, UserlessRow, Workspace, WorkspaceId},
};

/// How often a listing that was not proved is read again.
const READ_AGAIN: u32 = 3;

/// A listing that can be relied on, and the people that came with it.
#[derive(Debug)]
pub struct Proved {
    /// The listing.
    pub listing: Listing,
    /// Side-loaded people.
    pub people: Vec<Person>,
}

/// A listing that cannot be relied on.
#[derive(Debug, thiserror::Error)]
pub enum ProofError {
    /// A page was not answered, or refused.
    #[error("a page of the list could not be read")]
    Api(#[from] ApiError),
    /// The pages contradict each other.
    #[error("the list was never proved complete: {why}")]
    Contradiction {
        /// What did not fit, the last time.
        why: String,
    },
}

impl ProofError {
    /// The error and its cause in one line.
    #[must_use]
    pub fn in_words(&self) -> String {
        match self {
            Self::Api(cause) => format!("{self}: {cause}"),
            Self::Contradiction { .. } => self.to_string(),
        }
    }
}

impl From<ProofError> for Unreadable {
    fn from(error: ProofError) -> Self {
        match error {
            ProofError::Api(error) => Self::PageNotRead { message: error.to_string() },
            ProofError::Contradiction { why } => Self::NeverProved { contradiction: why },
        }
    }
}

#[derive(Default)]
struct Pages {
    count: Option<u64>,
    number: u64,
    members: Vec<Participation>,
    userless: Vec<UserlessRow>,
    people: Vec<Person>,
}

/// Lists one project that is known to be visible.
///
/// # Errors
/// When a page fails for good, or when the list was read four times and never proved complete.
pub async fn list_workspace(
    api: &impl ReadParticipations,
    workspace: &Workspace,
    clock: Clock,
) -> Result<Proved, ProofError> {
    let mut read_again = 0;
    loop {
        match read_pages(api, workspace.id).await {
            Err(ProofError::Contradiction { why }) if read_again < READ_AGAIN => {
                tracing::debug!(workspace = %workspace.id, why, "listing not proved, reading again");
                read_again += 1;
            }
            Err(error) => return Err(error),
            Ok(Pages { mut members, userless, people, number: pages, .. }) => {
                members.sort_by_key(|row| (row.key.user, row.id));
                let listing = Listing {
                    title: workspace.title.clone(),
                    participations: members,
                    userless,
                    listed_at: clock.now(),
                    pages,
                };
                return Ok(Proved { listing, people });
            }
        }
    }
}

async fn read_pages(
    api: &impl ReadParticipations,
    workspace: WorkspaceId,
) -> Result<Pages, ProofError> {
    let mut pages = Pages::default();
    let mut number = 1;
    loop {
        let page = api.list_page(workspace, number).await?;
        let (page_count, here) = (page.page_count, page.rows.len() + page.unresolved);
        if let Some(page_count) = page_count
            && here == 0
            && number < page_count
        {
            let why = format!("page {number} of {page_count} is empty");
            return Err(ProofError::Contradiction { why });
        }
        pages.take(page, workspace).map_err(|why| ProofError::Contradiction { why })?;
        pages.number = number;
        if pages.end_at(number, page_count, here)? {
            break;
        }
        number += 1;
    }
    pages.prove().map_err(|why| ProofError::Contradiction { why })?;
    Ok(pages)
}

impl Pages {
    /// Whether this page is the last. Where the answer does not number its pages, the count ends
    /// them, and so does a page without rows.
    fn end_at(
        &self,
        number: u64,
        page_count: Option<u64>,
        here: usize,
    ) -> Result<bool, ProofError> {
        let count = self.count.unwrap_or(0);
        let Some(page_count) = page_count else {
            let read = self.members.len() + self.userless.len();
            return Ok(here == 0 || read as u64 >= count);
        };
        if number < page_count && page_count > count {
            let why = format!("{page_count} pages for {count} members");
            return Err(ProofError::Contradiction { why });
        }
        Ok(number >= page_count)
    }

    fn take(&mut self, page: ListPage, asked: WorkspaceId) -> Result<(), String> {
        let Some(count) = page.count else {
            return Err("a page has no count, or two different ones".to_owned());
        };
        if let Some(before) = self.count.replace(count)
            && before != count
        {
            return Err(format!("the count went from {before} to {count} between pages"));
        }
        if page.unresolved > 0 {
            return Err(format!("{} results name no usable record", page.unresolved));
        }
        for row in page.rows {
            let workspace = match row {
                ListedRow::Member(row) => {
                    let workspace = row.key.workspace;
                    self.members.push(row);
                    workspace
                }
                ListedRow::Userless { id, workspace } => {
                    self.userless.push(UserlessRow { id });
                    workspace
                }
            };
            if workspace != asked {
                return Err(format!("a record of project {workspace} is in the list of {asked}"));
            }
        }
        self.people.extend(page.people);
        Ok(())
    }

    fn prove(&self) -> Result<(), String> {
        let count = self.count.unwrap_or(0);
        let ids = self.members.iter().map(|row| row.id);
        let mut ids: Vec<_> = ids.chain(self.userless.iter().map(|row| row.id)).collect();
        ids.sort_unstable();
        ids.dedup();
        let rows = self.members.len() + self.userless.len();
        if ids.len() as u64 == count && rows as u64 == count {
            return Ok(());
        }
        Err(format!("{} different records where the count is {count}", ids.len()))
    }
}
