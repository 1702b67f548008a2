//! Applies in process against the sandbox under a paused clock: isolation, pace, request counts.

use std::{cell::RefCell, path::Path, rc::Rc, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use kantata_sync::{
    api::{Client, Endpoint, HttpSettings, ServiceTransport, Transport, TransportError},
    apply::Applied,
    clock::Clock,
    guard::Limits,
    journal::{Entry, JournalError, Record, Request as Intended, RequestResult},
    model::{Field, Outcome, RosterColumn},
    plan::Policy,
    roster::{ReaderSettings, parse_roster},
    run::{Ended, Stop, StopCause},
    sandbox::{
        Bulk, Duplicates, ErrorIndex, Fault, Participation, Reply, RequestKind, Sandbox,
        SandboxSettings, Side, User, Workspace, World,
    },
    session::{self, Job, Preview, Purpose, RunContext},
    verdict::{Decided, Fate, Why},
};
use tokio::time::Instant;

struct NoJournal;

impl Record for NoJournal {
    fn record(&self, _: &Entry) -> Result<(), JournalError> {
        Ok(())
    }
}

/// `projects` projects without members, and people 1 to `people`; those in `disabled` are.
fn world(projects: u64, people: u64, disabled: &[u64]) -> World {
    let mut world = World::new();
    world.token_user = 1;
    for id in 1..=people {
        world.put_user(User {
            id,
            name: format!("Person {id}"),
            email: format!("p{id}@firm.example"),
            disabled: disabled.contains(&id),
            on_account: true,
            account_admin: false,
        });
    }
    let at = Timestamp::UNIX_EPOCH;
    for id in 1..=projects {
        let title = format!("Project {id}");
        world.put_workspace(Workspace {
            id,
            title,
            archived: false,
            created_at: at,
            updated_at: at,
        });
    }
    world
}

/// Everybody from 2 on, on every project.
fn everybody(projects: u64, people: u64) -> String {
    let mut text = "workspace_id,user_id,role,can_invite\n".to_owned();
    for project in 1..=projects {
        for person in 2..=people {
            text.push_str(&format!("{project},{person},maven,true\n"));
        }
    }
    text
}

struct Done {
    preview: Preview,
    applied: Applied,
    throttled: u64,
}

async fn apply(sandbox: &Sandbox, roster: &str, http: HttpSettings) -> Done {
    apply_with(sandbox, roster, http, (&NoJournal, &Stop::default())).await
}

/// The limits of a careful operator.
const LIMITS: Limits = Limits {
    max_deletes: 50,
    max_delete_percent: 10,
    max_project_delete_percent: 50,
    delete_floor: 5,
};

async fn apply_with(
    sandbox: &Sandbox,
    roster: &str,
    http: HttpSettings,
    context: (&dyn Record, &Stop),
) -> Done {
    let transport = ServiceTransport::new(sandbox.router().into_service());
    let order = (roster, &Policy::default(), LIMITS);
    apply_through(transport, sandbox, order, http, context).await
}

async fn apply_through(
    transport: impl Transport,
    sandbox: &Sandbox,
    (roster, policy, limits): (&str, &Policy, Limits),
    http: HttpSettings,
    (journal, stop): (&dyn Record, &Stop),
) -> Done {
    let path = Path::new("roster.csv");
    let roster = parse_roster(roster.into(), path, &ReaderSettings::default()).expect("a roster");
    let job = Job {
        purpose: Purpose::Roster(Rc::new(roster)),
        named_workspaces: &[],
        policy,
        limits: &limits,
        requests_per_second: http.requests_per_second,
        max_in_flight: http.max_in_flight,
        tries: http.tries,
        recheck_after: Duration::from_secs(300),
        approval: None,
        called: &std::collections::BTreeMap::new(),
        part: &kantata_sync::session::Part::default(),
    };
    let clock = Clock::starting_at(Timestamp::UNIX_EPOCH);
    let token = sandbox.settings().token.into();
    let client = Client::new(
        transport,
        Endpoint { base_url: "http://sandbox.invalid/api/v1", token },
        http,
        clock,
        1,
    );
    let context = RunContext { clock, stop, listener: &|_| {} };
    let preview = session::preview(&client, &job, context).await.expect("a plan");
    let applied = session::apply(&client, &preview, journal, &job, context).await;
    Done { preview, applied, throttled: client.traffic().throttled }
}

fn posts(sandbox: &Sandbox) -> usize {
    sandbox.log().iter().filter(|entry| entry.kind == RequestKind::Create).count()
}

fn count(applied: &Applied, outcome: Outcome) -> usize {
    fates(applied).iter().filter(|fate| fate.outcome == outcome).count()
}

fn fates(applied: &Applied) -> Vec<&Fate> {
    applied.decided.iter().map(|one| &one.fate).collect()
}

#[tokio::test(start_paused = true)]
async fn five_bad_rows_of_a_hundred_are_rejected_and_the_rest_is_applied() {
    let bad = [7, 8, 41, 77, 101];
    for bulk in [Bulk::Atomic, Bulk::Partial] {
        for error_index in ErrorIndex::ALL {
            for duplicates in [Duplicates::Refused, Duplicates::Ignored, Duplicates::Doubled] {
                let settings =
                    SandboxSettings { bulk, error_index, duplicates, ..SandboxSettings::default() };
                let sandbox = Sandbox::new(world(1, 101, &bad), settings);
                let done = apply(&sandbox, &everybody(1, 101), HttpSettings::default()).await;
                let case = format!("{bulk:?}, index {error_index:?}, {duplicates:?}");
                assert_eq!(count(&done.applied, Outcome::Applied), 95, "{case}");
                assert_eq!(count(&done.applied, Outcome::Rejected), 5, "{case}");
                assert_eq!(sandbox.world().participations().len(), 95, "{case}");
                for fate in fates(&done.applied) {
                    let told = matches!(&fate.why, Why::Refused { message } if message.contains("User is deactivated"));
                    assert_eq!(told, fate.outcome == Outcome::Rejected, "{case}: {fate:?}");
                }
                let posts = posts(&sandbox);
                let bound = match (bulk, error_index) {
                    (Bulk::Atomic, ErrorIndex::Position) => 5 + 2,
                    (Bulk::Partial, _) => 5 + 1,
                    _ => 5 * (7 + 3),
                };
                assert!(posts <= bound, "{case}: {posts}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn good_rows_are_not_rejected_for_an_index_that_is_no_position() {
    // 220 good rows in three batches, and bad ones in the middle of each.
    let bad = [30, 70, 71, 111, 160, 199, 214];
    for error_index in
        [ErrorIndex::AmongFailed, ErrorIndex::Zero, ErrorIndex::Neighbours, ErrorIndex::Every]
    {
        for first_error_only in [false, true] {
            let settings =
                SandboxSettings { error_index, first_error_only, ..SandboxSettings::default() };
            let sandbox = Sandbox::new(world(1, 228, &bad), settings);
            let done = apply(&sandbox, &everybody(1, 228), HttpSettings::default()).await;
            let case = format!("{error_index:?}, first only {first_error_only}");
            assert_eq!(count(&done.applied, Outcome::Applied), 220, "{case}");
            assert_eq!(count(&done.applied, Outcome::Rejected), 7, "{case}");
            for Decided { action, fate } in &done.applied.decided {
                let is_bad = bad.contains(&action.key.user.number());
                assert_eq!(fate.outcome == Outcome::Rejected, is_bad, "{case}: {action:?}");
            }
            assert!(posts(&sandbox) <= 7 * (7 + 3) + 2, "{case}: {}", posts(&sandbox));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_concerns_no_row_rejects_none() {
    for max_bulk in [1, 30, 50, 99] {
        let sandbox = Sandbox::new(
            world(1, 101, &[]),
            SandboxSettings { max_bulk, ..SandboxSettings::default() },
        );
        let done = apply(&sandbox, &everybody(1, 101), HttpSettings::default()).await;
        assert_eq!(count(&done.applied, Outcome::Applied), 100, "at most {max_bulk}");
        assert!(posts(&sandbox) <= 3 * 100, "at most {max_bulk}: {}", posts(&sandbox));
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_nothing_but_bad_rows_stays_within_its_bound() {
    let bad: Vec<u64> = (2..=101).collect();
    for error_index in ErrorIndex::ALL {
        for first_error_only in [false, true] {
            let settings =
                SandboxSettings { error_index, first_error_only, ..SandboxSettings::default() };
            let sandbox = Sandbox::new(world(1, 101, &bad), settings);
            let done = apply(&sandbox, &everybody(1, 101), HttpSettings::default()).await;
            assert_eq!(count(&done.applied, Outcome::Rejected), 100);
            assert!(posts(&sandbox) <= 3 * 100, "{error_index:?}: {}", posts(&sandbox));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_create_whose_answer_is_lost_is_settled_whatever_the_server_does_with_duplicates() {
    for duplicates in [Duplicates::Refused, Duplicates::Ignored, Duplicates::Doubled] {
        for fault in [Fault::CutAfter, Fault::CutBefore, Fault::TimeoutAfter, Fault::HtmlAfter] {
            for lag in [0, 1500] {
                let read_after_write_lag = Duration::from_millis(lag);
                let settings = SandboxSettings {
                    duplicates,
                    read_after_write_lag,
                    ..SandboxSettings::default()
                };
                let sandbox = Sandbox::new(world(2, 60, &[]), settings);
                sandbox.fail_next(RequestKind::Create, fault);
                let done = apply(&sandbox, &everybody(2, 60), HttpSettings::default()).await;
                let case = format!("{duplicates:?} {fault:?} lag {lag}");
                assert_eq!(count(&done.applied, Outcome::Applied), 118, "{case}");
                assert_eq!(sandbox.world().participations().len(), 118, "{case}");
            }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn asked_for_far_too_much_the_pace_finds_the_servers_limit() {
    let settings = SandboxSettings {
        requests_per_second: Some(15.0),
        rate_burst: 15,
        latency: Duration::from_millis(100),
        ..SandboxSettings::default()
    };
    let sandbox = Sandbox::new(world(400, 3, &[]), settings);
    let http =
        HttpSettings { requests_per_second: 200.0, max_in_flight: 16, ..HttpSettings::default() };
    let done = apply(&sandbox, &everybody(400, 3), http).await;
    assert_eq!(count(&done.applied, Outcome::Applied), 800);
    let log = sandbox.log();
    let refused = log.iter().filter(|entry| entry.answered == Reply::Status(429)).count();
    assert_eq!(refused as u64, done.throttled);
    assert!(refused > 0, "the limit was never met");
    assert!(refused * 10 < log.len(), "{refused} of {} answers are 429", log.len());
}

#[tokio::test(start_paused = true)]
async fn a_run_sends_no_request_more_than_it_needs() {
    let sandbox = Sandbox::new(world(250, 4, &[]), SandboxSettings::default());
    let roster = everybody(250, 4);
    apply(&sandbox, &roster, HttpSettings::default()).await;
    sandbox.clear_log();
    let done = apply(&sandbox, &roster, HttpSettings::default()).await;
    assert!(done.preview.reviewed.approved.plan().is_in_sync());
    // 1 for the token's user, one for each 100 projects, one page a project.
    assert_eq!(sandbox.log().len(), 1 + 3 + 250);
}

/// Fails from its entry number `after` on, as a full disk does.
struct FullDisk {
    after: usize,
    kept: std::cell::Cell<usize>,
}

impl Record for FullDisk {
    fn record(&self, _: &Entry) -> Result<(), JournalError> {
        self.kept.set(self.kept.get() + 1);
        if self.kept.get() <= self.after {
            return Ok(());
        }
        let source = std::io::Error::from(std::io::ErrorKind::StorageFull);
        Err(JournalError { place: "journal.jsonl".to_owned(), source })
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_disk_stops_the_run_before_the_next_write() {
    for after in 0..12 {
        let sandbox = Sandbox::new(world(8, 101, &[]), SandboxSettings::default());
        let journal = FullDisk { after, kept: std::cell::Cell::new(0) };
        let http = HttpSettings { max_in_flight: 1, ..HttpSettings::default() };
        let context = (&journal as &dyn Record, &Stop::default());
        let done = apply_with(&sandbox, &everybody(8, 101), http, context).await;
        // An intent and an outcome for each request; the request whose intent failed never left.
        assert_eq!(posts(&sandbox), after.div_ceil(2), "after {after} entries");
        assert!(matches!(done.applied.ended, Ended::Fatal { .. }), "{:?}", done.applied.ended);
        let unreached = count(&done.applied, Outcome::NotReached);
        assert_eq!(unreached, 800 - 100 * posts(&sandbox));
    }
}

/// A cell of this column that the roster's reader takes; none of them is what a new record has.
fn cell(column: Field) -> &'static str {
    let takes = |cell: &&str| {
        let roster = format!("workspace_id,user_id,role,{column}\n1,2,maven,{cell}\n");
        let read = parse_roster(roster.into(), Path::new("a"), &ReaderSettings::default());
        read.is_ok_and(|roster| roster.problems.is_empty())
    };
    ["true", "admin", "7"].into_iter().find(takes).expect("a cell of each column")
}

#[tokio::test(start_paused = true)]
async fn every_field_of_a_roster_is_written_and_read_back() {
    let columns = Field::ALL.into_iter().filter(|field| field.column() != RosterColumn::Never);
    for (field, is_there) in columns.flat_map(|field| [(field, false), (field, true)]) {
        let mut world = world(1, 2, &[]);
        if is_there {
            world.insert(Participation::new(1, Some(2), Side::Maven));
        }
        let sandbox = Sandbox::new(world, SandboxSettings::default());
        let roster = format!("workspace_id,user_id,role,{field}\n1,2,maven,{}\n", cell(field));
        let done = apply(&sandbox, &roster, HttpSettings::default()).await;
        let applied = count(&done.applied, Outcome::Applied);
        assert!(applied > 0 && applied == done.applied.decided.len(), "{field}, {is_there}");
        let again = apply(&sandbox, &roster, HttpSettings::default()).await;
        let plan = again.preview.reviewed.approved.plan();
        assert!(plan.actions.is_empty() && plan.held.is_empty(), "{field}: {plan:?}");
    }
}

/// Person 2, an Account Administrator, and person 3 are wanted with the lowest level on three
/// projects; on the first two they are already, as administrators.
fn administrators() -> (Sandbox, &'static str) {
    let seed = "workspace_id,project,user_id,token,account_admin,role,access_level\n\
                3,C,1,true,,maven,admin\n1,A,2,,true,maven,admin\n2,B,2,,,maven,admin\n\
                1,A,3,,,maven,admin\n2,B,3,,,maven,admin\n";
    let roster = "workspace_id,user_id,role,access_level\n3,1,maven,admin\n\
                  1,2,maven,view_tasks\n2,2,maven,view_tasks\n3,2,maven,view_tasks\n\
                  1,3,maven,view_tasks\n2,3,maven,view_tasks\n3,3,maven,view_tasks\n";
    let world = World::from_csv(seed).expect("a good seed");
    (Sandbox::new(world, SandboxSettings::default()), roster)
}

fn asked_about_the_account(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.log().into_iter();
    let asked = log.filter(|entry| entry.kind == RequestKind::AccountMemberships);
    asked.map(|entry| entry.path).collect()
}

#[tokio::test(start_paused = true)]
async fn an_account_administrator_is_asked_about_once_and_explains_what_never_sticks() {
    let (sandbox, roster) = administrators();
    let done = apply(&sandbox, roster, HttpSettings::default()).await;
    assert_eq!(count(&done.applied, Outcome::Applied), 3);
    assert_eq!(count(&done.applied, Outcome::NotStuck), 3);
    for fate in fates(&done.applied) {
        let is_ineffective = fate.outcome == Outcome::NotStuck;
        assert_eq!(fate.account_admin, is_ineffective, "{fate:?}");
        // The create too: it counts as a change without effect.
        assert_eq!(fate.unchanged.len(), usize::from(is_ineffective), "{fate:?}");
    }
    let asked = asked_about_the_account(&sandbox);
    assert_eq!(asked.len(), 1, "{asked:?}");
    assert!(asked[0].contains("by_user_id=2"), "{asked:?}");
}

#[tokio::test(start_paused = true)]
async fn without_an_explanation_everything_ends_as_with_one() {
    for fault in [Fault::ErrorBefore, Fault::TimeoutAfter, Fault::HtmlBefore, Fault::Redirect] {
        let (sandbox, roster) = administrators();
        // After a first failure, person 3 is not asked about any more.
        let third = sandbox.world().users()[&3].clone();
        sandbox.with_world(|world| world.put_user(User { account_admin: true, ..third }));
        sandbox.fail_next(RequestKind::AccountMemberships, fault);
        let http = HttpSettings { breaker_failures: 1, ..HttpSettings::default() };
        let done = apply(&sandbox, roster, http).await;
        assert_eq!(done.applied.ended, Ended::Complete, "{fault:?}");
        assert_eq!(count(&done.applied, Outcome::NotStuck), 6, "{fault:?}");
        assert!(fates(&done.applied).iter().all(|fate| !fate.account_admin), "{fault:?}");
        assert_eq!(asked_about_the_account(&sandbox).len(), 1, "{fault:?}");
    }
}

/// Asks the run to end as soon as anything is answered.
struct EndsAfterAnAnswer<'a>(&'a Stop);

impl Record for EndsAfterAnAnswer<'_> {
    fn record(&self, entry: &Entry) -> Result<(), JournalError> {
        if matches!(entry, Entry::Outcome { .. }) {
            self.0.set(StopCause::Interrupt);
        }
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_run_that_is_to_end_asks_for_no_explanation() {
    let (sandbox, roster) = administrators();
    let stop = Stop::default();
    let context = (&EndsAfterAnAnswer(&stop) as &dyn Record, &stop);
    let done = apply_with(&sandbox, roster, HttpSettings::default(), context).await;
    assert_eq!(count(&done.applied, Outcome::NotStuck), 1, "the create of person 2");
    assert_eq!(asked_about_the_account(&sandbox), [""; 0]);
}

/// What a scripted network makes of a request.
enum Network {
    /// It goes through.
    Through,
    /// It goes through, and the answer is lost.
    Lost,
    /// It is answered 429, with the request to wait for five minutes.
    Throttled,
}

/// A network that does as it is told, asks the run to end where it is told to, and notes what left.
struct Scripted<'a, T, F> {
    inner: T,
    script: F,
    stop: &'a Stop,
    /// Since the run was asked to end.
    since: Rc<RefCell<Option<Instant>>>,
    /// What left after that.
    after: Rc<RefCell<Vec<(Method, String)>>>,
}

impl<T: Transport, F: Fn(&Request<Bytes>) -> (Network, bool)> Transport for Scripted<'_, T, F> {
    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        if self.since.borrow().is_some() {
            let sent = (request.method().clone(), request.uri().path().to_owned());
            self.after.borrow_mut().push(sent);
        }
        let (network, stops) = (self.script)(&request);
        let answer = match network {
            Network::Through => self.inner.exchange(request).await,
            Network::Lost => {
                self.inner.exchange(request).await?;
                Err(TransportError { sent: true, why: "reset".to_owned() })
            }
            Network::Throttled => {
                let answer = Response::builder().status(429).header("retry-after", "300");
                Ok(answer.body(Bytes::new()).expect("valid"))
            }
        };
        if stops && self.since.borrow().is_none() {
            *self.since.borrow_mut() = Some(Instant::now());
            self.stop.set(StopCause::Terminate);
        }
        answer
    }
}

/// The journal in memory.
#[derive(Default)]
struct Kept(RefCell<Vec<Entry>>);

impl Record for Kept {
    fn record(&self, entry: &Entry) -> Result<(), JournalError> {
        self.0.borrow_mut().push(entry.clone());
        Ok(())
    }
}

struct Stopped {
    done: Done,
    journal: Vec<Entry>,
    /// How long the run went on.
    went_on: Duration,
    /// The writes that left after it was asked to end.
    wrote: Vec<(Method, String)>,
}

/// An apply over a network that follows this script: what becomes of a request, and whether the run
/// is asked to end then.
async fn stopped(
    sandbox: &Sandbox,
    roster: &str,
    script: impl Fn(&Request<Bytes>) -> (Network, bool),
) -> Stopped {
    let (stop, journal) = (Stop::default(), Kept::default());
    let (since, after) = (Rc::default(), Rc::<RefCell<Vec<_>>>::default());
    let inner = ServiceTransport::new(sandbox.router().into_service());
    let (noted, sent) = (Rc::clone(&since), Rc::clone(&after));
    let network = Scripted { inner, script, stop: &stop, since: noted, after: sent };
    let policy = Policy { allow_replace: true, ..Policy::default() };
    let context = (&journal as &dyn Record, &stop);
    let http = HttpSettings::default();
    let done = apply_through(network, sandbox, (roster, &policy, LIMITS), http, context).await;
    let since: Instant = since.borrow().expect("the run was asked to end");
    let wrote = after.take().into_iter().filter(|(method, _)| method != Method::GET).collect();
    Stopped { done, journal: journal.0.take(), went_on: since.elapsed(), wrote }
}

/// Every intent has an outcome that says that nothing was done.
fn nothing_was_done(journal: &[Entry]) -> bool {
    let intents = journal.iter().filter(|entry| matches!(entry, Entry::Intent { .. })).count();
    let undone = |entry: &&Entry| {
        matches!(entry, Entry::Outcome { result: RequestResult::NotDone { .. }, .. })
    };
    intents > 0 && journal.iter().filter(undone).count() == intents
}

fn is_write(request: &Request<Bytes>) -> bool {
    request.method() != Method::GET
}

#[tokio::test(start_paused = true)]
async fn at_a_stop_what_was_answered_429_is_dropped_at_once() {
    // Creates; an update; a delete.
    let worlds = [
        (world(3, 101, &[]), everybody(3, 101)),
        (on_one_project("maven", 5), roster_of_one_project("maven,false", 5)),
        (on_one_project("maven", 10), roster_of_one_project("maven,", 9)),
    ];
    for (world, roster) in worlds {
        let sandbox = Sandbox::new(world, SandboxSettings::default());
        let throttled = |request: &Request<Bytes>| match is_write(request) {
            true => (Network::Throttled, true),
            false => (Network::Through, false),
        };
        let Stopped { done, journal, went_on, wrote } = stopped(&sandbox, &roster, throttled).await;
        assert_eq!((went_on, wrote), (Duration::ZERO, vec![]), "{roster}");
        let actions = done.applied.decided.len();
        assert!(actions > 0);
        assert_eq!(
            count(&done.applied, Outcome::NotReached),
            actions,
            "{:?}",
            fates(&done.applied)
        );
        assert!(nothing_was_done(&journal), "{journal:?}");
        assert!(
            !matches!(done.applied.ended, Ended::BreakerOpen { .. }),
            "{:?}",
            done.applied.ended
        );
    }
}

/// People 1 (the token's user) to `people` on project 1, on this side, who may invite.
fn on_one_project(side: &str, people: u64) -> World {
    let mut seed = "workspace_id,project,user_id,token,role,can_invite\n".to_owned();
    for person in 1..=people {
        let token = if person == 1 { "true" } else { "" };
        let side = if person == 1 { "maven" } else { side };
        seed.push_str(&format!("1,One,{person},{token},{side},true\n"));
    }
    World::from_csv(&seed).expect("a good seed")
}

/// The same people with this side and right.
fn roster_of_one_project(rest: &str, people: u64) -> String {
    let mut text = "workspace_id,user_id,role,can_invite\n1,1,maven,\n".to_owned();
    for person in 2..=people {
        text.push_str(&format!("1,{person},{rest}\n"));
    }
    text
}

#[tokio::test(start_paused = true)]
async fn the_second_half_of_a_replacement_is_sent_after_a_stop_through_any_hold() {
    let sandbox = Sandbox::new(on_one_project("buyer", 3), SandboxSettings::default());
    let roster = roster_of_one_project("maven,false", 3);
    let throttled = std::cell::Cell::new(3);
    let script = |request: &Request<Bytes>| {
        if request.method() == Method::POST && throttled.get() > 0 {
            throttled.set(throttled.get() - 1);
            return (Network::Throttled, false);
        }
        (Network::Through, request.method() == Method::DELETE)
    };
    let Stopped { done, went_on, wrote, .. } = stopped(&sandbox, &roster, script).await;
    // What was under way is finished, and nothing else is begun.
    let applied = count(&done.applied, Outcome::Applied);
    assert!(applied > 0, "{:?}", fates(&done.applied));
    assert_eq!(applied + count(&done.applied, Outcome::NotReached), 2);
    let world = sandbox.world();
    assert_eq!((world.of(1, 2).len(), world.of(1, 3).len()), (1, 1), "nobody is lost");
    assert!(wrote.iter().all(|(method, _)| method != Method::PUT), "{wrote:?}");
    assert!(went_on >= Duration::from_secs(600), "held twice at least: {went_on:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_stop_reading_back_ends_although_the_server_answers_429_for_ever() {
    let sandbox = Sandbox::new(world(250, 2, &[]), SandboxSettings::default());
    let ended = std::cell::Cell::new(false);
    // The first batch goes alone or not: every create that leaves is committed, its answer lost.
    let script = |request: &Request<Bytes>| match request.method() {
        &Method::POST => {
            ended.set(true);
            (Network::Lost, true)
        }
        _ if ended.get() => (Network::Throttled, false),
        _ => (Network::Through, false),
    };
    let Stopped { done, journal, went_on, wrote } =
        stopped(&sandbox, &everybody(250, 2), script).await;
    assert_eq!(wrote, [], "creates that waited are not sent");
    let made = sandbox.world().participations().len();
    assert!(made > 0);
    assert_eq!(count(&done.applied, Outcome::InDoubt), made);
    assert_eq!(count(&done.applied, Outcome::NotReached), 250 - made);
    assert_eq!(went_on, Duration::from_secs(120));
    let unknown = journal
        .iter()
        .any(|entry| matches!(entry, Entry::Settled { unknown, .. } if unknown.len() == made));
    assert!(unknown, "the journal has them in doubt: {journal:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_stop_a_lost_update_or_delete_is_read_back_and_not_sent_again() {
    for roster in [roster_of_one_project("maven,false", 5), roster_of_one_project("maven,", 4)] {
        let sandbox = Sandbox::new(on_one_project("maven", 5), SandboxSettings::default());
        let script = |request: &Request<Bytes>| match is_write(request) {
            true => (Network::Lost, true),
            false => (Network::Through, false),
        };
        let Stopped { done, wrote, .. } = stopped(&sandbox, &roster, script).await;
        assert_eq!(wrote, []);
        let fates = fates(&done.applied);
        let sent: Vec<_> =
            fates.iter().filter(|fate| fate.outcome != Outcome::NotReached).collect();
        assert!(!sent.is_empty());
        for fate in sent {
            assert_eq!(fate.outcome, Outcome::Applied, "{fate:?}");
            let read_back = matches!(fate.why, Why::SeenOnReadingBack | Why::GoneOnReadingBack);
            assert!(read_back, "{fate:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn after_a_stop_a_replacement_whose_delete_is_in_doubt_is_found_out_and_finished() {
    let sandbox = Sandbox::new(on_one_project("buyer", 2), SandboxSettings::default());
    let script = |request: &Request<Bytes>| match request.method() == Method::DELETE {
        true => (Network::Lost, true),
        false => (Network::Through, false),
    };
    let roster = roster_of_one_project("maven,", 2);
    let Stopped { done, wrote, .. } = stopped(&sandbox, &roster, script).await;
    assert_eq!(count(&done.applied, Outcome::Applied), 1, "{:?}", fates(&done.applied));
    assert_eq!(sandbox.world().of(1, 2).len(), 1);
    assert_eq!(wrote.len(), 1, "the create: {wrote:?}");
}
/// People 2 to 21 change to the provider's side, which only members of the account may be on, and
/// who is on none of them; 30 is to go from every project, 31 stays. So many change on a project.
fn changes_of_side(a_project: u64) -> (Sandbox, String) {
    let projects = 20 / a_project;
    let mut world = world(projects + 1, 31, &[]);
    let mut roster = "workspace_id,user_id,role\n".to_owned();
    let join = |world: &mut World, project, person, side| {
        world.insert(Participation::new(project, Some(person), side))
    };
    for project in 1..=projects + 1 {
        join(&mut world, project, 30, Side::Maven);
        join(&mut world, project, 31, Side::Maven);
        roster.push_str(&format!("{project},31,maven\n"));
    }
    for person in 2..=21 {
        let outsider = User { on_account: false, ..world.users()[&person].clone() };
        world.put_user(outsider);
        let project = 1 + (person - 2) / a_project;
        join(&mut world, project, person, Side::Buyer);
        roster.push_str(&format!("{project},{person},maven\n"));
    }
    let settings =
        SandboxSettings { providers_must_be_members: true, ..SandboxSettings::default() };
    (Sandbox::new(world, settings), roster)
}

async fn apply_replacing(sandbox: &Sandbox, roster: &str, journal: &dyn Record) -> Done {
    let policy = Policy { allow_replace: true, ..Policy::default() };
    let limits = Limits {
        max_deletes: 100,
        max_delete_percent: 100,
        max_project_delete_percent: 100,
        delete_floor: 5,
    };
    let http = HttpSettings { max_in_flight: 8, ..HttpSettings::default() };
    let transport = ServiceTransport::new(sandbox.router().into_service());
    let (stop, order) = (Stop::default(), (roster, &policy, limits));
    apply_through(transport, sandbox, order, http, (journal, &stop)).await
}

fn deletes(sandbox: &Sandbox) -> Vec<(u64, u64)> {
    let log = sandbox.log().into_iter().filter(|entry| entry.kind == RequestKind::Delete);
    let targets = log.flat_map(|entry| entry.targets);
    targets.filter_map(|target| Some((target.workspace, target.user?))).collect()
}

#[tokio::test(start_paused = true)]
async fn of_twenty_replacements_whose_creates_are_refused_one_person_is_lost() {
    for a_project in [1, 5, 20] {
        let (sandbox, roster) = changes_of_side(a_project);
        let done = apply_replacing(&sandbox, &roster, &NoJournal).await;
        let case = format!("{a_project} a project");
        let fates = fates(&done.applied);
        assert_eq!(count(&done.applied, Outcome::Lost), 1, "{case}: {fates:?}");
        // In the last project nobody changes sides: only there a delete may follow.
        assert_eq!(deletes(&sandbox), [(1, 2), (20 / a_project + 1, 30)], "{case}");
        assert_eq!(posts(&sandbox), 1, "{case}");
        let frozen = count(&done.applied, Outcome::Frozen) as u64;
        assert_eq!(frozen, (a_project - 1) + 20 / a_project, "{case}: {fates:?}");
        let unreached = fates.iter().filter(|fate| fate.outcome == Outcome::NotReached);
        let is_told = |fate: &Fate| {
            let Why::AfterLostReplacement { user, workspace, outcome } = fate.why else {
                return false;
            };
            (user.number(), workspace.number(), outcome) == (2, 1, Outcome::Lost)
        };
        assert!(unreached.clone().all(|fate| is_told(fate)), "{case}: {fates:?}");
        assert_eq!(unreached.count() as u64, 20 - a_project, "{case}");
    }
}

/// The same people may come back; a create of these goes wrong.
fn members(a_project: u64) -> (Sandbox, String) {
    let (sandbox, roster) = changes_of_side(a_project);
    sandbox.change_settings(|settings| settings.providers_must_be_members = false);
    (sandbox, roster)
}

#[tokio::test(start_paused = true)]
async fn a_second_half_in_doubt_freezes_its_project_and_ends_the_replacements() {
    let (sandbox, roster) = members(5);
    let journal = Meddler::at_first_delete(|| {
        sandbox.change_settings(|settings| {
            settings.faults.only = [RequestKind::Create, RequestKind::List].into();
            settings.faults.timeout_after = 1.0;
        });
    });
    let done = apply_replacing(&sandbox, &roster, &journal).await;
    let fates = fates(&done.applied);
    assert_eq!(count(&done.applied, Outcome::InDoubt), 1, "{fates:?}");
    assert_eq!(count(&done.applied, Outcome::Lost), 0, "{fates:?}");
    assert_eq!(deletes(&sandbox), [(1, 2), (5, 30)], "{fates:?}");
}

#[tokio::test(start_paused = true)]
async fn who_is_on_the_project_after_a_refused_second_half_is_not_lost() {
    for (side, outcome) in [(Side::Maven, Outcome::Applied), (Side::Buyer, Outcome::Failed)] {
        let (sandbox, roster) = members(5);
        // A colleague is faster.
        let journal = Meddler::at_first_delete(|| {
            sandbox.with_world(|world| world.insert(Participation::new(1, Some(2), side)));
        });
        let done = apply_replacing(&sandbox, &roster, &journal).await;
        let mut decided = done.applied.decided.iter();
        let of_two = decided.find(|one| one.action.key.user.number() == 2).expect("planned");
        let fates = fates(&done.applied);
        assert_eq!(of_two.fate.outcome, outcome, "{fates:?}");
        assert_eq!(count(&done.applied, Outcome::Lost), 0, "{fates:?}");
        let others = if side == Side::Maven { 20 + 5 } else { 1 + 1 };
        assert_eq!(deletes(&sandbox).len(), others, "{fates:?}");
    }
}

/// Does something once the first delete was answered.
struct Meddler<F> {
    act: F,
    done: std::cell::Cell<bool>,
    deletes: std::cell::RefCell<Option<u64>>,
}

impl<F: Fn()> Meddler<F> {
    fn at_first_delete(act: F) -> Self {
        Self { act, done: false.into(), deletes: None.into() }
    }
}

impl<F: Fn()> Record for Meddler<F> {
    fn record(&self, entry: &Entry) -> Result<(), JournalError> {
        match entry {
            Entry::Intent { seq, request: Intended::Delete { .. } } => {
                self.deletes.replace(Some(*seq));
            }
            Entry::Outcome { seq, .. }
                if *self.deletes.borrow() == Some(*seq) && !self.done.replace(true) =>
            {
                (self.act)();
            }
            _ => {}
        }
        Ok(())
    }
}
