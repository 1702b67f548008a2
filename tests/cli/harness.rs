//! The real program against the sandbox over HTTP: a server on a port of its own, a process with a
//! clean environment, and what it answered as one text.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread::{self, JoinHandle},
};

use axum::Router;
use kantata_sync::{
    report::{RunReport, json},
    sandbox::{BASE_PATH, RequestKind, Sandbox, SandboxSettings, Start, World},
    store::{Exclusive, Folder, LockHolder, Shared},
};
use regex_lite::Regex;
use tempfile::TempDir;
use tokio::sync::oneshot;

/// No other text of a run looks like it.
pub const TOKEN: &str = "t0ken-of-the-tests-4711";

/// Atlas and Borealis, with a lead each; the token acts as Priya Raman, who is on both. Hana and Ivo
/// are on no project.
pub const LIVE: &str = "\
workspace_id,project,user_id,name,email,token,role,access_level,team_lead
100,Atlas,1,Priya Raman,priya@firm.example,true,maven,admin,
100,Atlas,10,Ada Quist,ada@firm.example,,maven,admin,true
100,Atlas,11,Ben Ode,ben@firm.example,,maven,edit_tasks,
100,Atlas,12,Cleo Marsh,cleo@firm.example,,maven,view_tasks,
100,Atlas,13,Dan Iyer,dan@client.example,,buyer,view_tasks,
200,Borealis,1,,,,maven,admin,
200,Borealis,20,Eva Lund,eva@firm.example,,maven,admin,true
200,Borealis,21,Finn Roe,finn@firm.example,,maven,edit_tasks,
200,Borealis,22,Gil Sato,gil@firm.example,,maven,edit_tasks,
,,31,Hana Okoro,hana@firm.example,,,,
,,32,Ivo Brandt,ivo@firm.example,,,,
";

/// Two creates (31, 32), an update (11) and a delete (12) away from [`LIVE`].
pub const ROSTER: &str = "\
workspace_id,user_id,role,access_level
100,1,maven,admin
100,10,maven,admin
100,11,maven,view_tasks
100,13,buyer,
100,31,maven,edit_tasks
200,1,maven,admin
200,20,maven,admin
200,21,maven,
200,22,maven,
200,32,maven,
";

/// The folder of the samples.
pub fn samples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sample-data")
}

/// A sandbox of the world in this CSV.
pub fn sandbox(seed: &str) -> Sandbox {
    let world = World::from_csv(seed).expect("a good seed");
    let settings = SandboxSettings {
        token: TOKEN.to_owned(),
        start: Start::Real,
        ..SandboxSettings::default()
    };
    Sandbox::new(world, settings)
}

/// The run that holds the lock where a test does.
pub const HOLDER: &str = "20261124T030739Z-1f2e3d4c";

/// Takes the lock of the state in this folder, as a run under way does.
pub fn hold_lock(state: &Path) -> Exclusive<Folder> {
    let (run, since) = (HOLDER.parse().expect("a run"), "2026-11-24T03:07:40Z".parse());
    let holder = LockHolder { run, since: since.expect("a time"), process: None };
    let store = Shared::open(Folder::at(state)).expect("usable");
    store.lock(&holder).expect("free")
}

/// A server on a port of this machine, for as long as the value lives.
pub struct Server {
    address: SocketAddr,
    shutdown: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Serves these routes. The port is bound before this returns: nobody has to wait for it.
    pub fn of(router: Router) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket for tokio");
        let address = listener.local_addr().expect("bound");
        let (shutdown, stopped) = oneshot::channel::<()>();
        let thread = thread::spawn(move || {
            let mut builder = tokio::runtime::Builder::new_current_thread();
            let runtime = builder.enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
                let serving = async { axum::serve(listener, router).await.expect("serves") };
                // Not graceful: a connection that a client keeps open would be waited for.
                tokio::select! { () = serving => {}, _ = stopped => {} }
            });
        });
        Self { address, shutdown: Some(shutdown), thread: Some(thread) }
    }

    /// Serves a sandbox.
    pub fn of_sandbox(sandbox: &Sandbox) -> Self {
        Self::of(sandbox.router())
    }

    /// Where the API is.
    pub fn base_url(&self) -> String {
        format!("http://{}{BASE_PATH}", self.address)
    }

    /// The folder of this server below the state folder.
    pub fn folder_name(&self) -> String {
        format!("{}-{}", self.address.ip(), self.address.port())
    }

    /// Serves nobody any more.
    pub fn close(&mut self) {
        let Some(shutdown) = self.shutdown.take() else { return };
        let stopping = shutdown.send(());
        let ended = self.thread.take().map(JoinHandle::join);
        if !thread::panicking() {
            assert_eq!((stopping, ended.map(|ended| ended.is_ok())), (Ok(()), Some(true)));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.close();
    }
}

/// A user's account on a machine: an empty home, a working folder, a state folder, variables.
pub struct Desk {
    home: TempDir,
    variables: Vec<(String, String)>,
}

impl Desk {
    /// A desk at which nothing is set but the home folder.
    pub fn bare() -> Self {
        let home = tempfile::tempdir().expect("a folder");
        fs::create_dir(home.path().join("work")).expect("a folder");
        let desk = Self { home, variables: Vec::new() };
        desk.write("roster.csv", ROSTER);
        desk
    }

    /// A desk that works with this API, fast, and with a token.
    pub fn at(base_url: &str) -> Self {
        Self::bare().work_with(base_url)
    }

