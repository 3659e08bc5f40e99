//! What a regular does, call by call.

use persona_sdk::{
    ChatMessage, Fate, StreamContext, llm,
    memory::{Kind, NewEntry},
    testkit::{Harness, NOW, context, message, persona_message, turn},
    words,
};
use regular::Regular;

fn stream() -> StreamContext {
    context()
        .said("and here comes the dragon")
        .keyword("dragon")
        .build()
}

fn heard(regular: &mut Harness<Regular>, name: &str, text: &str) -> ChatMessage {
    let message = message(name, text);
    regular
        .on_firehose(turn(), std::slice::from_ref(&message))
        .expect("it keeps to the rules");
    message
}

#[test]
fn speaks_only_when_the_host_wants_it_to() {
    let mut regular = Harness::<Regular>::new();
    let quiet = regular.on_context(turn(), stream()).unwrap();
    assert_eq!(quiet.silent_because.as_deref(), Some("no impulse to speak"));
    assert!(regular.host.requests.is_empty());
    regular
        .host
        .answer("\"that dragon though\"\n\nHope this helps!");
    let said = regular.on_context(turn().speak(), stream()).unwrap();
    assert_eq!(said.text(), Some("that dragon though"));
    assert!(
        regular
            .host
            .latest_prompt()
            .contains("## Stream now\n<<<\nand here comes the dragon\n>>>")
    );
}

#[test]
fn answers_the_message_that_waits() {
    let mut regular = Harness::<Regular>::new();
    let ana = message("Ana", "which dragon is this?");
    regular.host.answer("the red one");
    let said = regular
        .on_firehose(
            turn().answer(&ana).trait_value("sociability", 0.0),
            std::slice::from_ref(&ana),
        )
        .unwrap();
    assert!(said.text().unwrap().contains("the red one"));
    assert_eq!(said.reply_to(), Some(ana.id.as_str()));
    assert!(
        regular
            .host
            .latest_prompt()
            .contains("## Answer this\n<<<\nAna: which dragon is this?\n>>>")
    );
    let again = regular.on_context(turn().answer(&ana), context()).unwrap();
    assert_eq!(
        again.silent_because.as_deref(),
        Some("nothing new on the stream"),
        "it has answered"
    );
}

#[test]
fn answers_a_waiting_message_when_the_stream_calls_too() {
    let mut regular = Harness::<Regular>::new();
    let ana = message("Ana", "nova?");
    regular.host.answer("here");
    let said = regular.on_context(turn().answer(&ana), stream()).unwrap();
    assert_eq!(said.reply_to(), Some(ana.id.as_str()));
}

#[test]
fn does_not_claim_to_answer_a_persona() {
    let mut regular = Harness::<Regular>::new();
    regular.host.answer("true");
    let said = regular
        .on_firehose(turn().speak(), &[persona_message("bo", "big dragon")])
        .unwrap();
    assert_eq!((said.text(), said.reply_to()), (Some("true"), None));
}

#[test]
fn calls_people_by_their_name_now_and_then() {
    let named = (0..200u64)
        .filter(|&seed| {
            let mut regular = Harness::<Regular>::new();
            let ana = message("Ana", "hello there");
            regular.host.answer("sure thing");
            let said = regular
                .on_firehose(turn().seed(seed).answer(&ana), std::slice::from_ref(&ana))
                .unwrap();
            said.text().unwrap().contains("Ana")
        })
        .count();
    assert!(
        (30..100).contains(&named),
        "at a sociability of 0.5 about a third of 200: {named}"
    );
}

#[test]
fn reacts_to_an_event_once() {
    let mut regular = Harness::<Regular>::new();
    let wow = || context().event("e1", "hype", "WHAT A SAVE").build();
    regular.host.answer("clean save");
    assert_eq!(
        regular.on_context(turn().speak(), wow()).unwrap().text(),
        Some("clean save")
    );
    assert!(
        regular
            .host
            .latest_prompt()
            .contains("## What just happened\n<<<\nhype: WHAT A SAVE\n>>>")
    );
    let again = regular.on_context(turn().speak(), wow()).unwrap();
    assert_eq!(
        again.silent_because.as_deref(),
        Some("nothing new on the stream")
    );
}

