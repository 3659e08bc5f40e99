//! What may lie in the plugin folder, and what is said of it.

mod common;

use chatter_memory::Embedded;
use chatter_protocol::TenantId;
use chatter_runtime::{Config, Personas, Runtime};
use common::{Scripted, bed, built, call, tenant};
use std::sync::Arc;
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
