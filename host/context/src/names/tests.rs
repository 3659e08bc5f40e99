use super::*;

/// Those who ship, and names of the kind that people choose.
const PERSONAS: [&str; 14] = [
    "bubbles",
    "DoomDee",
    "Gus",
    "Juno",
    "kestrel_",
    "mika07",
    "Moss",
    "Nova",
    "Otto",
    "Pip",
    "Professor Henk",
    "TurboTom",
    "vera",
    "wren",
];
const PEOPLE: [&str; 26] = [
    "Ana",
    "Tom",
    "Will",
    "May",
    "sunny_side",
    "xXSniperXx",
    "storm99",
    "n0va_fan",
    "RexTTV",
    "JazzHands",
    "big_al",
    "luna1998",
    "TheRealRick",
    "pixelPete",
    "Grace",
    "Art",
    "Mark",
    "Rose",
    "dusty",
    "lucky7",
    "Frost",
    "Amber",
    "Zoë",
    "quietkate",
    "Jack_of_Trades",
    "hope",
];

fn roll(names: &[&str]) -> Roll {
    watch::Sender::new(names.iter().map(|&name| Called::new(name)).collect()).subscribe()
}

fn sentence(end_ms: u64, text: &str) -> Sentence {
    Sentence {
        text: text.into(),
        start_ms: end_ms,
        end_ms,
        due_ms: end_ms,
    }
}

/// Whose names are heard, and how surely.
fn heard(names: &mut Names, text: &str) -> (Vec<String>, Option<f64>) {
    let event = names.said(&sentence(1000, text));
    let confidence = event.as_ref().map(|event| event.confidence);
    (event.map_or_else(Vec::new, |event| event.names), confidence)
}

#[test]
fn names_are_heard_as_they_are_written_and_words_are_not() {
    let cases = [
        ("And what does Nova say?", Some(0.9)),
        ("nova, what do you think?", Some(0.9)),
        ("I saw nova there.", Some(0.7)),
        ("Nova's idea was better.", Some(0.7)),
        ("Ask Captain Beans.", Some(0.9)),
        ("The captain has beans.", None),
        ("Ask Captain.", None),
        ("will it work?", None),
        ("Will it work?", None),
        ("Hey will it work?", None),
        ("I think Will knows.", Some(0.9)),
        ("Novation is a brand.", None),
        ("", None),
    ];
    for (text, expected) in cases {
        let mut names = Names::of(&["Nova", "Captain Beans", "Will", " ", "x"]);
        assert_eq!(heard(&mut names, text).1, expected, "{text}");
    }
}

