//! Modules that are swapped while they are called: what the test and the benchmark have in common.
//!
//! Every persona keeps its state as a worker does: in a store, by the module that wrote it. Beside
//! that it knows by itself what it wrote, and so what it should find.

use super::{Scripted, built, call, tenant, with_state};
use chatter_memory::Embedded;
use chatter_protocol::{
    CallId, PersonaId, Timestamp,
    call::{CallEnd, State},
    memory::Scope,
};
use chatter_runtime::{Call, Config, ModuleStatus, Personas, Runtime};
use chatter_store::{CallCommit, Sqlite, Store, StoredState};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, HashMap},
    fs,
    io::Write as _,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tempfile::TempDir;
use tokio::{
    task::JoinSet,
    time::{interval, sleep},
};

/// Longer than anything here takes, and short enough to see that something hangs.
const LONG: Duration = Duration::from_secs(120);

/// Versions of one persona: the same component with another word in it.
pub struct Versions {
    component: Vec<u8>,
    at: usize,
    made: AtomicU64,
}

const MARK: &[u8] = b"rascal-version:";

impl Versions {
    pub fn new() -> Self {
        let component = fs::read(built("rascal")).unwrap();
        let at = component
            .windows(MARK.len())
            .position(|window| window == MARK);
        Self {
            at: at.expect("rascal has a version to write over") + MARK.len(),
            component,
            made: AtomicU64::new(1),
        }
    }

    /// Another one, of which this is true: `good`; `trap`, where it is to speak; `drop`, it traps
    /// always; `hang`, it never comes back; `deaf`, it can't read what others kept; `vast`, it takes 100 MiB.
    pub fn make(&self, word: &str) -> Version {
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let text = format!("{word}:{number:012}");
        assert_eq!(text.len(), 17, "{text}");
        let mut bytes = self.component.clone();
        bytes[self.at..self.at + text.len()].copy_from_slice(text.as_bytes());
        let digest = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        Version { bytes, digest }
    }
}

pub struct Version {
    pub bytes: Vec<u8>,
    pub digest: String,
}

/// A plugin folder, a runtime that watches it, and personas that are called.
pub struct Stage {
    pub runtime: Runtime,
    pub plugins: PathBuf,
    pub versions: Versions,
    store: Sqlite,
    /// What is known of each version that was ever whole in the folder: whether it may trap.
    whole: Mutex<HashMap<String, bool>>,
    /// When the first call of a version came back.
    first: Mutex<HashMap<String, Instant>>,
    over: AtomicBool,
    calls: AtomicU64,
    trapped: AtomicU64,
    taken_back: AtomicU64,
    wrong: Mutex<Vec<String>>,
    _folder: TempDir,
}

pub const MODULES: [&str; 5] = ["ada", "ben", "cleo", "dan", "eve"];

/// What came of it all.
pub struct Report {
    pub calls: u64,
    /// Calls of a version that trapped until it was taken back.
    pub trapped: u64,
    /// Calls whose version was taken back while they ran.
    pub taken_back: u64,
    /// Each kind of change and how often it was made.
    pub swaps: BTreeMap<&'static str, u32>,
    /// From a file being moved into place to the first call on it having come back.
    pub moved: Vec<Duration>,
    /// The same from the end of writing a file in its place.
    pub written: Vec<Duration>,
    /// What should not have happened.
    pub wrong: Vec<String>,
}

impl Stage {
    pub async fn new() -> Arc<Self> {
        let folder = TempDir::new().unwrap();
        let plugins = folder.path().join("plugins");
        fs::create_dir(&plugins).unwrap();
        let memory = Arc::new(Embedded::in_memory().unwrap());
        let model = Arc::new(Scripted::Says("nice"));
        let data = folder.path().join("data");
        let runtime = Runtime::new(Config::new(plugins.clone(), data, model, memory)).unwrap();
        let stage = Arc::new(Self {
            runtime,
            plugins,
            versions: Versions::new(),
            store: Sqlite::in_memory().unwrap(),
            whole: Mutex::default(),
            first: Mutex::default(),
            over: AtomicBool::new(false),
            calls: AtomicU64::new(0),
            trapped: AtomicU64::new(0),
            taken_back: AtomicU64::new(0),
            wrong: Mutex::default(),
            _folder: folder,
        });
        for module in MODULES {
            let version = stage.versions.make("good");
            stage.expect(&version, false);
            fs::write(stage.file(module), version.bytes).unwrap();
        }
        stage.runtime.load_all().await.unwrap();
        stage
    }

    fn file(&self, module: &str) -> PathBuf {
        self.plugins.join(format!("{module}.wasm"))
    }

    fn expect(&self, version: &Version, traps: bool) {
        let digest = version.digest.clone();
        self.whole.lock().unwrap().insert(digest, traps);
    }

