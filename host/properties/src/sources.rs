//! What operators write as a source, and what a page shares.

use chatter_media::Source;
use chatter_protocol::{SoundPiece, sound::MAX_PIECE};

/// What stands for everything secret; too long to come about by chance.
const SECRET: &str = "s3cr3tS3cr3t";

/// A source's text is a source or refused in few words, and neither is shown with what may be secret: of
/// a URL, all but scheme and host.
pub fn source(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    let urls = [
        text.to_owned(),
        format!("rtsp://me:{SECRET}@host/{text}"),
        format!("rtmp://host/{text}/{SECRET}?listen=1"),
        format!("https://host/{text}/{SECRET}?{text}={SECRET}#{SECRET}"),
    ];
    for (i, text) in urls.iter().enumerate() {
        let shown = match text.parse::<Source>() {
            Ok(source) => {
                assert_eq!(format!("{source:?}"), format!("Source({source})"));
                source.to_string()
            }
            Err(error) => {
                let words = error.to_string();
                assert!(words.len() < 300 && !words.contains('\n'), "{words:?}");
                words
            }
        };
        assert!(i == 0 || !shown.contains(SECRET), "{shown}");
    }
}

/// A payload is a piece of sound, and the same again, or it is none.
pub fn sound(bytes: &[u8]) {
    if let Some(piece) = SoundPiece::decode(bytes) {
        assert_eq!(piece.encode(), bytes);
    }
    // By chance few are.
    let whole = &bytes[..bytes.len() / 2 * 2];
    let payload = [&[1; 17], whole].concat();
    let piece = SoundPiece::decode(&payload).map(|piece| piece.pcm);
    let fits = 1..=MAX_PIECE;
    assert_eq!(piece, Some(whole).filter(|pcm| fits.contains(&pcm.len())));
}