#[test]
fn an_event_stays_open_when_no_line_came_of_it() {
    let mut regular = Harness::<Regular>::new();
    let wow = || context().event("e1", "hype", "WHAT A SAVE").build();
    regular.host.fail(llm::Error::Busy).answer("clean save");
    assert_eq!(
        regular.on_context(turn().speak(), wow()).unwrap().text(),
        None
    );
    assert_eq!(
        regular.on_context(turn().speak(), wow()).unwrap().text(),
        Some("clean save")
    );
}

#[test]
fn answers_the_streamers_question_before_anything_else() {
    let mut regular = Harness::<Regular>::new();
    regular.host.answer("coffee");
    let asks = context()
        .said("so")
        .event("e1", "hype", "WOW")
        .question("q1", "tea or coffee, chat?");
    assert_eq!(
        regular.on_context(turn().speak(), asks).unwrap().text(),
        Some("coffee")
    );
    assert!(
        regular
            .host
            .latest_prompt()
            .contains("## Question to chat\n<<<\ntea or coffee, chat?\n>>>")
    );
}

#[test]
fn is_silent_with_the_reason_when_the_model_is() {
    let cases = [
        (llm::Error::Busy, "the language model is busy"),
        (llm::Error::OverBudget, "no language model budget is left"),
        (
            llm::Error::Timeout,
            "the language model did not answer in time",
        ),
        (
            llm::Error::Unavailable("connection refused".into()),
            "the language model is unavailable",
        ),
        (
            llm::Error::Refused("too long".into()),
            "the language model refused the request",
        ),
    ];
    for (error, reason) in cases {
        let mut regular = Harness::<Regular>::new();
        regular.host.fail(error);
        let called = regular.on_context(turn().speak(), stream()).unwrap();
        assert_eq!(called.silent_because.as_deref(), Some(reason));
    }
    let mut regular = Harness::<Regular>::new();
    regular.host.answer("<think>hm").answer("<think>hm");
    let called = regular.on_context(turn().speak(), stream()).unwrap();
    assert_eq!(
        called.silent_because.as_deref(),
        Some("the language model gave no line")
    );
}

#[test]
fn asks_again_rather_than_repeat_itself() {
    let mut regular = Harness::<Regular>::new();
    regular.host.answer("so good");
    regular.on_context(turn().speak(), stream()).unwrap();
    regular.host.answer("SO GOOD!!").answer("that tail");
    assert_eq!(
        regular.on_context(turn().speak(), stream()).unwrap().text(),
        Some("that tail")
    );
    assert!(
        regular
            .host
            .latest_prompt()
            .contains("## Your earlier lines\n<<<\nso good\n>>>")
    );
    regular.host.answer("so good").answer("that tail");
    let called = regular.on_context(turn().speak(), stream()).unwrap();
    assert_eq!(
        called.silent_because.as_deref(),
        Some("would only repeat what was said")
    );
}

#[test]
fn does_not_echo_the_chat() {
    let mut regular = Harness::<Regular>::new();
    regular.host.answer("gg").answer("well played");
    let said = regular
        .on_context(turn().speak().recent(&[message("Ana", "GG!")]), stream())
        .unwrap();
    assert_eq!(said.text(), Some("well played"));
}

#[test]
fn a_dropped_line_is_no_example() {
    let mut regular = Harness::<Regular>::new();
    regular.host.answer("rude line").answer("kind line");
    regular.on_context(turn().speak(), stream()).unwrap();
    regular
        .on_context(
            turn()
                .speak()
                .fate("rude line", Fate::Dropped("blocklist".into())),
            stream(),
        )
        .unwrap();
    assert!(!regular.host.latest_prompt().contains("rude line"));
}

#[test]
fn remembers_what_people_tell_and_uses_it() {
    let mut regular = Harness::<Regular>::new();
    let told = heard(&mut regular, "Ana", "I love pineapple on pizza");
    heard(&mut regular, "Ana", "i love pineapple on pizza!!");
    let wanted = NewEntry::new(Kind::Preference, "Ana loves pineapple on pizza")
        .about("guest:ana")
        .source(&told.id);
    assert_eq!(
        regular.host.remembered,
        [wanted],
        "once, and with its source"
    );
    let asks = message("Ana", "what should we eat?");
    regular.host.answer("you know what");
    regular
        .on_firehose(turn().answer(&asks), std::slice::from_ref(&asks))
        .unwrap();
    assert!(
        regular
            .host
            .latest_prompt()
            .contains("## What you remember\n<<<\nAna loves pineapple on pizza\n>>>")
    );
}

