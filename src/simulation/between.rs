//! What happens between the runs of an episode: days pass, the account changes, and somebody looks at
//! what is to come without writing anything.

use std::{collections::BTreeMap, rc::Rc, time::Duration};

use jiff::ToSpan as _;
use tokio::time::sleep;

use super::{
    evidence::{Check, check, pair},
    onlooker::{DiskSession, Met, Onlooker},
    process::settled,
    run_kind::RunKind,
    scene::{REFRESHING, Scene},
    turnover,
    witness::Watch,
    word::Word,
};
use crate::{
    report::RunReport,
    roster::{Day, ParsedRoster, Roster},
    sandbox::RequestKind,
    session::{Approved, Session},
    store::RunFile,
};

impl Scene<'_> {
    /// Hours or days pass, and the account is not what it was.
    pub(super) async fn time_passes(&self) {
        let (hours, days) = turnover::time(&mut self.fate.borrow_mut());
        self.today.set(self.today.get().saturating_add(days.cast_signed().days()));
        if let Some(calling) = &self.scenario.calling {
            let fate = &mut *self.fate.borrow_mut();
            let turn = |world: &mut _| turnover::turn_over(fate, world, calling);
            self.tally.borrow_mut().renamed += self.sandbox.with_world(turn);
        }
        sleep(Duration::from_secs(3_600 * (hours + 24 * days))).await;
    }

    /// A preview of another day, with nothing remembered: it says all that the roster says then, and
    /// writes nothing.
    pub(super) async fn foresee(&self) -> Check {
        let days = self.fate.borrow_mut().i64(-40..400);
        let date = self.today.get().saturating_add(days.days());
        let parsed = self.read(Day { previewed: true, ..Day::of(date) })?;
        let sent = self.sandbox.log().len();
        let (_, roster) = self.previewed(parsed, REFRESHING).await;
        let log = self.sandbox.log().split_off(sent);
        let mut writes = log.iter().filter(|one| {
            matches!(one.kind, RequestKind::Create | RequestKind::Update | RequestKind::Delete)
        });
        check(writes.next().is_none(), || "a preview wrote".to_owned())?;
        self.tally.borrow_mut().foreseen += 1;
        let world = self.sandbox.world();
        let word = Word::of(self.scenario, [&world, &world], &date.to_string());
        let Some(roster) = roster else { return Ok(()) };
        for project in world.workspaces().keys() {
            let entries = roster.desired.entries().iter();
            let wanted = entries.map(|entry| (pair(entry.key), entry.spec.role.word()));
            let wanted: BTreeMap<_, _> = wanted.filter(|(pair, _)| pair.0 == *project).collect();
            word.agrees(*project, &wanted).map_err(|what| format!("as of {date}: {what}"))?;
        }
        Ok(())
    }

    /// A plan as it is kept, where the disk takes it.
    pub(super) async fn plan_file(&self) -> Result<Option<Approved>, String> {
        let parsed = self.read(Day::of(self.today.get()))?;
        let (report, _) = self.previewed(parsed, 0).await;
        let Some(report) = report.filter(|report| report.digest.is_some()) else {
            return Ok(None);
        };
        let kept = self.store.run(&report.run).read(RunFile::Report);
        let Ok(Some(bytes)) = kept else { return Ok(None) };
        Approved::parse(&bytes).map(Some).map_err(|error| error.to_string())
    }

    /// A plan that nobody carries out: what it says, where that is kept, and its rows.
    async fn previewed(
        &self,
        parsed: ParsedRoster,
        mark: u32,
    ) -> (Option<RunReport>, Option<Rc<Roster>>) {
        let audience = Onlooker::new(None);
        let session = Session::begin(self.beside(mark), &audience);
        let watch = Watch::new(self.disk.clone(), session.run.clone(), 0);
        let client = self.client(&watch, self.runs.get());
        let steps = async |session: &DiskSession<'_>| -> Result<RunReport, Met> {
            let roster = settled(session, parsed, &RunKind::Apply);
            Ok(session.plan(&client, RunKind::Apply.order(&roster)).await?.report)
        };
        let ending = session.whole(steps).await;
        let is_kept = ending.kept.is_ok();
        (Some(ending.report).filter(|_| is_kept), session.rows())
    }
}
