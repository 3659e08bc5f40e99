//! Modules that change while they are called.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use chatter_memory::Embedded;
use chatter_protocol::{TenantId, call::CallEnd};
use chatter_runtime::{Config, ModuleStatus, Personas, Runtime};
use common::{
    Scripted, call,
    swap::{self, KINDS, Version, Versions},
    tenant,
};
use std::{fs, path::PathBuf, sync::Arc, time::Duration};
use tempfile::TempDir;
use tokio::task::JoinHandle;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_call_fails_for_a_swap_and_no_state_is_lost() {
    let report = swap::run(100, 2 * KINDS.len()).await;
    assert!(report.wrong.is_empty(), "{:#?}", report.wrong);
    assert_eq!(report.swaps.len(), KINDS.len(), "{:?}", report.swaps);
    assert!(report.trapped > 0, "a version that traps was called");
}

/// A plugin folder and a data folder, for one program after the other.
struct Home {
    folder: TempDir,
    versions: Versions,
}

/// A program that runs on them.
struct Running {
    runtime: Arc<Runtime>,
    watch: JoinHandle<()>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.watch.abort();
    }
}

impl Home {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        fs::create_dir(folder.path().join("plugins")).unwrap();
        Self {
            folder,
            versions: Versions::new(),
        }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join("plugins").join(name)
    }

    fn put(&self, name: &str, bytes: &[u8]) {
        let file = self.file(name);
        let unfinished = file.with_extension("part");
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&unfinished, bytes).unwrap();
        fs::rename(unfinished, file).unwrap();
    }

    fn make(&self, word: &str) -> Version {
        self.versions.make(word)
    }

    async fn start(&self) -> Running {
        self.start_with(|_| {}).await
    }

    async fn start_with(&self, change: impl FnOnce(&mut Config)) -> Running {
        let mut config = Config::new(
            self.folder.path().join("plugins"),
            self.folder.path().join("data"),
            Arc::new(Scripted::Says("")),
            Arc::new(Embedded::in_memory().unwrap()),
        );
        change(&mut config);
        let runtime = Arc::new(Runtime::new(config).unwrap());
        runtime.load_all().await.unwrap();
        let watch = tokio::spawn(runtime.watch(Duration::from_millis(200)));
        Running { runtime, watch }
    }
}

impl Running {
    fn status(&self) -> Result<ModuleStatus, String> {
        self.runtime.module(&tenant(), "nova")
    }

    fn digest(&self) -> Option<String> {
        Some(self.status().ok()?.module.digest.clone())
    }

    fn trouble(&self) -> String {
        match self.status() {
            Ok(status) => status.trouble.unwrap_or_default(),
            Err(why) => why,
        }
    }

    async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let waited = tokio::time::timeout(Duration::from_secs(60), async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        assert!(waited.await.is_ok(), "{what}: {:?}", self.status());
    }

    async fn serves(&self, version: &Version) {
        let serves = || self.digest().as_ref() == Some(&version.digest);
        self.until("the version serves", serves).await;
    }

