//! Who asks, and what they may do.
//!
//! A principal is the operator (by its token), a guest's session (by its token, as a header or a
//! cookie), or, where guests are let in, anybody. A route names the scope that it needs in the route
//! table, and [`guard`] checks it before the route's own code runs.

use crate::{
    admission::Standing,
    moderators::{Actor, Rank},
    names,
    origin::Origin,
    problem::Problem,
    proxies::Proxies,
    room::Room,
    shared::Shared,
};
use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, header},
    middleware::Next,
    response::Response,
};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD as URL_SAFE_NO_PAD};
use chatter_protocol::{
    Author, AuthorId, AuthorKind, Timestamp,
    frames::{Scope, Session, You},
    moderators::Named,
};
use chatter_store::StoredSession;
use rand::RngExt;
use std::{net::IpAddr, sync::Arc};

/// The cookie that carries a session's token.
pub(crate) const COOKIE: &str = "chatter_session";

/// What stands before a token among the protocols that a WebSocket offers.
const BEARER: &str = "chatter.bearer.";

/// For how long a browser keeps it, in seconds.
const COOKIE_AGE_S: u32 = 30 * 24 * 3600;

const GUEST: &[Scope] = &[Scope::Read, Scope::Say];
/// Whoever only reads.
pub(crate) const READER: &[Scope] = &[Scope::Read];
const MODERATOR: &[Scope] = &[Scope::Read, Scope::Say, Scope::Moderate];
const ALL: &[Scope] = &[
    Scope::Read,
    Scope::Say,
    Scope::Context,
    Scope::Moderate,
    Scope::Admin,
];

/// What a route asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing: it tells nothing about rooms or people.
    Open,
    /// A scope.
    Scope(Scope),
    /// A scope, unless the request comes from this machine and through no proxy.
    ScopeUnlessLocal(Scope),
}

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Principal {
    /// Whoever holds the operator's token.
    Operator,
    /// A guest with a session.
    Session(StoredSession),
    /// Anybody.
    Anonymous,
}

impl Principal {
    pub(crate) fn scopes(&self) -> &'static [Scope] {
        match self {
            Self::Operator => ALL,
            Self::Session(_) | Self::Anonymous => GUEST,
        }
    }

    /// What it may do in a room, where some sessions may moderate.
    pub(crate) fn scopes_in(&self, room: &Room, now: Timestamp) -> &'static [Scope] {
        match self {
            Self::Session(session)
                if room.moderators.state().moderates(&session.author_id, now) =>
            {
                MODERATOR
            }
            _ => self.scopes(),
        }
    }

    /// Who gives orders in a room now.
    pub(crate) fn actor(&self, room: &Room, now: Timestamp) -> Actor {
        let author = match self {
            Self::Operator => operator(),
            Self::Session(session) => viewer(session),
            Self::Anonymous => names::guest("guest"),
        };
        let scopes = self.scopes_in(room, now);
        Actor {
            by: Named::from(&author),
            rank: if scopes.contains(&Scope::Admin) {
                Rank::Operator
            } else if scopes.contains(&Scope::Moderate) {
                Rank::Moderator
            } else {
                Rank::Guest
            },
        }
    }

    /// What is proven of who speaks as this author.
    pub(crate) fn standing(&self, author: &Author) -> Standing {
        match self {
            Self::Session(session) => Standing::Session(session.created_at),
            Self::Operator if author.kind == AuthorKind::Moderator => Standing::Operator,
            Self::Operator | Self::Anonymous => Standing::Nobody,
        }
    }

    /// Who speaks in a room, if it may: `claim` is the name that the request gives, `pointer` where
    /// it gives it.
    pub(crate) fn author(
        &self,
        claim: Option<&str>,
        pointer: &str,
        room: &Room,
    ) -> Result<Author, Problem> {
        let claim = claim.map(|name| names::check(name, pointer)).transpose()?;
        let author = match (self, claim) {
            (Self::Session(session), None) => viewer(session),
            (Self::Session(session), Some(claim)) if claim == session.name => viewer(session),
            (Self::Session(session), Some(_)) => {
                let detail = format!(
                    "the session's name is {:?}: leave the author out, or make another session",
                    session.name
                );
                return Err(Problem::new(
                    axum::http::StatusCode::CONFLICT,
                    "not_your_name",
                    detail,
                )
                .at(pointer));
            }
            (Self::Operator, None) => return Ok(operator()),
            (Self::Operator | Self::Anonymous, Some(name)) => names::guest(name),
            (Self::Anonymous, None) => {
                let detail = "missing: give a name, or make a session with POST /v1/sessions and send its token";
                return Err(Problem::unprocessable("invalid", detail).at(pointer));
            }
        };
        room.rules().taken.refuse(&author.name, pointer)?;
        Ok(author)
    }

    /// It was heard: if it is a session, that is in use.
    pub(crate) fn note_use(&mut self, shared: &Shared) {
        if let Self::Session(session) = self {
            shared.in_use.note(session, shared.clock.now());
        }
    }
}

