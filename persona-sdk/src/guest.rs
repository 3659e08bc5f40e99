//! One call: state in, the author's code, state out. The sandbox and the test kit both come here.

use crate::{
    Error, Host, Persona, Reflection, Reply,
    bindings::{chatter::persona::types, exports::chatter::persona::guest},
    types::{State, Turn},
};
use std::marker::PhantomData;

/// What [`crate::export!`] exports for a persona.
#[derive(Debug)]
pub struct Component<P>(PhantomData<P>);

/// A call that returned well.
pub(crate) struct Ran<T> {
    /// What the author's code answered.
    pub answer: T,
    /// The new state, if it is another than before.
    pub state: Option<Vec<u8>>,
}

/// Loads the state, runs `call` on it and stores it again.
pub(crate) fn run<P: Persona, H: Host, T>(
    turn: &Turn,
    host: &mut H,
    call: impl FnOnce(&mut P, &mut H) -> Result<T, Error>,
) -> Result<Ran<T>, Error> {
    let (mut persona, before) = load::<P>(turn.state.as_ref(), host)?;
    let answer = call(&mut persona, host)?;
    let after = store(&persona)?;
    Ok(Ran {
        answer,
        state: (before.as_deref() != Some(after.as_slice())).then_some(after),
    })
}

/// The persona, and the bytes that the host already has of it. A fresh one counts as stored, since
/// the host comes to the same without them.
fn load<P: Persona>(
    state: Option<&State>,
    host: &mut dyn Host,
) -> Result<(P, Option<Vec<u8>>), Error> {
    let Some(state) = state else {
        let fresh = P::default();
        let bytes = store(&fresh)?;
        return Ok((fresh, Some(bytes)));
    };
    if state.version != P::STATE_VERSION {
        return Ok((P::migrate(state.version, &state.bytes, host)?, None));
    }
    // To start anew here would throw away what an oversight made unreadable.
    let persona = serde_json::from_slice(&state.bytes).map_err(|error| {
        Error::new(format_args!(
            "state version {} can't be read: {error}; give a new field #[serde(default)], or raise STATE_VERSION \
             and write `migrate`",
            state.version
        ))
    })?;
    Ok((persona, Some(state.bytes.clone())))
}

fn store<P: Persona>(persona: &P) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(persona)
        .map_err(|error| Error::new(format_args!("the state can't be written as JSON: {error}")))
}

impl Ran<Reply> {
    pub(crate) fn into_outcome(self) -> types::Outcome {
        let Reply {
            lines,
            silent_because,
            extensions,
        } = self.answer;
        let decision = match silent_because {
            Some(reason) => types::Decision::Silent(reason),
            None => types::Decision::Spoke,
        };
        types::Outcome {
            state: self.state,
            lines,
            decision,
            extensions,
        }
    }
}

impl Ran<Reflection> {
    pub(crate) fn into_reflection(self) -> guest::Reflection {
        let Reflection {
            traits,
            relationships,
            memories,
        } = self.answer;
        guest::Reflection {
            state: self.state,
            traits,
            relationships,
            memories,
        }
    }
}

#[cfg(target_family = "wasm")]
impl<P: Persona> guest::Guest for Component<P> {
    fn describe() -> types::About {
        // This function has no import at hand, the log included; standard error is always there.
        on_panic(|words| eprintln!("{}", words.replace('\n', " ")));
        let crate::About {
            name,
            version,
            traits,
            calls,
        } = P::about();
        types::About {
            name,
            version,
            state_version: P::STATE_VERSION,
            traits,
            calls,
        }
    }

    fn on_context(turn: Turn, context: types::StreamContext) -> Result<types::Outcome, String> {
        on_panic(|words| crate::host::Imports.error(words));
        run::<P, _, _>(&turn, &mut crate::host::Imports, |persona, host| {
            persona.on_context(&turn, &context, host)
        })
        .map(Ran::<Reply>::into_outcome)
        .map_err(|error| error.to_string())
    }

    fn on_firehose(
        turn: Turn,
        messages: Vec<types::ChatMessage>,
    ) -> Result<types::Outcome, String> {
        on_panic(|words| crate::host::Imports.error(words));
        run::<P, _, _>(&turn, &mut crate::host::Imports, |persona, host| {
            persona.on_firehose(&turn, &messages, host)
        })
        .map(Ran::<Reply>::into_outcome)
        .map_err(|error| error.to_string())
    }

    fn reflect(turn: Turn, digest: guest::Digest) -> Result<guest::Reflection, String> {
        on_panic(|words| crate::host::Imports.error(words));
        run::<P, _, _>(&turn, &mut crate::host::Imports, |persona, host| {
            persona.reflect(&turn, &digest, host)
        })
        .map(Ran::<Reflection>::into_reflection)
        .map_err(|error| error.to_string())
    }
}

/// A panic ends in a trap, of which the host only sees an address: its words are told first.
#[cfg(target_family = "wasm")]
fn on_panic(tell: fn(&str)) {
    std::panic::set_hook(Box::new(move |panic| {
        let words = panic.payload_as_str().unwrap_or("without a message");
        let place = panic
            .location()
            .map(|place| format!(" at {place}"))
            .unwrap_or_default();
        tell(&format!("panicked{place}: {words}"));
    }));
}
