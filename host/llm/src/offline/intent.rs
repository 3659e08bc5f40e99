//! What a line is to do: which kinds of the corpus it may come from.

use super::{
    facts::Facts,
    message::{Want, denies, wants},
    mood::{Mood, mood_of},
    prompt::Moment,
};

pub(super) struct Intent {
    /// Kinds to draw from, with weights. Never empty.
    pub(super) kinds: Vec<(&'static str, f64)>,
    pub(super) mood: Mood,
    /// The event's or the message's words.
    pub(super) about: String,
    /// Whose message is answered; empty if they have no name. None if nobody is.
    pub(super) addressee: Option<String>,
    /// Whether a line has to say something: a reaction may be a word or an emote.
    pub(super) answers: bool,
    /// About how many words an answer needs.
    pub(super) needs: u32,
    /// Whether somebody wants to know whether this is an AI: who only uses emotes says it in words.
    pub(super) identity: bool,
    /// Whether somebody wants a joke.
    pub(super) jokes: bool,
    pub(super) facts: Facts,
}

impl Intent {
    /// A message that waits goes first, then the streamer's question, then what has just happened,
    /// then what is said on the stream.
    pub(super) fn of(moment: &Moment) -> Self {
        if let Some(said) = &moment.answer {
            let (want, mood) = wants(&said.text, &moment.persona.name);
            let mut facts = Facts::about(moment, said);
            match want {
                Want::Missed => facts.said = Facts::summary(moment),
                Want::About => facts.of_the_stream(moment),
                Want::Remember => facts.asked_to_remember(moment, said),
                _ => {}
            }
            let want = match want {
                // Somebody is back: the task says to greet them.
                Want::Statement | Want::Own | Want::Cry | Want::Good | Want::Bad
                    if moment.greets =>
                {
                    Want::Greeting
                }
                want => want,
            };
            return Self {
                kinds: {
                    let mut kinds = to_somebody(want, &facts, moment);
                    let chats = matches!(
                        want,
                        Want::Greeting | Want::Own | Want::GoodNews | Want::Bye | Want::Statement
                    );
                    if chats && facts.of_them.is_some() && (want == Want::Greeting || facts.of_it) {
                        let all: f64 = kinds.iter().map(|(_, weight)| weight).sum();
                        kinds.push(("callback", 0.15 * all));
                    }
                    kinds
                },
                mood,
                about: said.text.clone(),
                addressee: Some(said.name.clone()),
                answers: !matches!(
                    want,
                    Want::Statement
                        | Want::Own
                        | Want::Cry
                        | Want::Good
                        | Want::Bad
                        | Want::Laugh
                        | Want::Tag
                        | Want::Taste
                        | Want::Distaste
                ),
                needs: needs(want, &facts),
                identity: matches!(want, Want::Identity | Want::WhoAreYou),
                jokes: want == Want::Joke,
                facts,
            };
        }
        let event = moment.events.last();
        let asked = moment.question.as_ref().or_else(|| {
            event
                .filter(|event| event.kind == "question")
                .map(|event| &event.text)
        });
        if let Some(question) = asked {
            let (want, mood) = wants(question, "");
            let facts = Facts::to_all(moment, question);
            return Self {
                kinds: to_streamer(want, &facts),
                mood,
                about: question.clone(),
                addressee: None,
                answers: true,
                needs: 1,
                identity: want == Want::Identity,
                jokes: want == Want::Joke,
                facts,
            };
        }
        let facts = Facts::of_stream(moment);
        let recalls = facts.of_them.is_some() || facts.joke.is_some();
        let plain = |mut kinds: Vec<(&'static str, f64)>, mood, about: &str| Self {
            kinds: {
                if recalls {
                    kinds.push(("callback", 1.0));
                }
                kinds
            },
            mood,
            about: about.to_owned(),
            addressee: None,
            answers: false,
            needs: 1,
            identity: false,
            jokes: false,
            facts,
        };
        if let Some(event) = event {
            let (kind, mood) = match event.kind.as_str() {
                "hype" => ("hype", Mood::Joy),
                "fail" => ("fail", Mood::Shock),
                "laughter" => ("laugh", Mood::Fun),
                "silence" => ("calm", Mood::Calm),
                "topic_change" => ("topic", Mood::Calm),
                "stream_start" => ("start", Mood::Warm),
                _ => mood_of(&[event.text.as_str()]).unwrap_or(("talk", Mood::Calm)),
            };
            let mut kinds = vec![(kind, 10.0)];
            if let Some((other, _)) = mood_of(&[event.text.as_str()])
                && other != kind
                && matches!(other, "cute" | "yum" | "weird")
            {
                kinds.push((other, 4.0));
            }
            return plain(kinds, mood, &event.text);
        }
        let latest: Vec<&str> = moment
            .transcript
            .iter()
            .rev()
            .take(2)
            .map(String::as_str)
            .collect();
        if latest.is_empty() && moment.keywords.is_empty() {
            return plain(vec![("idle", 1.0)], Mood::Calm, "");
        }
        match mood_of(&latest) {
            Some((kind, mood)) => plain(vec![(kind, 6.0), ("talk", 4.0)], mood, latest[0]),
            None => plain(
                vec![("talk", 1.0)],
                Mood::Calm,
                latest.first().copied().unwrap_or_default(),
            ),
        }
    }
}

/// How somebody in the chat is answered.
fn to_somebody(want: Want, facts: &Facts, moment: &Moment) -> Vec<(&'static str, f64)> {
    // What was found goes first; without it nothing is made up.
    let known = |kind, found: bool| {
        if found {
            vec![(kind, 6.0), ("fact", 1.0)]
        } else if facts.said.is_empty() {
            vec![("no_fact", 1.0)]
        } else {
            vec![("fact", 1.0)]
        }
    };
    match want {
        Want::Identity => vec![("identity", 1.0)],
        Want::WhoAreYou => vec![("whoareyou", 1.0)],
        Want::HowAreYou => vec![("howareyou", 1.0)],
        Want::Greeting => vec![("greeting", 1.0)],
        Want::Bye => vec![("bye", 1.0)],
        Want::Thanks => vec![("thanks", 1.0)],
        Want::Praise => vec![("praise", 1.0)],
        Want::Tease => vec![("tease", 1.0)],
        Want::Laugh => vec![("laughing", 1.0)],
        Want::Sad => vec![("bad_news", 1.0)],
        Want::GoodNews => vec![("good_news", 1.0)],
        Want::Request => vec![("request", 1.0)],
        Want::Name => vec![("naming", 1.0)],
        Want::Drink => vec![("drinking", 1.0)],
        Want::Eat => vec![("eating", 1.0)],
        Want::Newcomer => vec![("newcomer", 1.0)],
        Want::Introduction => vec![("introduction", 1.0)],
        Want::Taste => vec![("taste", 1.0)],
        Want::Distaste => vec![("distaste", 1.0)],
        Want::Personal => vec![("personal", 1.0)],
        Want::PersonalYes => vec![("personal_yes", 1.0)],
        Want::Doing => vec![("doing", 1.0)],
        Want::Joke => vec![("joke", 1.0)],
        Want::Permission => vec![("permission", 1.0)],
        Want::SayHi => vec![("sayhi", 1.0)],
        Want::Tag => vec![("tag", 1.0)],
        Want::Foreign => vec![("foreign", 1.0)],
        Want::Nonsense => vec![("nonsense", 1.0)],
        Want::About if facts.topic.is_some() => vec![("about_stream", 1.0)],
        Want::About => vec![("no_fact", 1.0)],
        Want::Remember if facts.of_them.is_some() => vec![("remember", 1.0)],
        Want::Remember => vec![("no_remember", 1.0)],
        Want::Or if facts.options.len() > 1 => vec![("choice", 1.0)],
        Want::Like => vec![("like", 1.0)],
        Want::Favourite => vec![("favourite", 1.0)],
        Want::Guess => vec![("yes", 2.0), ("no", 1.0), ("no_fact", 1.0)],
        Want::Opinion => vec![("opinion", 1.0)],
        Want::Should => vec![("should", 2.0), ("yes", 1.0), ("no", 0.6)],
        Want::Who => known("person", facts.person.is_some()),
        Want::Why => known("because", facts.because.is_some()),
        Want::Number => known("amount", facts.amount.is_some()),
        Want::When => known("when", facts.when.is_some()),
        Want::Where => known("place", facts.place.is_some()),
        Want::What | Want::How => known("fact", !facts.said.is_empty()),
        Want::Missed if facts.said.is_empty() => vec![("no_fact", 1.0)],
        Want::Missed => vec![("summary", 1.0)],
        Want::Or | Want::YesNo => match facts.said.first() {
            Some(said) if denies(&said.exact) => vec![("fact", 2.0), ("no", 1.0)],
            Some(_) => vec![("fact", 2.0), ("yes", 1.0)],
            None => vec![("no_fact", 1.0)],
        },
        Want::Good => vec![("agree", 1.0)],
        Want::Bad => vec![("agree", 2.0), ("disagree", 1.0)],
        // A line of another AI is as good as any: the stream goes on.
        Want::Statement if moment.answer.as_ref().is_some_and(|said| said.ai) => {
            vec![("agree", 2.0), ("statement", 1.0), ("talk", 2.0)]
        }
        Want::Statement => vec![("statement", 4.0), ("agree", 2.0)],
        Want::Own => vec![("own", 1.0)],
        Want::Cry => {
            let cried = moment.answer.as_ref().map_or("", |said| said.text.as_str());
            match mood_of(&[cried]) {
                Some((kind, _)) => vec![("agree", 1.0), (kind, 1.0)],
                None if cried.contains('?') => vec![("huh", 1.0)],
                None => vec![("agree", 1.0)],
            }
        }
    }
}

/// About how many words it takes to tell what is known.
fn needs(want: Want, facts: &Facts) -> u32 {
    let said = !facts.said.is_empty();
    match want {
        Want::Missed if said => 10,
        Want::Remember if facts.of_them.is_some() => 4,
        Want::Where if facts.place.is_some() => 3,
        Want::When if facts.when.is_some() => 2,
        Want::Why if facts.because.is_some() => 4,
        Want::Number if facts.amount.is_some() => 2,
        Want::Who if facts.person.is_some() => 1,
        Want::What
        | Want::How
        | Want::Who
        | Want::Where
        | Want::When
        | Want::Why
        | Want::Number
            if said =>
        {
            5
        }
        _ => 1,
    }
}

/// How the streamer is answered, who knows what was said.
fn to_streamer(want: Want, facts: &Facts) -> Vec<(&'static str, f64)> {
    match want {
        Want::Or if facts.options.len() > 1 => vec![("choice", 8.0), ("guess", 1.0)],
        Want::Favourite => vec![("favourite", 1.0)],
        Want::Or
        | Want::YesNo
        | Want::Guess
        | Want::Remember
        | Want::PersonalYes
        | Want::Tag
        | Want::Permission => vec![("yes", 3.0), ("no", 2.0)],
        Want::Should => vec![("should", 3.0), ("yes", 1.0), ("no", 1.0)],
        Want::Like => vec![("like", 1.0)],
        Want::Name => vec![("naming", 1.0)],
        Want::Drink => vec![("drinking", 1.0)],
        Want::Eat => vec![("eating", 1.0)],
        Want::Number => vec![("howmany", 3.0), ("guess", 0.5)],
        Want::HowAreYou => vec![("howareyou", 1.0)],
        Want::Identity => vec![("identity", 1.0)],
        Want::Personal => vec![("personal", 1.0)],
        Want::Doing => vec![("doing", 1.0)],
        Want::Joke => vec![("joke", 1.0)],
        Want::SayHi => vec![("sayhi", 1.0)],
        Want::Greeting => vec![("start", 1.0)],
        Want::Opinion if facts.stems.is_empty() => vec![("opinion", 1.0)],
        _ => vec![("guess", 3.0), ("no_fact", 0.7)],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offline::{
        corpus::CORPUS,
        prompt::{Event, Said},
    };

    #[test]
    fn what_waits_longest_for_a_word_goes_first() {
        let mut moment = Moment::default();
        let kind = |moment: &Moment| Intent::of(moment).kinds[0].0;
        assert_eq!(kind(&moment), "idle");
        moment.transcript = vec!["We paint the fence.".into()];
        assert_eq!(kind(&moment), "talk");
        for (event, expected) in [
            ("hype", "hype"),
            ("fail", "fail"),
            ("laughter", "laugh"),
            ("silence", "calm"),
            ("topic_change", "topic"),
            ("stream_start", "start"),
            ("raid", "talk"),
        ] {
            moment.events = vec![Event {
                kind: event.into(),
                text: "x".into(),
            }];
            assert_eq!(kind(&moment), expected);
        }
        moment.events = vec![Event {
            kind: "question".into(),
            text: "tea or coffee?".into(),
        }];
        assert_eq!(kind(&moment), "choice");
        moment.question = Some("what should we name it?".into());
        assert_eq!(kind(&moment), "naming");
        moment.answer = Some(Said {
            name: "ana".into(),
            text: "hi".into(),
            ai: false,
        });
        assert_eq!(kind(&moment), "greeting");
    }

    #[test]
    fn every_kind_is_in_the_corpus() {
        let known = Facts {
            topic: Some("x".into()),
            place: Some("x".into()),
            person: Some("x".into()),
            amount: Some("x".into()),
            when: Some("x".into()),
            because: Some("x".into()),
            of_them: Some("x".into()),
            options: vec!["x".into(), "y".into()],
            ..Facts::default()
        };
        for facts in [known, Facts::default()] {
            for want in Want::ALL {
                let mut kinds = to_somebody(*want, &facts, &Moment::default());
                kinds.extend(to_streamer(*want, &facts));
                for (kind, _) in kinds {
                    assert!(CORPUS.kind(kind).is_some(), "{want:?}: {kind}");
                }
            }
        }
    }

    #[test]
    fn nothing_is_made_up_where_nothing_is_known() {
        let moment = |text: &str| Moment {
            transcript: vec!["The lamp is not on yet. Greta hid the key under the mat.".into()],
            answer: Some(Said {
                name: "ana".into(),
                text: text.into(),
                ai: false,
            }),
            ..Moment::default()
        };
        for (text, kinds) in [
            ("where is the key?", &["place", "fact"][..]),
            ("where is the dog?", &["no_fact"]),
            ("who hid the key?", &["person", "fact"]),
            ("how many keys are there?", &["fact"]),
            ("is the lamp on?", &["fact", "no"]),
            ("do you remember me?", &["no_remember"]),
            ("what did i miss?", &["summary"]),
        ] {
            let found: Vec<_> = Intent::of(&moment(text))
                .kinds
                .iter()
                .map(|(kind, _)| *kind)
                .collect();
            assert_eq!(found, kinds, "{text}");
        }
    }
}