#[test]
fn what_others_told_is_not_taken_for_theirs() {
    let mut regular = Harness::<Regular>::new();
    regular
        .host
        .knows(NewEntry::new(Kind::Preference, "Ana loves tea").about("guest:ana-of-old"));
    let ana = message("Ana", "hello hello");
    regular.host.answer("hi");
    regular
        .on_firehose(turn().answer(&ana), std::slice::from_ref(&ana))
        .unwrap();
    assert!(!regular.host.latest_prompt().contains("loves tea"));
}

#[test]
fn a_stranger_to_its_state_may_be_known_to_its_memory() {
    let mut regular = Harness::<Regular>::new();
    regular
        .host
        .knows(NewEntry::new(Kind::Preference, "Ana loves tea").about("guest:ana"));
    let ana = message("Ana", "hello hello");
    regular.host.answer("hi");
    regular
        .on_firehose(turn().answer(&ana), std::slice::from_ref(&ana))
        .unwrap();
    let prompt = regular.host.latest_prompt();
    assert!(
        prompt.contains("Ana was here before, but not for a while\nAna loves tea\n"),
        "{prompt}"
    );
}

#[test]
fn greets_whoever_comes_back_by_name() {
    let mut regular = Harness::<Regular>::new();
    heard(&mut regular, "Ana", "bye for now");
    let mut back = message("Ana", "evening all");
    back.sent_at = NOW + 60 * 60 * 1000;
    regular.host.answer("welcome back").answer("yes");
    let said = regular
        .on_firehose(
            turn().now(back.sent_at).speak(),
            std::slice::from_ref(&back),
        )
        .unwrap();
    assert!(said.text().unwrap().contains("Ana") && said.text().unwrap().contains("welcome back"));
    assert!(
        regular
            .host
            .latest_prompt()
            .contains("is back after a while")
    );
    let mut next = message("Ana", "what did i miss");
    next.sent_at = back.sent_at + 1000;
    regular
        .on_firehose(
            turn().now(next.sent_at).speak(),
            std::slice::from_ref(&next),
        )
        .unwrap();
    assert!(
        !regular
            .host
            .latest_prompt()
            .contains("is back after a while"),
        "only once"
    );
}

#[test]
fn notes_a_running_joke() {
    let mut regular = Harness::<Regular>::new();
    for name in ["Ana", "Bo", "Cy", "Di"] {
        heard(&mut regular, name, "skill issue");
    }
    assert_eq!(regular.host.remembered.len(), 1);
    assert_eq!(regular.host.remembered[0].kind, Kind::RunningJoke);
    assert_eq!(
        regular.host.remembered[0].text,
        "A running joke of this chat: “skill issue”"
    );
}

#[test]
fn in_the_chat_it_still_knows_what_is_on() {
    let mut regular = Harness::<Regular>::new();
    regular.on_context(turn(), stream()).unwrap();
    regular.host.answer("the dragon ofc").answer("ok");
    regular
        .on_firehose(turn().speak(), &[message("Ana", "what is it")])
        .unwrap();
    assert!(
        regular
            .host
            .latest_prompt()
            .contains("## Keywords\n<<<\ndragon\n>>>")
    );
    regular
        .on_firehose(
            turn().speak().now(NOW + 600_000),
            &[message("Ana", "and now")],
        )
        .unwrap();
    assert!(
        !regular
            .host
            .latest_prompt()
            .contains("dragon\n>>>\n\n## Chat"),
        "that was ten minutes ago"
    );
}

#[test]
fn goes_on_without_its_memory() {
    let mut regular = Harness::<Regular>::new();
    regular
        .host
        .break_memory(persona_sdk::memory::Error::Unavailable("down".into()))
        .answer("hm");
    let said = regular.on_context(turn().speak(), stream()).unwrap();
    assert_eq!(said.text(), Some("hm"));
    assert!(
        regular
            .host
            .log
            .iter()
            .any(|(_, line)| line.contains("went on without memories"))
    );
}

