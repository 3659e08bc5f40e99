//! What stands in the audit for what was said.

use crate::{OperatorToken, names};
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Makes fingerprints of what was said: HMAC-SHA-256 (RFC 2104). Plain hashes of phone numbers or short
/// words could be tried out by whoever reads the audit.
///
/// Its key comes of the operator's token, which is secret, outlives the process, and is the same for all gateways
/// of a deployment: the same text has the same fingerprint at each of them, until the token is another.
#[derive(Clone)]
pub(crate) struct Fingerprints(Hmac<Sha256>);

impl Fingerprints {
    pub(crate) fn new(token: &OperatorToken) -> Self {
        let mut key = keyed(token.expose().as_bytes());
        key.update(b"chatter: fingerprints in the audit");
        Self(keyed(&key.finalize().into_bytes()))
    }

    /// As 64 hexadecimal digits.
    pub(crate) fn of(&self, original: impl AsRef<[u8]>) -> String {
        let mut code = self.0.clone();
        code.update(original.as_ref());
        names::hex(&code.finalize().into_bytes())
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_who_has_the_token_can_try_originals_out() {
        let here = Fingerprints::new(&OperatorToken::new("one token"));
        let elsewhere = Fingerprints::new(&OperatorToken::new("one token"));
        let another = Fingerprints::new(&OperatorToken::new("another token"));
        let number = "+49 30 901820";
        assert_eq!(here.of(number), elsewhere.of(number));
        assert_ne!(here.of(number), another.of(number));
        assert_ne!(here.of(number), names::sha256(number));
        assert_ne!(here.of(number), here.of("+49 30 901821"));
        assert_eq!(here.of(number).len(), 64);
    }
}
