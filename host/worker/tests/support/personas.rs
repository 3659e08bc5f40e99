//! Scripted personas.

use async_trait::async_trait;
use chatter_protocol::{
    CallRecord, TenantId, V1,
    call::{CallEnd, CallInput, CallTimes, Line, Outcome, State},
    memory,
    persona::{Calls, ModuleRef},
};
use chatter_runtime::{Call, ModuleStatus, Personas, Route};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::time::sleep;

/// What a persona does when it is called.
type Script = Box<dyn Fn(&Call) -> Act + Send + Sync>;

pub(crate) enum Act {
    Return(Outcome),
    ReturnAfter(Duration, Outcome),
    End(CallEnd),
    Hang,
    Panic,
}

#[derive(Default)]
pub(crate) struct Scripted {
    scripts: Mutex<BTreeMap<String, Arc<Script>>>,
    /// What a module is, if it isn't what it always was.
    versions: Mutex<BTreeMap<String, ModuleStatus>>,
    pub(crate) calls: Mutex<Vec<Call>>,
    /// What is wrong with what calls reach.
    pub(crate) trouble: Mutex<String>,
    /// How long calls may wait for a place.
    patience: Duration,
}

impl Scripted {
    /// Whose calls may wait so long for a place.
    pub(crate) fn patient(patience: Duration) -> Self {
        Self {
            patience,
            ..Self::default()
        }
    }

    pub(crate) fn on(&self, module: &str, script: impl Fn(&Call) -> Act + Send + Sync + 'static) {
        self.scripts
            .lock()
            .unwrap()
            .insert(module.into(), Arc::new(Box::new(script)));
    }

    /// From now on the module is of this digest, and those others were taken back.
    pub(crate) fn serves(&self, module: &str, digest: &str, rejected: &[&str]) {
        let version = ModuleRef {
            digest: digest.into(),
            ..ModuleRef::clone(&module_ref(module))
        };
        let status = ModuleStatus {
            rejected: rejected.iter().map(|digest| (*digest).into()).collect(),
            ..ModuleStatus::well(Arc::new(version))
        };
        self.versions.lock().unwrap().insert(module.into(), status);
    }

    fn version(&self, module: &str) -> ModuleStatus {
        let versions = self.versions.lock().unwrap();
        versions
            .get(module)
            .cloned()
            .unwrap_or_else(|| ModuleStatus::well(module_ref(module)))
    }

    pub(crate) fn calls_of(&self, module: &str) -> Vec<Call> {
        let calls = self.calls.lock().unwrap();
        calls
            .iter()
            .filter(|call| &*call.module == module)
            .cloned()
            .collect()
    }

    /// The texts that a module was called on by the firehose, call by call.
    pub(crate) fn batches_of(&self, module: &str) -> Vec<Vec<String>> {
        let batch = |call: Call| match call.input {
            CallInput::Firehose(messages) => Some(
                messages
                    .iter()
                    .map(|message| message.text.clone())
                    .collect(),
            ),
            _ => None,
        };
        self.calls_of(module)
            .into_iter()
            .filter_map(batch)
            .collect()
    }
}

fn module_ref(name: &str) -> Arc<ModuleRef> {
    Arc::new(ModuleRef {
        name: name.into(),
        digest: "d1".repeat(32),
        contract: "0.2.0".into(),
        version: "1.0.0".into(),
        calls: Calls::ALL,
    })
}

#[async_trait]
impl Personas for Scripted {
    fn trouble(&self, scope: &memory::Scope, _: Option<&Route>) -> String {
        match &**self.trouble.lock().unwrap() {
            "" => String::new(),
            what => format!("{what} for {}", scope.persona),
        }
    }

    async fn call(&self, call: Call) -> CallRecord {
        self.calls.lock().unwrap().push(call.clone());
        let script = self.scripts.lock().unwrap().get(&*call.module).cloned();
        let act = script.map_or(Act::Return(Outcome::default()), |script| script(&call));
        let module = self.version(&call.module).module;
        let end = match act {
            Act::Return(outcome) => CallEnd::Returned { outcome },
            Act::ReturnAfter(wait, outcome) => {
                sleep(wait).await;
                CallEnd::Returned { outcome }
            }
            Act::End(end) => end,
            Act::Hang => std::future::pending().await,
            Act::Panic => panic!("scripted"),
        };
        CallRecord {
            v: V1,
            module,
            turn: call.turn,
            input: call.input,
            limits: call.limits,
            imports: Vec::new(),
            log: Vec::new(),
            end,
            submitted: Vec::new(),
            times: CallTimes::default(),
        }
    }

    fn module(&self, _: &TenantId, name: &str) -> Result<ModuleStatus, String> {
        if self.scripts.lock().unwrap().contains_key(name) {
            Ok(self.version(name))
        } else {
            Err(format!("plugins/{name}.wasm is not there"))
        }
    }

    fn patience(&self) -> Duration {
        self.patience
    }
}

pub(crate) fn line(text: &str) -> Line {
    Line {
        text: text.into(),
        reply_to: None,
    }
}

/// Says one line whenever it is to speak, and counts its calls in its state.
pub(crate) fn talks(call: &Call) -> Act {
    let count = call
        .turn
        .state
        .as_ref()
        .map_or(0, |state| state.bytes[0])
        .wrapping_add(1);
    let said = if call.turn.impulse.speak {
        vec![line(&format!("line {count}"))]
    } else {
        vec![]
    };
    Act::Return(Outcome {
        state: Some(State {
            version: 1,
            bytes: Arc::from([count]),
        }),
        lines: said,
        ..Outcome::default()
    })
}