/// A session as an author.
fn viewer(session: &StoredSession) -> Author {
    let id = session.author_id.clone();
    names::author(id, &session.name, AuthorKind::Viewer)
}

/// The operator as an author.
fn operator() -> Author {
    let id = AuthorId::new("operator:main").expect("a literal of the right form");
    let mut author = names::author(id, "operator", AuthorKind::Moderator);
    author.badges = vec!["operator".into()];
    author
}

/// Lets a request through to a route, with its [`Principal`], if that has the scope.
pub(crate) async fn guard(
    State((shared, access)): State<(Arc<Shared>, Access)>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let scope = match access {
        Access::Open => return Ok(next.run(request).await),
        Access::ScopeUnlessLocal(_) if is_local(&request) => return Ok(next.run(request).await),
        Access::Scope(scope) | Access::ScopeUnlessLocal(scope) => scope,
    };
    let principal = match offered(request.uri().path(), request.headers()) {
        Some(token) if !request.headers().contains_key(header::AUTHORIZATION) => {
            known(&shared, &token).await?.ok_or_else(|| {
                Problem::unauthorized("the token in `Sec-WebSocket-Protocol` is unknown: check it")
            })?
        }
        _ => authenticate(&shared, request.headers()).await?,
    };
    if matches!(principal, Principal::Anonymous) && !shared.config.guests {
        return Err(Problem::unauthorized(
            "guests are not let in here: send `Authorization: Bearer TOKEN` with a session's or the operator's token",
        ));
    }
    let scopes = match in_path(&shared, request.uri().path()) {
        Some(room) => principal.scopes_in(&room, shared.clock.now()),
        None => principal.scopes(),
    };
    if !scopes.contains(&scope) {
        let scope = scope_name(scope);
        return Err(if matches!(principal, Principal::Anonymous) {
            Problem::unauthorized(format!(
                "this needs the scope `{scope}`: send `Authorization: Bearer TOKEN` with the operator's token"
            ))
        } else {
            Problem::forbidden(format!(
                "this needs the scope `{scope}`, which this session has not: use the operator's token, or have the operator make it a moderator's"
            ))
        });
    }
    request.extensions_mut().insert(principal);
    Ok(next.run(request).await)
}

/// The room that a path is about.
fn in_path(shared: &Shared, path: &str) -> Option<Arc<Room>> {
    let mut parts = path.strip_prefix("/v1/rooms/")?.split('/');
    shared.room(parts.next()?, parts.next()?).ok()
}

pub(crate) const fn scope_name(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Say => "say",
        Scope::Context => "context",
        Scope::Moderate => "moderate",
        Scope::Admin => "admin",
    }
}

/// A request's connection is from this machine, and from no proxy that is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FromHere;

impl FromHere {
    pub(crate) fn of(peer: IpAddr, proxies: &Proxies) -> Option<Self> {
        (peer.to_canonical().is_loopback() && !proxies.contain(peer)).then_some(Self)
    }
}

/// Whether a request comes straight from this machine. A proxy on this machine that is not known says so in a header, or
/// passes on the name that its clients ask for; so does the browser of a page whose name was made this machine's.
fn is_local(request: &Request) -> bool {
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    request.extensions().get::<FromHere>().is_some()
        && !forwarded
            .iter()
            .any(|name| request.headers().contains_key(*name))
        && host(request.headers()).is_some_and(|host| {
            format!("http://{host}")
                .parse()
                .is_ok_and(|of_host: Origin| of_host.is_fixed())
        })
}

/// Whether a request may learn what is inside the program: it comes from this machine, or is the operator's.
pub(crate) fn is_insider(shared: &Shared, request: &Request) -> bool {
    let token = request
        .headers()
        .get(header::AUTHORIZATION)
        .and_then(bearer);
    is_local(request) || token.is_some_and(|token| names::sha256(token) == shared.operator_sha256)
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(header::HOST)?.to_str().ok()
}

pub(crate) async fn authenticate(
    shared: &Shared,
    headers: &HeaderMap,
) -> Result<Principal, Problem> {
    if let Some(authorization) = headers.get(header::AUTHORIZATION) {
        let token = bearer(authorization).ok_or_else(|| {
            Problem::unauthorized("the `Authorization` header is not of the form `Bearer TOKEN`")
        })?;
        return known(shared, token).await?.ok_or_else(|| {
            Problem::unauthorized("the token is unknown: make a session with POST /v1/sessions, or check the operator's token")
        });
    }
    let Some(token) = cookie(headers) else {
        return Ok(Principal::Anonymous);
    };
    known(shared, token).await?.ok_or_else(|| {
        Problem::unauthorized("the session's cookie is unknown, and is cleared now: make a session with POST /v1/sessions")
            .header(header::SET_COOKIE, &format!("{COOKIE}=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"))
    })
}

