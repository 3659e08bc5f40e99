//! What may lie in the plugin folder, and what is said of it.

mod common;
#[path = "hostile/guest.rs"]
#[allow(
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "it is made for the tests of hostile components, which use all of it"
)]
mod guest;

use chatter_memory::Embedded;
use chatter_protocol::{TenantId, call::CallLimits};
use chatter_runtime::{Config, Personas, Runtime};
use common::{Scripted, bed, built, call, tenant};
use guest::Guest;
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;

fn component(text: &str) -> Vec<u8> {
    wat::parse_str(text).expect("the test's text is WebAssembly")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_persona_is_named_and_left_out() {
    let whole = std::fs::read(built("rascal")).unwrap();
    let cases: [(&str, Vec<u8>, &str); 14] = [
        ("empty", Vec::new(), "the file is empty"),
        (
            "text",
            b"hello".to_vec(),
            "does not start as WebAssembly does",
        ),
        (
            "native",
            b"\x7fELF\x02\x01\x01".to_vec(),
            "it is a program for this machine; build it with `--target wasm32-wasip2`",
        ),
        ("Not_A_Slug", whole.clone(), "rename the file"),
        ("header", whole[..6].to_vec(), "ends within its header"),
        (
            "cut",
            whole[..whole.len() / 2].to_vec(),
            "not a valid component",
        ),
        (
            "module",
            component("(module)"),
            "it is a core module; build it with `--target wasm32-wasip2`",
        ),
        (
            "nothing",
            component("(component)"),
            "exports no chatter:persona/guest@0.2.0: it is not a persona; in Rust, `persona_sdk::export!",
        ),
        (
            "future",
            component(
                r#"(component (instance $i) (export "chatter:persona/guest@7.0.0" (instance $i)))"#,
            ),
            "from the future: built for chatter:persona/guest@7.0.0, but this chatter speaks 0.2.0 and 0.1.0; update chatter",
        ),
        (
            "ancient",
            component(
                r#"(component (instance $i) (export "chatter:persona/guest@0.0.3" (instance $i)))"#,
            ),
            "built for chatter:persona/guest@0.0.3, but this chatter speaks 0.2.0 and 0.1.0; build it again",
        ),
        (
            "double",
            component(
                r#"(component
                    (import "chatter:persona/llm@0.3.0" (instance))
                    (instance $i)
                    (export "chatter:persona/guest@0.1.0" (instance $i)))"#,
            ),
            "imports chatter:persona/llm@0.3.0, which personas don't get",
        ),
        (
            "greedy",
            component(
                r#"(component
                    (import "wasi:http/types@0.2.0" (instance))
                    (instance $i)
                    (export "chatter:persona/guest@0.1.0" (instance $i)))"#,
            ),
            "imports wasi:http/types@0.2.0, which personas don't get",
        ),
        (
            "older",
            component(
                r#"(component (instance $i) (export "chatter:persona/guest@0.1.0" (instance $i)))"#,
            ),
            "not a valid component: `chatter:persona/guest@0.1.0` exports no function `describe`",
        ),
        (
            "hollow",
            component(
                r#"(component (instance $i) (export "chatter:persona/guest@0.2.0" (instance $i)))"#,
            ),
            "not a valid component",
        ),
    ];
    let folder = TempDir::new().unwrap();
    let plugins = folder.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    std::fs::write(plugins.join("good.wasm"), &whole).unwrap();
    for (name, bytes, _) in &cases {
        std::fs::write(plugins.join(format!("{name}.wasm")), bytes).unwrap();
    }
    let memory = Arc::new(Embedded::in_memory().unwrap());
    let model = Arc::new(Scripted::Says(""));
    let runtime = Runtime::new(Config::new(
        plugins,
        folder.path().join("data"),
        model,
        memory,
    ))
    .unwrap();
    let loaded = runtime.load_all().await.unwrap();
    assert_eq!(loaded.len(), cases.len() + 1);
    for (name, _, reason) in &cases {
        let refused = runtime.module(&tenant(), name).unwrap_err();
        assert!(refused.contains(reason), "{name}: {refused}");
    }
    assert!(runtime.module(&tenant(), "good").is_ok());
    let absent = runtime.module(&tenant(), "absent").unwrap_err();
    assert!(
        absent.contains("does not exist") && absent.ends_with("name one that is there: good"),
        "{absent}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_and_their_compiled_form_are_kept() {
    let first = bed(&["rascal"], Arc::new(Scripted::Says("")), |_| ()).await;
    let digest = first
        .runtime
        .module(&tenant(), "rascal")
        .unwrap()
        .module
        .digest
        .clone();
    let data = first.folder.path().join("data");
    assert_eq!(
        std::fs::read(data.join(format!("components/{digest}.wasm"))).unwrap(),
        std::fs::read(built("rascal")).unwrap()
    );
    let compiled: Vec<_> = std::fs::read_dir(data.join("compiled"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "cwasm"))
        .collect();
    let [compiled] = compiled.as_slice() else {
        panic!("{compiled:?}")
    };
    // A compiled form that is broken is made again.
    std::fs::write(compiled, b"rubbish").unwrap();
    let memory = Arc::new(Embedded::in_memory().unwrap());
    let config = Config::new(
        first.folder.path().join("plugins"),
        data,
        Arc::new(Scripted::Says("")),
        memory,
    );
    let again = Runtime::new(config).unwrap();
    again.load_all().await.unwrap();
    assert_eq!(
        again.module(&tenant(), "rascal").unwrap().module.digest,
        digest
    );
    let record = again.call(call("rascal", "behave")).await;
    assert!(
        matches!(record.end, chatter_protocol::call::CallEnd::Returned { .. }),
        "{:?}",
        record.end
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_is_loaded_with_what_its_calls_may_have_and_again_when_that_changes() {
    // It begins with 100 MiB, wants to be called on contexts, and keeps 80 KB from the first call on.
    let large = Guest {
        memory: r#"(memory (export "memory") 1600)"#,
        describe: format!(
            "(i32.store8 (i32.const {}) (i32.const 1))",
            guest::ABOUT + 28
        ),
        on_context: guest::state(guest::SCRATCH, 80_000),
        ..Guest::default()
    };
    let folder = TempDir::new().unwrap();
    let plugins = folder.path().join("plugins");
    std::fs::create_dir(&plugins).unwrap();
    std::fs::write(plugins.join("large.wasm"), large.component()).unwrap();
    let usual = CallLimits::default();
    let memory = CallLimits {
        memory_bytes: 128 << 20,
        ..usual.clone()
    };
    let state = CallLimits {
        state_bytes: 100_000,
        ..memory.clone()
    };
    let limits = Arc::new(Mutex::new(usual.clone()));
    let mut config = Config::new(
        plugins,
        folder.path().join("data"),
        Arc::new(Scripted::Says("")),
        Arc::new(Embedded::in_memory().unwrap()),
    );
    let asked = limits.clone();
    config.limits = Arc::new(move |module| {
        assert_eq!(module, "large");
        asked.lock().unwrap().clone()
    });
    let runtime = Runtime::new(config).unwrap();
    runtime.load_all().await.unwrap();
    let watch = tokio::spawn(runtime.watch(Duration::from_millis(100)));
    for (now, refused) in [
        (usual, Some("`describe` failed")),
        (memory, Some("state: 80000 bytes, at most 65536 are kept")),
        (state, None),
    ] {
        *limits.lock().unwrap() = now;
        let loaded = || match (runtime.module(&tenant(), "large"), refused) {
            (Err(why), Some(part)) => why.contains(part),
            (loaded, refused) => loaded.is_ok() && refused.is_none(),
        };
        let waited = tokio::time::timeout(Duration::from_secs(60), async {
            while !loaded() {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        });
        let waited = waited.await;
        let is = runtime.module(&tenant(), "large");
        assert!(waited.is_ok(), "{refused:?}: {is:?}");
    }
    watch.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tenants_own_module_comes_before_everybodys() {
    let bed = bed(&["hype"], Arc::new(Scripted::Says("")), |config| {
        let own = config.plugins.join("acme");
        std::fs::create_dir(&own).unwrap();
        std::fs::copy(built("rascal"), own.join("hype.wasm")).unwrap();
        std::fs::copy(built("rascal"), own.join("secret.wasm")).unwrap();
        // No tenant's.
        let stray = config.plugins.join("Not A Tenant");
        std::fs::create_dir(&stray).unwrap();
        std::fs::copy(built("rascal"), stray.join("stray.wasm")).unwrap();
    })
    .await;
    let [main, acme] = ["main", "acme"].map(|tenant| TenantId::new(tenant).unwrap());
    let digest = |tenant, name| {
        let module = bed.runtime.module(tenant, name);
        module.map(|status| status.module.digest.clone())
    };
    assert_ne!(digest(&main, "hype"), digest(&acme, "hype"));
    assert_eq!(digest(&acme, "hype"), digest(&acme, "secret"));
    let refused = digest(&main, "secret").unwrap_err();
    assert!(
        refused.ends_with("name one that is there: hype"),
        "{refused}"
    );
    for name in ["stray", "acme/secret", "../rascal", ""] {
        assert!(digest(&main, name).is_err(), "{name}");
    }
}
