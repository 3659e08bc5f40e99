//! {{title}}: reacts to what happens on the stream, and answers who speaks to it.

use persona_sdk::{
    About, ChatMessage, Error, Host, Latest, Persona, Prompt, Reply, StreamContext, Turn, line,
};
use serde::{Deserialize, Serialize};

/// What it keeps from call to call: bounded, and each new field with `#[serde(default)]`.
#[derive(Default, Serialize, Deserialize)]
struct {{Name}} {
    /// Ids of the events that it reacted to: each stands in many contexts.
    reacted: Latest<50>,
    /// What it said lately, so that it says something else now.
    said: Latest<8>,
}

impl Persona for {{Name}} {
    const STATE_VERSION: u32 = 1;

    fn about() -> About {
        About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }

    fn on_context(
        &mut self,
        turn: &Turn,
        context: &StreamContext,
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        let mut fresh = Vec::new();
        for event in &context.events {
            if self.reacted.push(event.id.as_str()) {
                fresh.push(event);
            }
        }
        if !turn.impulse.speak {
            return Ok(Reply::silent("not asked to speak"));
        }
        let task = if fresh.is_empty() {
            "Say what comes to your mind about the stream right now, in a few words."
        } else {
            "React to what just happened, in a few words."
        };
        let prompt = Prompt::new(&turn.profile)
            .stream(context)
            .events(fresh)
            .chat(&turn.profile, &turn.recent)
            .earlier_lines(self.said.iter())
            .task(task);
        Ok(self.speak(prompt, turn, host))
    }

    fn on_firehose(
        &mut self,
        turn: &Turn,
        messages: &[ChatMessage],
        host: &mut dyn Host,
    ) -> Result<Reply, Error> {
        if !turn.impulse.speak {
            return Ok(Reply::silent("not asked to speak"));
        }
        let waiting = turn.impulse.answer.as_ref().and_then(|id| turn.message(id));
        let named = || messages.iter().rfind(|message| turn.is_named_in(message));
        let Some(message) = waiting.or_else(named) else {
            return Ok(Reply::silent("nobody spoke to me"));
        };
        let prompt = Prompt::new(&turn.profile)
            .chat(&turn.profile, &turn.recent)
            .earlier_lines(self.said.iter())
            .answer(message)
            .task("Answer this message, in a few words.");
        Ok(self.speak(prompt, turn, host).reply_to(&message.id))
    }
}

impl {{Name}} {
    /// Asks the model; whatever keeps it from answering is a reason for silence.
    fn speak(&mut self, prompt: Prompt, turn: &Turn, host: &mut dyn Host) -> Reply {
        let completion = match host.complete(&prompt.request(40, 0.9)) {
            Ok(completion) => completion,
            Err(error) => return Reply::silent(error.reason()),
        };
        let longest = turn.limits.max_line_chars as usize;
        match line::from_completion(&completion.text, &[&turn.profile.name], longest) {
            Some(text) => {
                self.said.push(text.as_str());
                Reply::say(text)
            }
            None => Reply::silent("the model gave no line"),
        }
    }
}

persona_sdk::export!({{Name}});

#[cfg(test)]
mod tests {
    use super::{{Name}};
    use persona_sdk::{
        llm,
        testkit::{Harness, context, message, turn},
    };

    #[test]
    fn reacts_to_what_happened_once() {
        let mut persona = Harness::<{{Name}}>::new();
        persona.host.answer("\"what a save\"").answer("still here");
        let stream = context()
            .said("and it holds")
            .event("e1", "hype", "WHAT A SAVE");
        let called = persona.on_context(turn().speak(), stream.clone()).unwrap();
        assert_eq!(called.text(), Some("what a save"));
        assert!(persona.host.latest_prompt().contains("hype: WHAT A SAVE"));
        persona.on_context(turn().speak(), stream).unwrap();
        assert!(!persona.host.latest_prompt().contains("hype: WHAT A SAVE"));
    }

    #[test]
    fn answers_who_speaks_to_it() {
        let mut persona = Harness::<{{Name}}>::new();
        persona.host.answer("hi Ana");
        let call = message("Ana", "hey nova");
        let called = persona
            .on_firehose(turn().answer(&call), std::slice::from_ref(&call))
            .unwrap();
        assert_eq!(called.text(), Some("hi Ana"));
        assert_eq!(called.reply_to(), Some(call.id.as_str()));
    }

    #[test]
    fn is_silent_when_not_asked_or_the_model_is_away() {
        let mut persona = Harness::<{{Name}}>::new();
        let called = persona.on_context(turn(), context()).unwrap();
        assert_eq!(called.silent_because.as_deref(), Some("not asked to speak"));
        persona.host.fail(llm::Error::Busy);
        let called = persona.on_context(turn().speak(), context()).unwrap();
        let reason = called.silent_because.as_deref();
        assert_eq!(reason, Some("the language model is busy"));
    }
}
