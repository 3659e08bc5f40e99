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
        headers: &[],
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
        let place = Place::new(&base.into()).unwrap();
        assert_eq!(place.join(parts, &[]).as_str(), url);
    }
    let place = Place::new(&"http://localhost:1".into()).unwrap();
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
        (
            "https://ana:12/hunter2@a",
            "there must be no @ behind its host; a password's / and @ are written %2F and %40",
        ),
    ] {
        let error = Place::new(&base.into()).err();
        assert_eq!(error, Some(ConfigError::BaseUrl(why)), "{base}");
    }
}

#[test]
fn secrets_are_not_shown() {
    let server = |base_url: &str, auth: Auth| Server::new(&base_url.into(), auth, 9);
    let secret = Secret::new("s3cret-key\n");
    for auth in [
        Auth::Bearer(secret.clone()),
        Auth::Token(secret.clone()),
        Auth::Header("x-api-key", secret.clone()),
    ] {
        let alone = server("http://127.0.0.1:1", auth.clone()).unwrap();
        let both = server("http://user:hunter2@127.0.0.1:1", auth.clone())
            .err()
            .unwrap();
        for text in [
            format!("{auth:?} {secret} {:?}", auth.header()),
            alone.shown(),
            alone.brief("you sent s3cret-key, friend"),
            format!("{both} {both:?}"),
        ] {
            assert!(
                !text.contains("s3cret") && !text.contains("hunter2"),
                "{text}"
            );
        }
    }
    for key in ["", "a\nb"] {
        let error = server("http://127.0.0.1:1", Auth::Bearer(Secret::new(key))).err();
        assert!(matches!(error, Some(ConfigError::Key(_))), "{key:?}");
    }
}

#[test]
fn a_password_in_an_address_is_not_shown() {
    // The word, as it is written in an address, and what goes over the wire for it.
    for (base_url, told) in [
        ("http://ana:hunter2@127.0.0.1:1", "hunter2"),
        ("http://ana:hunter2@127.0.0.1:1", "YW5hOmh1bnRlcjI="),
        ("http://ana:hun%2Fter2@127.0.0.1:1", "hun/ter2"),
        ("http://ana:hun%2Fter2@127.0.0.1:1", "hun%2Fter2"),
        ("http://hunter2@127.0.0.1:1", "hunter2"),
        ("http://hunter2@127.0.0.1:1", "aHVudGVyMjo="),
        ("http://ana:12/hunter2@127.0.0.1", "hunter2"),
        ("hunter2", "hunter2"),
    ] {
        let base_url = BaseUrl::from(base_url);
        let mut texts = vec![format!("{base_url} {base_url:?}")];
        if let Ok(server) = Server::new(&base_url, Auth::Nothing, 9) {
            texts.extend([server.shown(), server.brief(&format!("you said {told}."))]);
            assert_eq!(texts[2], "you said [password].");
        }
        for text in texts {
            assert!(!text.contains(told), "{text}");
        }
    }
}

#[test]
fn addresses_lead_to_the_same_server_or_not() {
    let own = "https://api.example.com/v1";
    for (base_url, is_at) in [
        ("https://api.example.com/v1", true),
        ("https://API.example.com:443/v2/", true),
        (" https://api.example.com ", true),
        ("http://api.example.com/v1", false),
        ("https://api.example.com:444/v1", false),
        ("https://api.example.com.evil.org/v1", false),
        ("https://api.example.com@evil.org/v1", false),
        ("not a URL", false),
    ] {
        assert_eq!(BaseUrl::from(base_url).is_at(own), is_at, "{base_url}");
    }
    assert!(!BaseUrl::from("data:x").is_at("data:x"));
}

#[test]
fn servers_say_when_to_come_back() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(784_111_777);
    for (text, seconds) in [
        ("20", Some(20.0)),
        (" 0.5 ", Some(0.5)),
        ("-1", None),
        ("soon", None),
        // The three forms that RFC 9110 (5.6.7) has recipients take.
        ("Sun, 06 Nov 1994 08:50:37 GMT", Some(60.0)),
        ("Sunday, 06-Nov-94 08:50:37 GMT", Some(60.0)),
        ("Sun Nov  6 08:50:37 1994", Some(60.0)),
        ("Sun, 06 Nov 1994 08:49:00 GMT", Some(0.0)),
    ] {
        let expected = seconds.map(Duration::from_secs_f64);
        assert_eq!(retry_after_at(text, now), expected, "{text}");
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
    let base_url = format!("{}/base", mock.uri()).into();
    let server = Server::new(&base_url, auth, 100).unwrap();
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
        (
            "/away",
            ResponseTemplate::new(500).set_body_bytes(vec![b'x'; 10_000]),
        ),
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
    let server = Server::new(&mock.uri().into(), Auth::Nothing, 100).unwrap();
    let short = Duration::from_millis(50);
    let failure = server.ask(&get(&["long"]), LONG).await.unwrap_err();
    assert_eq!(failure, Failure::TooLong(mock.uri(), 100));
    let failure = server.ask(&get(&["hang"]), short).await.unwrap_err();
    assert_eq!(failure, Failure::Timeout(mock.uri(), short));
    assert_eq!(
        server.ask(&get(&["moved"]), LONG).await.unwrap().status,
        302
    );

    // Status and what came of the body are kept of what is no success.
    let failure = server.ask(&get(&["away"]), LONG).await.unwrap();
    assert_eq!(failure.status, 500);
    assert!(failure.body.len() <= 100);
}

#[tokio::test]
async fn who_is_not_there_has_seen_nothing_and_who_hangs_up_perhaps() {
    // Bound and never listening, the port is nobody else's and refuses.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let gone = format!("http://{}", socket.local_addr().unwrap());
    let server = Server::new(&gone.into(), Auth::Nothing, 100).unwrap();
    let failure = server.ask(&get(&["x"]), LONG).await.unwrap_err();
    assert!(
        matches!(&failure, Failure::NotConnected(why) if why.starts_with("can't connect to")),
        "{failure:?}"
    );

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let rude = format!("http://{}", listener.local_addr().unwrap());
    let server = Server::new(&rude.into(), Auth::Nothing, 100).unwrap();
    let hang_up = async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let _ = tokio::io::AsyncReadExt::read(&mut socket, &mut [0; 1024]).await;
    };
    let ask = get(&["x"]);
    let (failure, ()) = tokio::join!(server.ask(&ask, LONG), hang_up);
    assert!(
        matches!(&failure, Err(Failure::Lost(why)) if why.starts_with("lost the connection")),
        "{failure:?}"
    );
}