    /// Moves a file into its place; when that was.
    fn put(&self, module: &str, bytes: &[u8]) -> Instant {
        let unfinished = self.plugins.join(format!(".{module}.part"));
        fs::write(&unfinished, bytes).unwrap();
        let now = Instant::now();
        fs::rename(unfinished, self.file(module)).unwrap();
        now
    }

    fn status(&self, module: &str) -> ModuleStatus {
        self.runtime.module(&tenant(), module).unwrap()
    }

    async fn until(&self, what: &str, module: &str, holds: impl Fn() -> bool) {
        let begun = Instant::now();
        while !holds() {
            if begun.elapsed() >= LONG {
                let trouble = self.trouble(module);
                panic!("{what}: not within {LONG:?}; {module}'s trouble is {trouble:?}");
            }
            sleep(Duration::from_millis(2)).await;
        }
    }

    async fn first_call(&self, module: &str, digest: &str) -> Instant {
        let first = || self.first.lock().unwrap().get(digest).copied();
        let called = || first().is_some();
        self.until("a call on the new version", module, called)
            .await;
        first().unwrap()
    }

    fn wrong(&self, what: String) {
        self.wrong.lock().unwrap().push(what);
    }
}

/// Calls at this rate while so many changes are made, each to the next module.
pub async fn run(calls_per_second: u32, swaps: usize) -> Report {
    let stage = Stage::new().await;
    let mut servants = JoinSet::new();
    servants.spawn(stage.runtime.watch(Duration::from_secs(5)));
    let personas = 5 * MODULES.len();
    let each = Duration::from_secs(1) * u32::try_from(personas).unwrap() / calls_per_second;
    let mut callers = JoinSet::new();
    for n in 0..personas {
        callers.spawn(be_called(stage.clone(), n, each));
    }
    let mut report = Report {
        calls: 0,
        trapped: 0,
        taken_back: 0,
        swaps: BTreeMap::new(),
        moved: Vec::new(),
        written: Vec::new(),
        wrong: Vec::new(),
    };
    for n in 0..swaps {
        let module = MODULES[n % MODULES.len()];
        // Each module gets each kind in the course of time.
        let kind = KINDS[(n + n / MODULES.len()) % KINDS.len()];
        change(&stage, &mut report, kind, module).await;
        *report.swaps.entry(kind).or_default() += 1;
    }
    stage.over.store(true, Ordering::Relaxed);
    while let Some(ended) = callers.join_next().await {
        ended.unwrap();
    }
    report.calls = stage.calls.load(Ordering::Relaxed);
    report.trapped = stage.trapped.load(Ordering::Relaxed);
    report.taken_back = stage.taken_back.load(Ordering::Relaxed);
    report.wrong.append(&mut stage.wrong.lock().unwrap());
    report
}

pub const KINDS: [&str; 7] = [
    "moved into place",
    "written in pieces",
    "cut off",
    "traps",
    "deleted",
    "can't read the state",
    "rubbish",
];

async fn change(stage: &Stage, report: &mut Report, kind: &str, module: &str) {
    let before = stage.status(module).module.digest.clone();
    match kind {
        "moved into place" => {
            let took = swap(stage, module).await;
            report.moved.push(took);
        }
        "written in pieces" => {
            let version = stage.versions.make("good");
            stage.expect(&version, false);
            let mut file = fs::File::create(stage.file(module)).unwrap();
            let pieces = version.bytes.chunks(version.bytes.len() / 3 + 1);
            for (at, piece) in pieces.enumerate() {
                file.write_all(piece).unwrap();
                if at == 0 {
                    // Time passes, and others go on.
                    let other = MODULES.iter().find(|other| **other != module).unwrap();
                    swap(stage, other).await;
                }
            }
            drop(file);
            let whole = Instant::now();
            let first = stage.first_call(module, &version.digest).await;
            report.written.push(first - whole);
        }
        "deleted" => {
            fs::remove_file(stage.file(module)).unwrap();
            // It serves on: whoever calls it sees to that. A file that comes back is taken.
            let calls = stage.calls.load(Ordering::Relaxed);
            let many = || stage.calls.load(Ordering::Relaxed) > calls + 100;
            let what = "calls of a module without a file";
            stage.until(what, module, many).await;
            assert_eq!(stage.status(module).module.digest, before);
            let took = swap(stage, module).await;
            report.moved.push(took);
        }
        "traps" => {
            let version = stage.versions.make("trap");
            stage.expect(&version, true);
            stage.put(module, &version.bytes);
            let back = || stage.trouble(module).contains("was taken back");
            stage
                .until("a version that traps is taken back", module, back)
                .await;
            assert_eq!(stage.status(module).module.digest, before);
            // The same bytes again stay refused. What is put there between tells when they were looked at.
            stage.put(module, b"rubbish");
            let other = || {
                stage
                    .trouble(module)
                    .contains("does not start as WebAssembly")
            };
            stage.until("rubbish", module, other).await;
            stage.put(module, &version.bytes);
            let serves = || stage.status(module).module.digest != before;
            let ended = || back() || serves();
            stage
                .until("what was taken back is put again", module, ended)
                .await;
            assert!(!serves(), "what was taken back serves again");
            swap(stage, module).await;
        }
        kind => {
            let version = stage.versions.make("deaf");
            let half = version.bytes.len() / 2;
            let (bytes, why) = match kind {
                "cut off" => (&version.bytes[..half], "not a valid component"),
                "rubbish" => (&b"hello"[..], "does not start as WebAssembly does"),
                _ => (&*version.bytes, "can't go on with the state"),
            };
            stage.put(module, bytes);
            let refused = || stage.trouble(module).contains(why);
            let serves = || stage.status(module).module.digest != before;
            let ended = || refused() || serves();
            stage.until(kind, module, ended).await;
            assert!(!serves(), "{kind}: it serves");
        }
    }
}