    /// Calls until the version that serves was taken back.
    async fn fail(&self) {
        let bad = self.digest();
        while self.digest() == bad {
            let record = self.runtime.call(call("nova", "behave")).await;
            assert!(
                matches!(record.end, CallEnd::Trapped { .. }),
                "{:?}",
                record.end
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_taken_back_stays_so_after_a_restart_until_it_is_released() {
    let home = Home::new();
    let [good, bad] = ["good", "trap"].map(|word| home.make(word));
    home.put("nova.wasm", &good.bytes);
    let first = home.start().await;
    home.put("nova.wasm", &bad.bytes);
    first.serves(&bad).await;
    first.fail().await;
    assert_eq!(first.digest().as_ref(), Some(&good.digest));
    assert!(
        first
            .trouble()
            .contains("was taken back: 5 of its latest 5 calls failed")
    );
    assert_eq!(*first.status().unwrap().rejected, [Arc::from(&*bad.digest)]);
    drop(first);

    let second = home.start().await;
    assert_eq!(second.digest().as_ref(), Some(&good.digest));
    let trouble = second.trouble();
    assert!(trouble.contains("was taken back"), "{trouble}");
    // As the trouble says.
    let file = format!("data/quarantine/nova.{}.json", bad.digest);
    let told = format!("remove {file} in the data folder");
    assert!(trouble.contains(&told), "{trouble}");
    fs::remove_file(home.folder.path().join(file)).unwrap();
    second.serves(&bad).await;
    assert!(second.status().unwrap().rejected.is_empty());
    // It is on trial again.
    second.fail().await;
    assert_eq!(second.digest().as_ref(), Some(&good.digest));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trial_goes_on_after_a_restart() {
    let home = Home::new();
    let [good, bad] = ["good", "trap"].map(|word| home.make(word));
    home.put("nova.wasm", &good.bytes);
    let first = home.start().await;
    home.put("nova.wasm", &bad.bytes);
    first.serves(&bad).await;
    drop(first);
    let second = home.start().await;
    assert_eq!(second.digest().as_ref(), Some(&bad.digest));
    second.fail().await;
    assert_eq!(second.digest().as_ref(), Some(&good.digest));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_first_module_is_on_trial_again_after_a_restart() {
    let home = Home::new();
    let [shared, bad] = ["good", "trap"].map(|word| home.make(word));
    home.put("nova.wasm", &shared.bytes);
    let acme = TenantId::new("acme").unwrap();
    let digest = |running: &Running| {
        let status = running.runtime.module(&acme, "nova").unwrap();
        status.module.digest.clone()
    };
    let first = home.start().await;
    home.put("acme/nova.wasm", &bad.bytes);
    let serves = || digest(&first) == bad.digest;
    first.until("acme has its own", serves).await;
    drop(first);

    let second = home.start().await;
    assert_eq!(digest(&second), bad.digest);
    let mut failing = call("nova", "behave");
    failing.scope.room = chatter_protocol::RoomId::new("acme/lobby").unwrap();
    // As many as a trial ends with.
    for _ in 0..5 {
        second.runtime.call(failing.clone()).await;
    }
    assert_eq!(digest(&second), shared.digest);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_file_at_the_start_leaves_what_served_last() {
    let home = Home::new();
    let [good, newer] = ["good", "good"].map(|word| home.make(word));
    home.put("nova.wasm", &good.bytes);
    drop(home.start().await);
    for (bytes, why) in [
        (&newer.bytes[..1_000], "not a valid component"),
        (b"".as_slice(), "the file is empty"),
        (
            &home.make("drop").bytes,
            "`on-context` failed when it was tried",
        ),
    ] {
        home.put("nova.wasm", bytes);
        let again = home.start().await;
        assert_eq!(again.digest().as_ref(), Some(&good.digest));
        let trouble = again.trouble();
        assert!(trouble.contains(why), "{trouble}");
    }
    // A program that starts with a new file has the old one to return to.
    home.put("nova.wasm", &home.make("trap").bytes);
    let last = home.start().await;
    last.fail().await;
    assert_eq!(last.digest().as_ref(), Some(&good.digest));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_state_is_handed_over_must_be_seen_unless_there_is_none() {
    let home = Home::new();
    for (serving, new, for_now) in [
        ("hang", "deaf", true),
        ("hang", "good", true),
        // It fails by itself, and keeps nothing that a new one could be unable to read.
        ("drop", "good", false),
    ] {
        // It came to serve while nobody tried it.
        let serving = home.make(serving);
        home.put("nova.wasm", &serving.bytes);
        let untried = home.start_with(|config| config.smoke = false).await;
        assert_eq!(untried.digest().as_ref(), Some(&serving.digest));
        drop(untried);

        let new = home.make(new);
        home.put("nova.wasm", &new.bytes);
        let running = home.start().await;
        let (serves, trouble) = (running.digest().unwrap(), running.trouble());
        if for_now {
            assert_eq!(serves, serving.digest);
            let told = "that version's own `on-context` ended twice without an answer";
            assert!(trouble.contains(told), "{trouble}");
            assert!(
                trouble.contains("it is tried again every 30 s"),
                "{trouble}"
            );
        } else {
            assert_eq!((serves, &*trouble), (new.digest, ""));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_tenants_folder_is_nobody_elses_trouble() {
    let home = Home::new();
    let [shared, own, bad] = ["good", "good", "trap"].map(|word| home.make(word));
    home.put("nova.wasm", &shared.bytes);
    let running = home.start().await;
    let acme = TenantId::new("acme").unwrap();
    let of_acme = || running.runtime.module(&acme, "nova").unwrap();
    let runs = |digest: &str| of_acme().module.digest == digest;

    home.put("acme/nova.wasm", b"rubbish");
    let told = || of_acme().trouble.is_some();
    running.until("acme's trouble is told", told).await;
    assert!(runs(&shared.digest), "everybody's goes on");
    assert_eq!(running.trouble(), "");

    home.put("acme/nova.wasm", &own.bytes);
    running
        .until("acme has its own", || runs(&own.digest))
        .await;
    assert_eq!(running.digest().as_ref(), Some(&shared.digest));

    fs::remove_file(home.file("acme/nova.wasm")).unwrap();
    let back = || runs(&shared.digest);
    running
        .until("without its own, everybody's serves", back)
        .await;

    // A first version of its own that keeps failing gives way to everybody's.
    home.put("acme/nova.wasm", &bad.bytes);
    running
        .until("acme's bad one serves", || runs(&bad.digest))
        .await;
    let mut failing = call("nova", "behave");
    failing.scope.room = chatter_protocol::RoomId::new("acme/lobby").unwrap();
    while runs(&bad.digest) {
        running.runtime.call(failing.clone()).await;
    }
    let status = of_acme();
    assert_ne!(status.module.digest, bad.digest);
    assert_eq!(*status.rejected, [Arc::from(&*bad.digest)]);
    assert_eq!(running.status().unwrap().rejected.len(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_whole_files_are_taken_however_they_come() {
    let home = Home::new();
    let first = home.make("good");
    home.put("nova.wasm", &first.bytes);
    let running = home.start().await;

    // A file that is kept open is waited for, also where a part of it would do as a whole.
    let mut longer = home.make("good").bytes;
    let whole = longer.len();
    // An empty custom section of the component (Component Model, `Binary.md`).
    longer.extend([0, 2, 1, b'x']);
    let file = home.file("nova.wasm");
    fs::remove_file(&file).unwrap();
    let mut open = fs::File::create(&file).unwrap();
    std::io::Write::write_all(&mut open, &longer[..whole]).unwrap();
    let told = || running.trouble().contains("still open for writing");
    running.until("a file that stays open is told", told).await;
    assert_eq!(running.digest().as_ref(), Some(&first.digest));
    std::io::Write::write_all(&mut open, &longer[whole..]).unwrap();
    drop(open);
    running
        .until("the whole file is taken", || {
            running.trouble().is_empty() && running.digest().as_ref() != Some(&first.digest)
        })
        .await;

    // Links are followed, and noticed when what they lead to is another file.
    let [one, two] = ["good", "good"].map(|word| home.make(word));
    let elsewhere = home.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    for (name, version) in [("one", &one), ("two", &two)] {
        fs::write(elsewhere.join(name), &version.bytes).unwrap();
        let link = home.file("link");
        std::os::unix::fs::symlink(elsewhere.join(name), &link).unwrap();
        fs::rename(link, &file).unwrap();
        running.serves(version).await;
    }

    // The system tells nothing of the folder that a link leads to; it is looked at all the same.
    let three = home.make("good");
    fs::write(elsewhere.join("three"), &three.bytes).unwrap();
    fs::rename(elsewhere.join("three"), elsewhere.join("two")).unwrap();
    running.serves(&three).await;

    // The folder itself may be replaced.
    let new = home.make("good");
    let other = home.folder.path().join("other");
    fs::create_dir(&other).unwrap();
    fs::write(other.join("nova.wasm"), &new.bytes).unwrap();
    fs::rename(home.file(""), home.folder.path().join("old")).unwrap();
    fs::rename(other, home.file("")).unwrap();
    running.serves(&new).await;
    let newest = home.make("good");
    home.put("nova.wasm", &newest.bytes);
    running.serves(&newest).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_made_of_refused_files_does_not_stay_for_ever() {
    let home = Home::new();
    let good = home.make("good");
    home.put("nova.wasm", &good.bytes);
    let running = home.start_with(|config| config.kept_bytes = 0).await;
    let compiled = || fs::read_dir(home.folder.path().join("data/compiled")).unwrap();
    let is_good = |name: &std::ffi::OsStr| name.to_str().unwrap().starts_with(&good.digest);
    for _ in 0..3 {
        home.put("nova.wasm", b"rubbish");
        let told = || running.trouble().contains("does not start as WebAssembly");
        running.until("rubbish is refused", told).await;
        home.put("nova.wasm", &home.make("drop").bytes);
        let told = || running.trouble().contains("failed when it was tried");
        running.until("what traps is refused", told).await;
    }
    let alone = || compiled().all(|entry| is_good(&entry.unwrap().file_name()));
    running.until("only what is needed stays", alone).await;
    // In compiled form, and what a reading found.
    assert_eq!(compiled().count(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quarantine_that_can_not_be_written_or_read_holds() {
    let home = Home::new();
    let [good, bad] = ["good", "trap"].map(|word| home.make(word));
    home.put("nova.wasm", &good.bytes);
    let running = home.start().await;
    let file = format!("data/quarantine/nova.{}.json", bad.digest);
    let file = home.folder.path().join(file);
    // Nothing can be written there.
    fs::create_dir_all(file.join("in the way")).unwrap();
    home.put("nova.wasm", &bad.bytes);
    running.serves(&bad).await;
    running.fail().await;
    let holds = || {
        assert_eq!(running.digest().as_ref(), Some(&good.digest));
        assert_eq!(running.status().unwrap().rejected.len(), 1);
    };
    // Each look reads what is quarantined before it looks at the files.
    let another_look = async || {
        let other = home.make("good");
        home.put("other.wasm", &other.bytes);
        let acme = || running.runtime.module(&tenant(), "other");
        let serves = || acme().is_ok_and(|status| status.module.digest == other.digest);
        running.until("another module serves", serves).await;
    };
    another_look().await;
    another_look().await;
    holds();
    fs::remove_dir_all(&file).unwrap();
    running
        .until("it is written when it can be", || file.is_file())
        .await;
    holds();
    fs::write(&file, "{").unwrap();
    another_look().await;
    another_look().await;
    holds();
    assert!(running.trouble().contains("5 of its latest 5 calls failed"));
    fs::remove_file(&file).unwrap();
    running.serves(&bad).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn however_many_versions_fail_there_is_a_way_back() {
    let home = Home::new();
    let good = home.make("good");
    home.put("nova.wasm", &good.bytes);
    let running = home.start().await;
    for _ in 0..6 {
        let bad = home.make("trap");
        home.put("nova.wasm", &bad.bytes);
        running.serves(&bad).await;
    }
    while running.digest().as_ref() != Some(&good.digest) {
        running.fail().await;
    }
    assert!(running.trouble().contains("was taken back"));
}