    /// The same with this API, fast, and with a token.
    pub fn work_with(self, base_url: &str) -> Self {
        self.with("KANTATA_TOKEN", TOKEN)
            .with("KANTATA_SYNC_BASE_URL", base_url)
            .with("KANTATA_SYNC_HTTP__REQUESTS_PER_SECOND", "1000")
            .with("KANTATA_SYNC_HTTP__TRIES", "2")
            .with("KANTATA_SYNC_HTTP__BACKOFF_BASE", "1ms")
            .with("KANTATA_SYNC_HTTP__BACKOFF_CAP", "1ms")
            .with("KANTATA_SYNC_HTTP__SETTLE_WAIT", "1ms")
    }

    /// The same with another variable, or another value of it.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same without a variable.
    pub fn without(mut self, name: &str) -> Self {
        self.variables.retain(|(known, _)| known != name);
        self
    }

    /// A file in the working folder.
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join("work").join(name)
    }

    /// Writes a file in the working folder.
    pub fn write(&self, name: &str, text: &str) {
        fs::write(self.path(name), text).expect("written");
    }

    /// Reads a file in the working folder.
    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect(name)
    }

    /// The state folder, where no other one is named.
    pub fn state(&self) -> PathBuf {
        self.home.path().join(".local/state/kantata-sync")
    }

    /// The program, ready to be started here.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kantata-sync"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .envs(self.variables.iter().map(|(name, value)| (name, value)))
            .current_dir(self.home.path().join("work"))
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = self.command(arguments).output().expect("the program starts");
        Ran::new(output, self.home.path())
    }

    /// Runs the program to its end with this on standard input.
    pub fn run_fed(&self, arguments: &[&str], input: &[u8]) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // Whoever does not read to the end has its reasons.
        let _closed = child.stdin.take().expect("piped").write_all(input);
        Ran::new(child.wait_with_output().expect("ended"), self.home.path())
    }

    /// Runs the program to its end with this file as standard input.
    pub fn run_from(&self, arguments: &[&str], name: &str) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(fs::File::open(self.path(name)).expect(name));
        Ran::new(command.output().expect("the program starts"), self.home.path())
    }

    /// Every file below the home folder.
    pub fn files(&self) -> Vec<PathBuf> {
        fn walk(folder: &Path, found: &mut Vec<PathBuf>) -> io::Result<()> {
            for entry in fs::read_dir(folder)? {
                let path = entry?.path();
                if path.is_dir() {
                    walk(&path, found)?;
                } else {
                    found.push(path);
                }
            }
            Ok(())
        }
        let mut found = Vec::new();
        walk(self.home.path(), &mut found).expect("readable");
        found.sort();
        found
    }
}

/// What the program answered.
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    home: PathBuf,
}

impl Ran {
    fn new(output: Output, home: &Path) -> Self {
        let Output { status, stdout, stderr } = output;
        let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
        Self {
            code: status.code().expect("ended by itself"),
            stdout: text(stdout),
            stderr: text(stderr),
            home: home.to_owned(),
        }
    }

    /// Fails with all that was said unless the code is this one.
    pub fn ends_with(self, code: i32) -> Self {
        assert_eq!(self.code, code, "{}", self.text());
        self
    }

    /// Code, stdout and stderr, without what changes from run to run.
    pub fn text(&self) -> String {
        let Self { code, stdout, stderr, .. } = self;
        self.steady(&format!("exit {code}\n--- stdout\n{stdout}--- stderr\n{stderr}"))
    }

    /// A text of this run, without what changes from run to run.
    pub fn steady(&self, text: &str) -> String {
        let mut text = text.replace(&self.home.display().to_string(), "[home]");
        text = text.replace(&samples().display().to_string(), "[samples]");
        for (pattern, name) in [
            (r"\d{8}T\d{6}Z-[0-9a-f]{8}", "[run]"),
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "[time]"),
            (r"127\.0\.0\.1:\d+", "[server]"),
            (r"127\.0\.0\.1-\d+", "[server]"),
            (r"process \d+", "process [number]"),
            // Of requests that are under way at once, nobody knows which arrives first.
            (r"sandbox-\d{8}", "sandbox-[number]"),
            (r"took [0-9.]+ m?s", "took [a while]"),
            (r"\.tmp[0-9A-Za-z]{6}", "[temporary]"),
        ] {
            text = Regex::new(pattern).expect(pattern).replace_all(&text, name).into_owned();
        }
        text
    }

    /// The folder that the run says it kept its files in.
    pub fn folder(&self) -> PathBuf {
        let lines = || self.stderr.lines().filter_map(|line| line.strip_prefix("kept in "));
        let (folder, _) = lines().next().and_then(|line| line.split_once(": ")).expect("kept");
        folder.into()
    }

    /// The name of the run.
    pub fn run(&self) -> String {
        self.folder().file_name().and_then(|name| name.to_str()).expect("a name").to_owned()
    }

    /// A file that the run kept.
    pub fn kept(&self, name: &str) -> String {
        fs::read_to_string(self.folder().join(name)).expect(name)
    }

    /// The names of the files that the run kept.
    pub fn files(&self) -> BTreeSet<String> {
        let entries = fs::read_dir(self.folder()).expect("a folder");
        let names = entries.map(|entry| entry.expect("readable").file_name().into_string());
        names.collect::<Result<_, _>>().expect("plain names")
    }

    /// Stdout as the report that `--format json` prints.
    pub fn report(&self) -> RunReport {
        json::read(self.stdout.as_bytes())
            .unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }
}

/// The writes that a sandbox was sent, in their order, with the number of objects of a POST.
pub fn writes(sandbox: &Sandbox) -> Vec<(RequestKind, usize)> {
    let wrote = [RequestKind::Create, RequestKind::Update, RequestKind::Delete];
    let log = sandbox.log();
    log.iter()
        .filter(|entry| wrote.contains(&entry.kind) || entry.method != "GET")
        .map(|entry| (entry.kind, entry.objects))
        .collect()
}