/// Puts a good version into place, and waits for the first call on it.
async fn swap(stage: &Stage, module: &str) -> Duration {
    let version = stage.versions.make("good");
    stage.expect(&version, false);
    let whole = stage.put(module, &version.bytes);
    stage.first_call(module, &version.digest).await - whole
}

impl Stage {
    fn trouble(&self, module: &str) -> String {
        self.status(module).trouble.unwrap_or_default()
    }
}

/// A persona's life: called again and again, it counts its calls in its state.
async fn be_called(stage: Arc<Stage>, number: usize, each: Duration) {
    let module = MODULES[number % MODULES.len()];
    let persona = PersonaId::new(&format!("persona-{number}")).unwrap();
    let template = {
        let mut call = call(module, "behave");
        call.scope.persona = persona.clone();
        // A stolen moment of the machine's counts as the call's own, and it is not what is asked here.
        call.limits.cpu_ms = 10_000;
        call
    };
    let mut written: Vec<(String, State, u64)> = Vec::new();
    let mut tick = interval(each);
    while !stage.over.load(Ordering::Relaxed) {
        tick.tick().await;
        let rejected = stage.status(module).rejected;
        let given = stage.given(&template, &rejected).await;
        let expected = written
            .iter()
            .rev()
            .find(|(digest, ..)| !rejected.iter().any(|rejected| **rejected == **digest));
        if given.as_ref().map(|given| &given.state) != expected.map(|(_, state, _)| state) {
            stage.wrong(format!("{persona} was given {given:?}, not {expected:?}"));
        }
        let count = given.as_ref().map_or(0, |given| {
            let written = written.iter().find(|(_, state, _)| *state == given.state);
            written.map_or(0, |(.., count)| *count)
        });
        let call = match &given {
            Some(given) => with_state(&template, given.state.clone()),
            None => template.clone(),
        };
        let record = stage.runtime.call(call).await;
        stage.calls.fetch_add(1, Ordering::Relaxed);
        let digest = record.module.digest.clone();
        let now = Instant::now();
        stage
            .first
            .lock()
            .unwrap()
            .entry(digest.clone())
            .or_insert(now);
        let known = stage.whole.lock().unwrap().get(&digest).copied();
        let rejected = stage.status(module).rejected;
        let is_rejected = |digest: &str| rejected.iter().any(|rejected| **rejected == *digest);
        let lost = is_rejected(&digest) || given.is_some_and(|given| is_rejected(&given.digest));
        match (record.end, known) {
            (_, None) => stage.wrong(format!("{module} ran on {digest}, which was never whole")),
            (CallEnd::Trapped { .. }, Some(true)) => {
                stage.trapped.fetch_add(1, Ordering::Relaxed);
            }
            (CallEnd::Returned { outcome }, _) if !lost => {
                let said = &outcome.lines[0].text;
                let counted = format!("call {} of my life, 1 of this instance", count + 1);
                if *said != counted {
                    stage.wrong(format!("{persona} said {said:?}, not {counted:?}"));
                }
                let state = outcome.state.expect("it keeps its count");
                stage.commit(&template, &digest, state.clone()).await;
                written.push((digest, state, count + 1));
            }
            (CallEnd::Returned { .. }, _) => {
                stage.taken_back.fetch_add(1, Ordering::Relaxed);
            }
            (end, Some(_)) => stage.wrong(format!("a call of {module} ended as {end:?}")),
        }
    }
}

impl Stage {
    async fn given(&self, call: &Call, rejected: &[Arc<str>]) -> Option<StoredState> {
        let Scope { room, persona } = &call.scope;
        self.store.state(room, persona, rejected).await.unwrap()
    }

    async fn commit(&self, call: &Call, digest: &str, state: State) {
        let commit = CallCommit {
            call_id: CallId::new(),
            room: call.scope.room.clone(),
            persona: call.scope.persona.clone(),
            digest: digest.into(),
            state: Some(state),
            lines: Vec::new(),
            memories: Vec::new(),
            at: Timestamp::now(),
            fence: None,
        };
        self.store.commit(commit).await.unwrap();
    }
}
