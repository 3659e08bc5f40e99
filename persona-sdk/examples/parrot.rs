//! A parrot: repeats what the stream is about, and counts how often it was called by its name.

use persona_sdk::{About, ChatMessage, Error, Host, Persona, Reply, StreamContext, Turn};
use serde::{Deserialize, Serialize};

/// What it keeps from call to call.
#[derive(Default, Serialize, Deserialize)]
struct Parrot {
    called: u32,
}

impl Persona for Parrot {
    // Version 1 is that of what `new` made, which keeps something else.
    const STATE_VERSION: u32 = 2;

    fn about() -> About {
        About::new(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"))
    }

    fn on_context(
        &mut self,
        turn: &Turn,
        context: &StreamContext,
        _: &mut dyn Host,
    ) -> Result<Reply, Error> {
        Ok(match context.keywords.first() {
            Some(keyword) if turn.impulse.speak => Reply::say(format!("{0}! {0}!", keyword.term)),
            Some(_) => Reply::silent("not asked to speak"),
            None => Reply::silent("nothing to repeat"),
        })
    }

    fn on_firehose(
        &mut self,
        turn: &Turn,
        messages: &[ChatMessage],
        _: &mut dyn Host,
    ) -> Result<Reply, Error> {
        let mut calls = messages.iter().filter(|message| turn.is_named_in(message));
        let Some(call) = calls.next_back() else {
            return Ok(Reply::silent("nobody called"));
        };
        self.called += 1;
        if !turn.impulse.speak {
            return Ok(Reply::silent("not asked to speak"));
        }
        Ok(Reply::say(format!("squawk number {}", self.called)).reply_to(&call.id))
    }
}

persona_sdk::export!(Parrot);

#[cfg(test)]
mod tests {
    use super::Parrot;
    use persona_sdk::testkit::{Harness, context, message, turn};

    #[test]
    fn repeats_what_the_stream_is_about() {
        let mut parrot = Harness::<Parrot>::new();
        let stream = context().said("look at that chest").keyword("treasure");
        let called = parrot.on_context(turn().speak(), stream).unwrap();
        assert_eq!(called.text(), Some("treasure! treasure!"));
    }

    #[test]
    fn counts_even_when_it_may_not_speak() {
        let mut parrot = Harness::<Parrot>::new();
        let (first, second) = (message("Ana", "hey nova"), message("Ana", "nova?"));
        parrot.on_firehose(turn(), &[first]).unwrap();
        let called = parrot
            .on_firehose(turn().answer(&second), std::slice::from_ref(&second))
            .unwrap();
        assert_eq!(called.text(), Some("squawk number 2"));
        assert_eq!(called.reply_to(), Some(second.id.as_str()));
    }
}