/// As whisper writes them down: with capitals where it takes something for a name, and in the spelling that it
/// knows.
#[test]
fn names_are_heard_however_they_are_taken_down() {
    let cases = [
        ("Thanks, Mika07.", "mika07", 0.9),
        ("And Mika seven is right.", "mika07", 0.75),
        ("So Mika Seven, what now?", "mika07", 0.85),
        ("Hello Mika 7.", "mika07", 0.85),
        ("Mika oh seven, you called it.", "mika07", 0.85),
        ("I agree with Mika there.", "mika07", 0.75),
        ("Hey mika, nice one.", "mika07", 0.75),
        ("Micah, is that you?", "mika07", 0.6),
        ("As Mica said, left.", "mika07", 0.6),
        ("That was Kestrel again.", "kestrel_", 0.9),
        ("kestrel, left or right?", "kestrel_", 0.9),
        ("I hear Kestral laughing.", "kestrel_", 0.6),
        ("Turbo Tom wants more speed.", "TurboTom", 0.7),
        ("ask turbo tom about that.", "TurboTom", 0.9),
        ("That was Turbotom again.", "TurboTom", 0.9),
        ("I blame Turbo Tum for it.", "TurboTom", 0.6),
        ("And Doom Dee says no.", "DoomDee", 0.9),
        ("Doom D thinks that we all die.", "DoomDee", 0.5),
        ("And Doomdy says no.", "DoomDee", 0.6),
        ("What would Professor Hank say?", "Professor Henk", 0.6),
        ("Professor Henk, explain.", "Professor Henk", 0.9),
        ("Well, Ren, it is a bird.", "wren", 0.6),
        ("Thanks Vera.", "vera", 0.9),
        ("I miss Bubbles.", "bubbles", 0.9),
        ("Thanks Ana.", "Ana", 0.9),
        ("thanks anna, that helps.", "Ana", 0.6),
        ("Welcome back, Sniper.", "xXSniperXx", 0.85),
        ("Hi Nova Fan, welcome.", "n0va_fan", 0.85),
        ("hello rex, how are you?", "RexTTV", 0.75),
        ("Thanks Jazz Hands for the idea.", "JazzHands", 0.9),
        ("Big Al, behave.", "big_al", 0.9),
        ("And Luna nineteen ninety eight, too.", "luna1998", 0.75),
        ("That was Luna, I think.", "luna1998", 0.75),
        ("thank pixel pete for that.", "pixelPete", 0.9),
        ("Hello Lucky Seven.", "lucky7", 0.85),
        ("And Zoe has a point.", "Zoë", 0.6),
        ("Hey Jack of Trades.", "Jack_of_Trades", 0.9),
    ];
    let mut wrong = Vec::new();
    for (text, name, confidence) in cases {
        let mut names = Names::new(Some(roll(&PERSONAS)), Some(roll(&PEOPLE)));
        let found = heard(&mut names, text);
        if found != (vec![name.to_owned()], Some(confidence)) {
            wrong.push((text, name, confidence, found));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What people say while they stream, with the words in it that some choose as names, or that sound like them.
const ORDINARY: [&str; 48] = [
    "Will you look at that, it works.",
    "May I say that this is art?",
    "Mark my words, that rose will grow.",
    "There is frost on the amber light.",
    "A storm is coming, and I hope it holds.",
    "Make the miker louder, please.",
    "I would like to make it to the end.",
    "Mike is my brother, he says hi.",
    "The turbo is broken, so we go slow.",
    "Time to turn the turbine around.",
    "We are doomed, indeed.",
    "The doom that came to the tower.",
    "That kettle is on again.",
    "He took a tiny pipette and a pip of an apple.",
    "There is moss on the roof and dust on the bench.",
    "It is dusty in here, my nose runs.",
    "I was over it, no way, not over there.",
    "No, a no is a no.",
    "Do you know what I mean?",
    "You know, it is what it is.",
    "The rain in Spain is over.",
    "Run, run, we have to run!",
    "It is very, very late.",
    "Bubble wrap is not a plan.",
    "The auto mode is off, so we go by hand.",
    "That otter has a hammer.",
    "The professor of physics would not like this.",
    "A sniper shoots from the roof, get down!",
    "What a lucky shot, that was seven in a row.",
    "Big all-in, big risk.",
    "On the sunny side of the street there is a shop.",
    "Grace under pressure, they call it.",
    "I give it a nine out of ten.",
    "Pixel by pixel, that takes all day.",
    "We need jazz, hands off the volume.",
    "Jack the car up first, then take the wheel.",
    "Quiet, Kate is asleep upstairs.",
    "That is the real trick, you see.",
    "Hello everyone, welcome back to the stream.",
    "Thanks for the follow, that is so kind.",
    "Hey, will it hold?",
    "Okay, hello, we are live, the kettle is on.",
    "In May we go to Turin.",
    "Say hi to your mum.",
    "I hope so, and I hope not.",
    "Tim and Jim went home.",
    "The Dundee cake is gone.",
    "Anywhere you go, there you are.",
];

/// Where an ordinary word is a name as it is written, nothing tells them apart.
#[test]
fn few_names_are_heard_in_ordinary_text() {
    let mut wrong = Vec::new();
    for text in ORDINARY {
        let mut names = Names::new(Some(roll(&PERSONAS)), Some(roll(&PEOPLE)));
        wrong.extend(heard(&mut names, text).0);
    }
    assert_eq!(wrong, ["Pip", "Moss", "May"]);
}

/// The commentary that ships names nobody of the room.
#[test]
fn no_name_is_heard_in_the_commentary_that_ships() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../configs/streams/synth-rescue.vtt");
    let text = std::fs::read_to_string(path).unwrap();
    let mut wrong = Vec::new();
    for line in text.lines().filter(|line| !line.contains("-->")) {
        let mut names = Names::new(Some(roll(&PERSONAS)), Some(roll(&PEOPLE)));
        let (said, _) = heard(&mut names, line);
        if !said.is_empty() {
            wrong.push((line, said));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_name_late_in_a_long_sentence_is_shown_and_told() {
    let long = "so I took the old board out of the case and looked at every single joint under the lamp, and after an \
                hour of that, with my back gone and the kettle cold, I thought of what Nova said";
    let mut names = Names::of(&["Nova"]);
    let event = names.said(&sentence(1000, long)).unwrap();
    assert!(event.text.ends_with("what Nova said"), "{}", event.text);
    assert!(event.text.chars().count() <= crate::event::MAX_CHARS);
    assert_eq!(event.names, ["Nova"]);
}

#[test]
fn a_name_is_told_once_in_a_while_and_all_of_a_sentence_together() {
    let mut names = Names::of(&["Nova", "Rex"]);
    let mut told = |at_ms, text: &str| {
        let event = names.said(&sentence(at_ms, text));
        event.map_or_else(Vec::new, |event| event.names)
    };
    assert_eq!(told(1000, "Hello Nova."), ["Nova"]);
    assert!(told(2000, "Nova!").is_empty());
    assert_eq!(told(3000, "Rex and Nova."), ["Rex"]);
    assert!(told(4000, "Rex and Nova.").is_empty());
    assert_eq!(told(24_000, "Nova and Rex."), ["Rex", "Nova"]);
}

#[test]
fn a_persona_is_spoken_as_its_file_says_and_whoever_comes_is_listened_for() {
    let (teller, roster) = watch::channel::<Arc<[Called]>>(Arc::default());
    let mut names = Names::new(Some(roster), None);
    assert!(names.said(&sentence(0, "Ask Kessie.")).is_none());
    let kestrel = Called {
        name: "kestrel_".into(),
        spoken: vec!["kessie".into()],
    };
    teller.send_replace([kestrel].into());
    let event = names.said(&sentence(0, "Ask Kessie.")).unwrap();
    assert_eq!(
        (&*event.names, event.confidence),
        (&["kestrel_".to_owned()][..], 0.9)
    );
}

#[test]
fn names_are_heard_in_other_scripts() {
    let names = Names::of(&[
        "小明",
        "さくら",
        "สมชาย",
        "민준",
        "ليلى",
        "आरव",
        "Ελένη",
        "Jürgen",
    ]);
    let cases: [(&str, Option<&str>); 14] = [
        ("谢谢小明的灯笼。", Some("小明")),
        ("小明，你觉得呢？", Some("小明")),
        ("这件小事明天再说。", None),
        ("さくらさん、どう思いますか？", Some("さくら")),
        ("さくらんぼを食べます。", None),
        ("วันนี้สมชายจะซ่อมตะเกียง", Some("สมชาย")),
        ("วันนี้จะซ่อมตะเกียง", None),
        ("민준, 어떻게 생각해?", Some("민준")),
        ("شكرا ليلى على الفانوس.", Some("ليلى")),
        ("आरव, देखो!", Some("आरव")),
        ("Ευχαριστώ, Ελένη!", Some("Ελένη")),
        ("Danke an Jürgen für die Lampe.", Some("Jürgen")),
        ("Die Öllampe tropft.", None),
        ("船はもうすぐできます。", None),
    ];
    for (text, expected) in cases {
        let found = names.find(&sentence(1000, text));
        let found = found.as_ref().map(|event| event.names.join(", "));
        assert_eq!(found.as_deref(), expected, "{text}");
    }
}
