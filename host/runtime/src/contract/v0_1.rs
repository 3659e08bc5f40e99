//! Version 0.1.0: what differs from the current version, and where the imports go.
//!
//! Component types are compared by their structure, so whatever reads the same in both versions of
//! `wit/` is the current version's type here; each export's type is checked when it is looked up.

use super::{
    Asked, Returned,
    v0_2::{
        chatter::persona::{
            llm::{self, Host as _},
            log::{self, Host as _},
            memory::{self, Host as _},
            types as wit,
        },
        exports::chatter::persona::guest::{Digest, Reflection},
    },
};
use crate::sandbox::Sandbox;
use wasmtime::{
    Engine, Store,
    component::{ComponentExportIndex, ComponentType, InstancePre, Lift, Linker, Lower, TypedFunc},
    error::Context as _,
};

/// The version's number.
pub(crate) const VERSION: &str = "0.1.0";

// === What differs ===

/// A turn without what later versions tell.
#[derive(Clone, ComponentType, Lower)]
#[component(record)]
struct Turn<'a> {
    #[component(name = "call-id")]
    call_id: &'a str,
    room: wit::Room<'a>,
    profile: wit::Profile<'a>,
    now: u64,
    seed: u64,
    recent: &'a [wit::ChatMessage<'a>],
    trends: Option<wit::Trends<'a>>,
    impulse: wit::Impulse<'a>,
    fates: &'a [wit::LineFate<'a>],
    state: Option<wit::State<'a>>,
    limits: Limits,
    extensions: Option<&'a str>,
}

/// No more than what an outcome may have.
#[derive(Clone, ComponentType, Lower)]
#[component(record)]
struct Limits {
    #[component(name = "max-lines")]
    lines: u32,
    #[component(name = "max-line-chars")]
    line_chars: u32,
    #[component(name = "max-state-bytes")]
    state_bytes: u32,
}

/// A component of this version wants every call.
#[derive(ComponentType, Lift)]
#[component(record)]
struct About {
    name: String,
    version: String,
    #[component(name = "state-version")]
    state_version: u32,
    traits: Vec<String>,
}

impl<'a> From<wit::Turn<'a>> for Turn<'a> {
    fn from(turn: wit::Turn<'a>) -> Self {
        Self {
            call_id: turn.call_id,
            room: turn.room,
            profile: turn.profile,
            now: turn.now,
            seed: turn.seed,
            recent: turn.recent,
            trends: turn.trends,
            impulse: turn.impulse,
            fates: turn.fates,
            state: turn.state,
            limits: Limits {
                lines: turn.limits.max_lines,
                line_chars: turn.limits.max_line_chars,
                state_bytes: turn.limits.max_state_bytes,
            },
            extensions: turn.extensions,
        }
    }
}

impl From<About> for wit::About {
    fn from(about: About) -> Self {
        Self {
            name: about.name,
            version: about.version,
            state_version: about.state_version,
            traits: about.traits,
            calls: wit::Calls::all(),
        }
    }
}

// === The exports ===