#[test]
fn long_answers_are_cut_and_never_break_a_rule() {
    let mut regular = Harness::<Regular>::new();
    let ana = message(&"A".repeat(40), "nova?");
    regular.host.answer(&"dragon ".repeat(100));
    let said = regular
        .on_firehose(
            turn().max_line_chars(60).answer(&ana),
            std::slice::from_ref(&ana),
        )
        .unwrap();
    assert!(said.text().unwrap().chars().count() <= 60);
}

#[test]
fn joins_a_wave_without_the_model() {
    let wave = [persona_message("bo", "no way"), message("Cy", "NO WAY!")];
    let mut joined = 0;
    for seed in 0..20 {
        let mut regular = Harness::<Regular>::new();
        regular.host.answer("that tail");
        let turn = turn()
            .seed(seed)
            .trait_value("conformity", 0.6)
            .recent(&wave)
            .speak();
        let said = regular.on_context(turn, stream()).unwrap();
        let repeats = words::fingerprint(said.text().unwrap()) == "no way";
        assert_eq!(repeats, regular.host.requests.is_empty());
        joined += u32::from(repeats);
    }
    assert!((12..20).contains(&joined), "{joined} of 20");
}

#[test]
fn whoever_waits_for_an_answer_gets_one_even_in_a_wave() {
    let wave = [persona_message("bo", "no way"), message("Cy", "NO WAY!")];
    let ana = message("Ana", "nova which dragon is it?");
    let mut regular = Harness::<Regular>::new();
    regular.host.answer("the red one");
    let turn = turn().trait_value("conformity", 1.0).recent(&wave);
    let said = regular
        .on_firehose(turn.answer(&ana), std::slice::from_ref(&ana))
        .unwrap();
    assert!(said.text().unwrap().contains("the red one"));
}

/// What was told in one session is there in the next, and in the prompt when it fits.
#[test]
fn brings_up_what_people_told() {
    let mut regular = Harness::<Regular>::new();
    heard(&mut regular, "Ana", "my exam is on friday");
    heard(&mut regular, "Bo", "i have a cat called Mochi");
    heard(&mut regular, "Ana", "ok bye");
    let mut back = message("Ana", "hi all");
    back.sent_at = NOW + 3 * 24 * 60 * 60 * 1000;
    regular.host.answer("how was it").answer("mochi though");
    regular
        .on_firehose(
            turn().now(back.sent_at).speak(),
            std::slice::from_ref(&back),
        )
        .unwrap();
    let prompt = regular.host.latest_prompt();
    assert!(
        prompt.contains("Ana's exam is on friday (told on Saturday 31 January)")
            && prompt.contains("pick up what you remember of them"),
        "{prompt}"
    );
    // On the stream there is a cat.
    let cat = context().said("the cat is on the desk").keyword("cat");
    regular
        .on_context(turn().now(back.sent_at + 60_000).speak(), cat)
        .unwrap();
    let prompt = regular.host.latest_prompt();
    assert!(
        prompt.contains("Bo has a cat called Mochi") && prompt.contains("that you remember fits"),
        "{prompt}"
    );
}

/// A busy evening, in letters of one byte and of three: state has to stay below the host's 64 KiB.
#[test]
fn state_stays_bounded() {
    for letter in ["x", "語"] {
        let mut regular = Harness::<Regular>::new();
        for i in 0..150u64 {
            let name = format!("viewer number {i}");
            let long = letter.repeat(11);
            let text = format!(
                "i love {long}{i}, my name is {long}{i}, i hate {long}, green{i}{long} blue{i}{long} red{i}{long}"
            );
            let mut message = message(&name, &text);
            message.author.id = format!("guest:{}-{i}", "a".repeat(80));
            regular
                .host
                .answer(&format!("line number {i} {}", letter.repeat(280)));
            let stream = context()
                .said(&format!("{letter} ").repeat(400))
                .keyword(&letter.repeat(80))
                .event(&format!("event-{i}-{}", "y".repeat(30)), "hype", "WOW");
            regular
                .on_firehose(turn().now(NOW + i * 1000).speak(), &[message])
                .unwrap();
            regular
                .host
                .answer(&format!("stream line {i} {}", letter.repeat(280)));
            regular
                .on_context(turn().now(NOW + i * 1000).speak(), stream)
                .unwrap();
        }
        let bytes = regular.state.as_ref().unwrap().bytes.len();
        assert!(bytes < 60_000, "{letter}: {bytes} bytes");
    }
}