fn bearer(authorization: &HeaderValue) -> Option<&str> {
    let (scheme, token) = authorization.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The principal whose token this is. Hashes are compared, not tokens, so that the time it takes
/// tells nothing about a token.
async fn known(shared: &Shared, token: &str) -> Result<Option<Principal>, Problem> {
    let hash = names::sha256(token);
    if hash == shared.operator_sha256 {
        return Ok(Some(Principal::Operator));
    }
    let session = shared.store(shared.store.session(&hash)).await?;
    Ok(session.map(|session| {
        let mut principal = Principal::Session(session);
        principal.note_use(shared);
        principal
    }))
}

/// The token that a page's WebSocket brings, which can set no other header: as a protocol that it
/// offers beside its own, `chatter.bearer.` and the token in base64url (RFC 4648, without padding).
/// Only where sound goes: elsewhere no protocol is accepted, and browsers give up a WebSocket whose
/// offers were all passed over.
fn offered(path: &str, headers: &HeaderMap) -> Option<String> {
    if !path.ends_with("/sound") {
        return None;
    }
    let text = headers
        .get_all(header::SEC_WEBSOCKET_PROTOCOL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .find_map(|offer| offer.trim().strip_prefix(BEARER))?;
    // What can't be read is no token, and is refused as one that is unknown.
    let token = URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    Some(String::from_utf8(token).unwrap_or_default())
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, value)| *name == COOKIE && !value.is_empty())
        .map(|(_, value)| value)
}

/// Makes a session for a checked name and keeps it. With what it is answered with comes what is kept.
pub(crate) async fn make_session(
    shared: &Shared,
    name: &str,
) -> Result<(Session, StoredSession), Problem> {
    let (suffix, secret): (u32, [u8; 32]) = {
        let mut rng = rand::rng();
        (rng.random(), rng.random())
    };
    let token: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let author = names::session_author(name, suffix);
    let now = shared.clock.now();
    let stored = StoredSession {
        token_sha256: names::sha256(&token),
        author_id: author.id.clone(),
        name: author.name.clone(),
        created_at: now,
        used_at: now,
    };
    shared
        .store(shared.store.put_session(stored.clone()))
        .await?;
    let you = You {
        id: author.id,
        name: author.name,
        kind: AuthorKind::Viewer,
        scopes: GUEST.to_vec(),
    };
    Ok((Session { you, token }, stored))
}

pub(crate) fn session_cookie(token: &str, secure: bool) -> String {
    let secure = if secure { "; Secure" } else { "" };
    format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict; Max-Age={COOKIE_AGE_S}{secure}")
}

/// Refuses what another site's page sends: a browser names that page's origin, and would add this
/// site's cookie. Reading without a WebSocket is left to the browser's same-origin policy.
///
/// To this machine a page's own host counts only if its name is [fixed](Origin::is_fixed) or the operator's.
pub(crate) async fn same_origin(
    State(shared): State<Arc<Shared>>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let headers = request.headers();
    let changes = !matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    if changes || headers.contains_key(header::UPGRADE) {
        let host = host(headers);
        let is_from_here = request.extensions().get::<FromHere>().is_some();
        let allowed = &shared.config.allowed_origins;
        for origin in headers.get_all(header::ORIGIN) {
            let origin = origin.to_str().unwrap_or_default().parse::<Origin>();
            let ours = origin.is_ok_and(|origin| {
                let is_trusted = !is_from_here
                    || origin.is_fixed()
                    || allowed.iter().any(|allowed| allowed.has_host_of(&origin));
                allowed.contains(&origin)
                    || is_trusted && host.is_some_and(|host| origin.is_of(host))
            });
            if !ours {
                return Err(Problem::forbidden(
                    "the page that sent this is of another origin, or has a name that is not known to be this machine's: open chatter's own page, or have the operator add its origin to `[gateway] origins`",
                ));
            }
        }
    }
    Ok(next.run(request).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_found_among_the_protocols() {
        let headers = |text: &str| {
            HeaderMap::from_iter([(header::SEC_WEBSOCKET_PROTOCOL, text.parse().unwrap())])
        };
        for (text, token) in [
            ("chatter.sound, chatter.bearer.dGgzLXQwaw", Some("th3-t0k")),
            ("chatter.bearer.dGgzLXQwaw", Some("th3-t0k")),
            ("chatter.bearer.&", Some("")),
            ("chatter.bearer.gICA", Some("")),
            ("chatter.sound", None),
        ] {
            assert_eq!(
                offered("/v1/rooms/main/lobby/sound", &headers(text)).as_deref(),
                token,
                "{text}"
            );
            assert_eq!(offered("/v1/rooms/main/lobby/ws", &headers(text)), None);
        }
    }

    #[test]
    fn the_cookie_is_found_among_others() {
        let headers = |text: &str| HeaderMap::from_iter([(header::COOKIE, text.parse().unwrap())]);
        assert_eq!(
            cookie(&headers("a=1; chatter_session=tok; b=2")),
            Some("tok")
        );
        assert_eq!(cookie(&headers("xchatter_session=tok")), None);
        assert_eq!(cookie(&headers("chatter_session=")), None);
    }
}
