use super::*;
use wiremock::{
    Mock, MockServer, ResponseTemplate,
    matchers::{header, method, path, query_param},
};

const LONG: Duration = Duration::from_secs(30);

fn get<'a>(path: &'a [&'a str]) -> Ask<'a> {
    Ask {
        method: Method::GET,
        path,
        query: &[],
        body: None,
    }
}

#[test]
fn addresses_are_checked_and_joined() {
    let good: [(&str, &[&str], &str); 5] = [
        (
            "http://127.0.0.1:1",
            &["memories"],
            "http://127.0.0.1:1/memories",
        ),
        (
            "http://127.0.0.1:1/a/",
            &["v3", "add", ""],
            "http://127.0.0.1:1/a/v3/add/",
        ),
        (
            "https://example.com",
            &["a/b", "c?d"],
            "https://example.com/a%2Fb/c%3Fd",
        ),
        (" http://[::1]:1/x// ", &["y"], "http://[::1]:1/x/y"),
        (
            "https://u:p@example.com/v1",
            &["y"],
            "https://u:p@example.com/v1/y",
        ),
    ];
    for (base, parts, url) in good {
        let place = Place::new(base).unwrap();
        assert_eq!(place.join(parts, &[]).as_str(), url);
    }
    let place = Place::new("http://localhost:1").unwrap();
    let scope = [("user_id", "room:main/lobby|agent:nova")];
    assert_eq!(
        place.join(&["memories"], &scope).as_str(),
        "http://localhost:1/memories?user_id=room%3Amain%2Flobby%7Cagent%3Anova"
    );
    for (base, why) in [
        ("", "not a URL"),
        ("localhost:1", "neither http:// nor https://"),
        ("http://", "not a URL"),
        ("http://a/?b", "there must be no ? and no # in it"),
    ] {
        let error = Place::new(base).err();
        assert_eq!(error, Some(ConfigError::BaseUrl(why)), "{base}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let secret = Secret::new("s3cret-key\n");
    for auth in [
        Auth::Bearer(secret.clone()),
        Auth::Token(secret.clone()),
        Auth::ApiKey(secret.clone()),
    ] {
        let server = Server::new("http://user:hunter2@127.0.0.1:1", auth.clone(), 9).unwrap();
        let shown = [
            format!("{auth:?} {secret} {:?}", auth.header()),
            server.shown(),
            server.brief("you sent s3cret-key, friend"),
        ];
        for text in shown {
            assert!(
                !text.contains("s3cret") && !text.contains("hunter2"),
                "{text}"
            );
        }
    }
    for key in ["", "a\nb"] {
        let error = Server::new("http://127.0.0.1:1", Auth::Bearer(Secret::new(key)), 9).err();
        assert!(matches!(error, Some(ConfigError::Key(_))), "{key:?}");
    }
}

#[tokio::test]
async fn what_is_asked_arrives_and_every_status_is_an_answer() {
    let mock = MockServer::start().await;
    Mock::given(method("GET"))
        .and(path("/base/v1/event/e%2F1/"))
        .and(query_param("q", "a b&c"))
        .and(header("authorization", "Token k"))
        .respond_with(ResponseTemplate::new(404).set_body_string("{\"detail\":\"no\"}"))
        .expect(1)
        .mount(&mock)
        .await;
    let auth = Auth::Token(Secret::new("k"));
    let server = Server::new(&format!("{}/base", mock.uri()), auth, 100).unwrap();
    let ask = Ask {
        query: &[("q", "a b&c")],
        ..get(&["v1", "event", "e/1", ""])
    };
    let answer = server.ask(&ask, LONG).await.unwrap();
    assert_eq!(
        (answer.status, &answer.body[..]),
        (404, &b"{\"detail\":\"no\"}"[..])
    );
}

#[tokio::test]
async fn what_is_no_answer_says_why() {
    let mock = MockServer::start().await;
    for (at, template) in [
        (
            "/long",
            ResponseTemplate::new(200).set_body_bytes(vec![b'x'; 101]),
        ),
        ("/hang", ResponseTemplate::new(200).set_delay(LONG)),
    ] {
        Mock::given(path(at))
            .respond_with(template)
            .mount(&mock)
            .await;
    }
    let elsewhere = ResponseTemplate::new(302).insert_header("location", "/long");
    Mock::given(path("/moved"))
        .respond_with(elsewhere)
        .mount(&mock)
        .await;
    let server = Server::new(&mock.uri(), Auth::Nothing, 100).unwrap();
    let short = Duration::from_millis(50);
    let failure = server.ask(&get(&["long"]), LONG).await.unwrap_err();
    assert_eq!(failure, Failure::TooLong(mock.uri(), 100));
    let failure = server.ask(&get(&["hang"]), short).await.unwrap_err();
    assert_eq!(failure, Failure::Timeout(mock.uri(), short));
    assert_eq!(
        server.ask(&get(&["moved"]), LONG).await.unwrap().status,
        302
    );

    let gone = mock.uri();
    drop(mock);
    let server = Server::new(&gone, Auth::Nothing, 100).unwrap();
    // Whoever took the port meanwhile is not chatter's mock: only a refusal is looked at here.
    if let Err(Failure::NotReached(why)) = server.ask(&get(&["x"]), LONG).await {
        assert!(
            why.starts_with("can't connect to") || why.starts_with("lost"),
            "{why}"
        );
    }
}
