use super::*;
use crate::{
    budget::{Bounds, Price},
    provider::scripted::{NEVER, SECOND, Script, broken, busy, empty, request, says, scope},
};
use chatter_protocol::llm::Role;
use std::slice;

fn asker() -> Asker {
    Asker::new(scope("main/lobby", "nova"))
}

fn router_with(scripts: &[(&str, &Script)], route: &[&str], budgets: Budgets) -> Router {
    let providers = scripts
        .iter()
        .map(|(name, script)| ((*name).to_owned(), script.provider(name, |_| ())))
        .collect();
    let route = route.iter().map(|name| (*name).to_owned()).collect();
    Router::with(providers, route, budgets, Clock::system()).unwrap()
}

fn router(scripts: &[(&str, &Script)], route: &[&str]) -> Router {
    router_with(scripts, route, Budgets::default())
}

async fn ask(router: &Router, asker: &Asker) -> Result<Completion, Error> {
    router.complete(&request(), asker, 7, 12 * SECOND).await
}

#[tokio::test(start_paused = true)]
async fn the_first_that_can_answers() {
    let refused = || Failure::Refused("too long".into());
    // What the first does; who answers, and after how long at most.
    let cases = [
        (Ok(says("first")), Duration::ZERO, "tiny", 1),
        (Err(broken()), Duration::ZERO, "second", 1),
        (Err(busy(Some(30))), Duration::ZERO, "second", 1),
        (Err(refused()), Duration::ZERO, "second", 1),
        (Ok(says("late")), NEVER, "second", 9),
    ];
    for (answer, wait, model, seconds) in cases {
        let first = Script::of([(wait, answer.clone())]);
        let mut other = says("gg");
        other.model = "second".into();
        let second = Script::of([(Duration::ZERO, Ok(other))]);
        let router = router(&[("a", &first), ("b", &second)], &["a", "b", OFFLINE]);
        let began = Instant::now();
        let completion = ask(&router, &asker()).await.unwrap();
        assert_eq!(completion.model, model, "{answer:?}");
        assert!(began.elapsed() <= seconds * SECOND, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_offline_model_is_the_last_and_silence_is_an_error() {
    let dead = || Script::of([(NEVER, Ok(says("late")))]);
    let with = router(&[("a", &dead())], &["a", OFFLINE]);
    let began = Instant::now();
    assert_eq!(ask(&with, &asker()).await.unwrap().model, OFFLINE);
    assert!(began.elapsed() < 12 * SECOND);

    let without = router(&[("a", &dead())], &["a"]);
    assert_eq!(ask(&without, &asker()).await, Err(Error::Timeout));
}

#[tokio::test(start_paused = true)]
async fn what_is_declined_is_put_to_nobody_else() {
    let first = Script::of([(
        SECOND,
        Err(Failure::Declined {
            why: "no".into(),
            usage: None,
        }),
    )]);
    let second = Script::default();
    let router = router(&[("a", &first), ("b", &second)], &["a", "b", OFFLINE]);
    assert_eq!(
        ask(&router, &asker()).await,
        Err(Error::Refused("the model declines to answer it".into()))
    );
    assert!(second.asked().is_empty());
}

#[tokio::test(start_paused = true)]
async fn whoever_has_a_route_is_answered_by_it() {
    let (first, second) = (Script::default(), Script::default());
    let router = router(&[("a", &first), ("b", &second)], &["a"]);
    let with = |route: &[&str]| Asker {
        route: Some(route.iter().map(|name| (*name).to_owned()).collect()),
        ..asker()
    };
    ask(&router, &with(&["b"])).await.unwrap();
    ask(&router, &with(&["gone", "b"])).await.unwrap();
    assert_eq!((first.asked().len(), second.asked().len()), (0, 2));
    let offline = ask(&router, &with(&[OFFLINE])).await.unwrap();
    assert_eq!(offline.model, OFFLINE);
    ask(&router, &with(&["gone"])).await.unwrap();
    assert_eq!((first.asked().len(), second.asked().len()), (1, 2));
}

#[test]
fn a_route_to_nowhere_is_no_configuration() {
    let script = Script::default();
    let providers = [("a".to_owned(), script.provider("a", |_| ()))].into();
    let made = Router::with(
        providers,
        vec!["b".into()],
        Budgets::default(),
        Clock::system(),
    );
    let error = made.err().map(|error| error.to_string());
    assert_eq!(error.as_deref(), Some("there is no provider \"b\""));
}

// === Answers that have to be JSON ===

const AGE: &str = r#"{"type":"object","properties":{"age":{"type":"integer"}},"required":["age"]}"#;

async fn ask_for_age(router: &Router) -> Result<Completion, Error> {
    let asked = Request {
        json_schema: Some(AGE.into()),
        ..request()
    };
    router.complete(&asked, &asker(), 7, 12 * SECOND).await
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_obey_is_sent_back_once() {
    let answers = |texts: &[&str]| Script::of(texts.iter().map(|text| (SECOND, Ok(says(text)))));
    let good = r#"{"age":3}"#;

    let at_once = answers(&[good]);
    let completion = ask_for_age(&router(&[("a", &at_once)], &["a"]))
        .await
        .unwrap();
    assert_eq!(
        (completion.text.as_str(), completion.output_tokens),
        (good, 5)
    );

    let mended = answers(&[r#"{"age":"three"}"#, good]);
    let completion = ask_for_age(&router(&[("a", &mended)], &["a"]))
        .await
        .unwrap();
    assert_eq!(
        (completion.text.as_str(), completion.output_tokens),
        (good, 10)
    );
    assert_eq!(completion.input_tokens, 40, "both requests count");
    let repair = &mended.asked()[1].messages;
    let roles: Vec<_> = repair.iter().map(|message| message.role).collect();
    assert_eq!(roles, [Role::User, Role::Assistant, Role::User]);
    assert!(
        repair[2].content.contains("/age: "),
        "{}",
        repair[2].content
    );

    let hopeless = answers(&["three", "{}", good]);
    let error = ask_for_age(&router(&[("a", &hopeless)], &["a"])).await;
    assert!(
        matches!(&error, Err(Error::Unavailable(why)) if why.contains("does not obey")),
        "{error:?}"
    );
    assert_eq!(hopeless.asked().len(), 2);

    let cut = Script::of([(
        SECOND,
        Ok(Answer {
            is_cut: true,
            ..says(r#"{"age":"#)
        }),
    )]);
    let error = ask_for_age(&router(&[("a", &cut)], &["a"])).await;
    assert!(
        matches!(&error, Err(Error::Unavailable(why)) if why.contains("cut after max_tokens, 40")),
        "{error:?}"
    );
    assert_eq!(cut.asked().len(), 1, "as long again it would be cut again");

    let next = answers(&["three", "{}"]);
    let completion = ask_for_age(&router(&[("a", &next)], &["a", OFFLINE])).await;
    assert_eq!(completion.unwrap().model, OFFLINE);
}

// === Budgets ===

#[tokio::test(start_paused = true)]
async fn what_is_used_up_goes_on_with_the_offline_model_or_in_silence() {
    let budgets = Budgets {
        room: Bounds {
            tokens_per_day: Some(60),
            ..Bounds::default()
        },
        ..Budgets::default()
    };
    let script = Script::default();
    let router = router_with(&[("a", &script)], &["a", OFFLINE], budgets);
    let asker = asker();
    let alone = Asker {
        route: Some(slice::from_ref(&"a".to_owned()).into()),
        ..asker.clone()
    };
    let offline = Asker {
        route: Some(slice::from_ref(&OFFLINE.to_owned()).into()),
        ..asker.clone()
    };
    let remaining = || [&asker, &alone, &offline].map(|who| router.remaining(who));
    assert_eq!(remaining(), [60, 60, u32::MAX], "the offline model is free");
    assert_eq!(ask(&router, &asker).await.unwrap().model, "tiny");
    assert_eq!(script.asked()[0].max_tokens, 40);
    assert_eq!(remaining(), [35, 35, u32::MAX], "as the server counted it");
    // 20 for the request leave 15, and an answer of less than 16 is not worth it.
    assert_eq!(ask(&router, &asker).await.unwrap().model, OFFLINE);
    assert_eq!(ask(&router, &alone).await, Err(Error::OverBudget));
    assert_eq!(remaining(), [35, 35, u32::MAX], "nothing was used");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_is_free_answers_whoever_has_no_money_left() {
    let budgets = Budgets {
        tenant: Bounds {
            money_per_day: Some(0.0001),
            ..Bounds::default()
        },
        ..Budgets::default()
    };
    let (dear, free) = (Script::default(), Script::default());
    let price = Price {
        input: 3.0,
        cached_input: None,
        cache_write: None,
        output: 15.0,
    };
    let providers = [
        ("dear", dear.provider("dear", |it| it.price = Some(price))),
        ("free", free.provider("free", |_| ())),
    ];
    let router = Router::with(
        providers.map(|(name, it)| (name.to_owned(), it)).into(),
        vec!["dear".into(), "free".into()],
        budgets,
        Clock::system(),
    )
    .unwrap();
    // 20 and up to 40 tokens: more than it may cost.
    ask(&router, &asker()).await.unwrap();
    assert_eq!((dear.asked().len(), free.asked().len()), (0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_failed_costs_what_it_may_have_cost() {
    let budgets = Budgets {
        persona: Bounds {
            tokens_per_day: Some(1_000),
            ..Bounds::default()
        },
        ..Budgets::default()
    };
    let cases = [
        (Err(broken()), 1_000),
        (Err(busy(Some(60))), 1_000),
        (Err(Failure::Paused), 1_000),
        (Err(Failure::TimedOut), 940),
        (Err(Failure::Garbled("cut".into())), 940),
        (Err(empty(None)), 940),
        (Err(empty(Some(says("").usage))), 975),
        (Ok(says("gg")), 975),
    ];
    for (answer, left) in cases {
        let script = Script::of([(SECOND, answer.clone())]);
        let router = router_with(&[("a", &script)], &["a"], budgets);
        let _ = ask(&router, &asker()).await;
        assert_eq!(router.remaining(&asker()), left, "{answer:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_may_be_thought_is_put_aside_too() {
    let budgets = |tokens| Budgets {
        persona: Bounds {
            tokens_per_day: Some(tokens),
            ..Bounds::default()
        },
        ..Budgets::default()
    };
    // 20 for the request, 500 to think and 40 for the answer, or what is left of them.
    for (tokens, asked) in [(560, Some(40)), (550, Some(30)), (530, None)] {
        let mut script = Script::default();
        script.headroom = 500;
        let router = router_with(&[("a", &script)], &["a"], budgets(tokens));
        let answer = ask(&router, &asker()).await;
        let asked_for = script.asked().first().map(|request| request.max_tokens);
        assert_eq!(asked_for, asked, "{tokens}");
        assert_eq!(answer.is_ok(), asked.is_some(), "{tokens}");
    }
}

#[tokio::test(start_paused = true)]
async fn operators_see_who_answers_instead() {
    let fails = || Script::of((0..5).map(|_| (SECOND, Err(broken()))));
    let (first, second) = (fails(), Script::default());
    let router = router(&[("a", &first), ("b", &second)], &["a", "b"]);
    let alone = Asker {
        route: Some(slice::from_ref(&"a".to_owned()).into()),
        ..asker()
    };
    let other = Asker {
        scope: scope("acme/studio", "nova"),
        route: None,
    };
    for _ in 0..5 {
        assert_eq!(router.trouble(&asker()), None);
        ask(&router, &asker()).await.unwrap();
    }
    for (asker, instead) in [(asker(), "b answers"), (alone, "nobody answers")] {
        let said = format!("the language model a does not answer; {instead} instead");
        assert_eq!(router.trouble(&asker), Some(said));
    }
    assert_eq!(router.trouble(&other), None, "it was not asked for it");
    tokio::time::advance(10 * SECOND).await;
    ask(&router, &asker()).await.unwrap();
    assert_eq!(router.trouble(&asker()), None);
    assert_eq!(first.asked().len(), 6);
}

/// Nobody's requests are to blame for that, and nobody's breaker opens.
#[tokio::test(start_paused = true)]
async fn operators_of_all_see_that_one_is_overloaded() {
    let first = Script::of((0..2).map(|_| (SECOND, Err(busy(None)))));
    let router = router(&[("a", &first), ("b", &Script::default())], &["a", "b"]);
    ask(&router, &asker()).await.unwrap();
    let other = Asker {
        scope: scope("acme/studio", "nova"),
        route: None,
    };
    for asker in [&asker(), &other] {
        let said = "the language model a does not answer; b answers instead";
        assert_eq!(router.trouble(asker).as_deref(), Some(said));
    }
    ask(&router, &asker()).await.unwrap();
    assert_eq!(router.trouble(&other), None, "a good answer");
}

#[tokio::test(start_paused = true)]
async fn operators_see_that_one_refuses_whatever_it_is_asked() {
    let refused = || (SECOND, Err(Failure::Refused("400: no max_tokens".into())));
    let first = Script::of((0..10).map(|_| refused()));
    let router = router(&[("a", &first), ("b", &Script::default())], &["a", "b"]);
    let [nova, mia, other] = [
        ("main/lobby", "nova"),
        ("main/lobby", "mia"),
        ("acme/studio", "nova"),
    ]
    .map(|(room, persona)| Asker::new(scope(room, persona)));
    for asker in [&nova, &mia].into_iter().cycle().take(10) {
        assert_eq!(router.trouble(&nova), None);
        ask(&router, asker).await.unwrap();
    }
    let said = "the language model a refuses what it is asked; b answers instead";
    assert_eq!(router.trouble(&nova).as_deref(), Some(said));
    assert_eq!(router.trouble(&other), None, "it was not asked for it");
    assert_eq!(ask(&router, &mia).await.unwrap().model, "tiny");
    assert_eq!(first.asked().len(), 11, "it is asked all the same");
    assert_eq!(router.trouble(&nova), None, "a good answer");
}