type Describe = TypedFunc<(), (About,)>;
type OnContext<'a> = TypedFunc<(Turn<'a>, wit::StreamContext<'a>), (Result<wit::Outcome, String>,)>;
type OnFirehose<'a> =
    TypedFunc<(Turn<'a>, &'a [wit::ChatMessage<'a>]), (Result<wit::Outcome, String>,)>;
type Reflect<'a> = TypedFunc<(Turn<'a>, Digest<'a>), (Result<Reflection, String>,)>;

/// A component of this version, ready to be instantiated.
pub(crate) struct PersonaPre {
    pre: InstancePre<Sandbox>,
    describe: ComponentExportIndex,
    on_context: ComponentExportIndex,
    on_firehose: ComponentExportIndex,
    reflect: ComponentExportIndex,
}

const GUEST: &str = "chatter:persona/guest@0.1.0";

impl PersonaPre {
    pub(super) fn new(pre: InstancePre<Sandbox>) -> wasmtime::Result<Self> {
        let component = pre.component();
        let guest = component
            .get_export_index(None, GUEST)
            .with_context(|| format!("no exported instance `{GUEST}`"))?;
        let function = |name| {
            component
                .get_export_index(Some(&guest), name)
                .with_context(|| format!("`{GUEST}` exports no function `{name}`"))
        };
        Ok(Self {
            describe: function("describe")?,
            on_context: function("on-context")?,
            on_firehose: function("on-firehose")?,
            reflect: function("reflect")?,
            pre,
        })
    }

    pub(super) fn engine(&self) -> &Engine {
        self.pre.engine()
    }

    /// Looks up every export, so that one of another type is found out when the module is loaded.
    pub(super) async fn describe(
        &self,
        store: &mut Store<Sandbox>,
    ) -> wasmtime::Result<wit::About> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let _: OnContext<'_> = instance.get_typed_func(&mut *store, self.on_context)?;
        let _: OnFirehose<'_> = instance.get_typed_func(&mut *store, self.on_firehose)?;
        let _: Reflect<'_> = instance.get_typed_func(&mut *store, self.reflect)?;
        let describe: Describe = instance.get_typed_func(&mut *store, self.describe)?;
        let (about,) = describe.call_async(store, ()).await?;
        Ok(about.into())
    }

    pub(super) async fn call(
        &self,
        store: &mut Store<Sandbox>,
        turn: wit::Turn<'_>,
        asked: Asked<'_>,
    ) -> wasmtime::Result<Result<Returned, String>> {
        let instance = self.pre.instantiate_async(&mut *store).await?;
        let turn = turn.into();
        Ok(match asked {
            Asked::Context(context) => {
                let export: OnContext<'_> =
                    instance.get_typed_func(&mut *store, self.on_context)?;
                let (returned,) = export.call_async(store, (turn, context)).await?;
                returned.map(Returned::Outcome)
            }
            Asked::Firehose(messages) => {
                let export: OnFirehose<'_> =
                    instance.get_typed_func(&mut *store, self.on_firehose)?;
                let (returned,) = export.call_async(store, (turn, messages)).await?;
                returned.map(Returned::Outcome)
            }
            Asked::Reflect(digest) => {
                let export: Reflect<'_> = instance.get_typed_func(&mut *store, self.reflect)?;
                let (returned,) = export.call_async(store, (turn, digest)).await?;
                returned.map(Returned::Reflection)
            }
        })
    }
}

// === The imports ===

/// They are the current version's, under this one's names.
pub(super) fn link(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    linker.instance("chatter:persona/types@0.1.0")?;

    let mut model = linker.instance("chatter:persona/llm@0.1.0")?;
    type Request = (Vec<llm::Message>, u32, f32, Option<String>);
    model.func_wrap_async("complete", |mut store, request: Request| {
        Box::new(async move {
            let (messages, max_tokens, temperature, schema) = request;
            let asked = store
                .data_mut()
                .complete(messages, max_tokens, temperature, schema);
            Ok((asked.await,))
        })
    })?;
    model.func_wrap("remaining", |mut store, ()| {
        Ok((store.data_mut().remaining(),))
    })?;

    let mut recall = linker.instance("chatter:persona/memory@0.1.0")?;
    type Query = (String, Vec<memory::Kind>, u32);
    recall.func_wrap_async("search", |mut store, (query, kinds, limit): Query| {
        Box::new(async move { Ok((store.data_mut().search(query, kinds, limit).await,)) })
    })?;
    recall.func_wrap("remember", |mut store, (entry,): (memory::NewEntry,)| {
        Ok((store.data_mut().remember(entry),))
    })?;

    let mut diary = linker.instance("chatter:persona/log@0.1.0")?;
    diary.func_wrap("write", |mut store, (level, text): (log::Level, String)| {
        store.data_mut().write(level, text);
        Ok(())
    })
}
