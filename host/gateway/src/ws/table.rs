//! What the decoder makes of everything that a client may send, in whatever pieces it comes.

use super::{Close, Decoder, Message, Violation};

const MOST: usize = 64 << 10;
const MASK: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

/// A client's frame: its first byte, and what it carries.
fn frame(first: u8, payload: impl AsRef<[u8]>) -> Vec<u8> {
    let payload = payload.as_ref();
    let mut frame = vec![first];
    match payload.len() {
        short @ ..126 => frame.push(0x80 | short as u8),
        medium @ ..65_536 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(medium as u16).to_be_bytes());
        }
        long => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&MASK);
    frame.extend(
        payload
            .iter()
            .zip(MASK.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    frame
}

fn text(payload: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x81, payload)
}

fn close(code: u16, reason: impl AsRef<[u8]>) -> Vec<u8> {
    frame(0x88, [&code.to_be_bytes(), reason.as_ref()].concat())
}

/// A head alone, with the mask's bit and a mask.
fn head(first: u8, length: &[u8]) -> Vec<u8> {
    [&[first], length, &MASK].concat()
}

fn said(text: &str) -> Message {
    Message::Text(text.into())
}

/// Decodes pieces until something is wrong.
fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<Message>, Option<u16>) {
    let (mut decoder, mut messages) = (Decoder::new(MOST), Vec::new());
    for piece in pieces {
        let mut piece = piece.to_vec();
        let mut bytes = &mut piece[..];
        while !bytes.is_empty() {
            match decoder.decode(bytes) {
                Ok((taken, message)) => {
                    bytes = &mut bytes[taken..];
                    messages.extend(message);
                }
                Err(Violation { code, .. }) => return (messages, Some(code)),
            }
        }
    }
    (messages, None)
}

/// What comes over the wire, the messages that it holds, and the code that ends it.
type Case = (&'static str, Vec<Vec<u8>>, Vec<Message>, Option<u16>);

#[rustfmt::skip]
fn table() -> Vec<Case> {
    let broken = Some(1002);
    let x = |count| "x".repeat(count);
    let good = "κόσμε-\u{10ffff}-\u{d7ff}";
    vec![
        ("nothing", vec![], vec![], None),
        ("a text", vec![text("hello")], vec![said("hello")], None),
        ("an empty text", vec![text("")], vec![said("")], None),
        ("bytes", vec![frame(0x82, [0, 255])], vec![Message::Binary(vec![0, 255])], None),
        ("no bytes", vec![frame(0x82, [])], vec![Message::Binary(vec![])], None),
        ("two texts", vec![text("a"), text("b")], vec![said("a"), said("b")], None),
        ("125 bytes", vec![text(x(125))], vec![said(&x(125))], None),
        ("126 bytes", vec![text(x(126))], vec![said(&x(126))], None),
        ("127 bytes", vec![text(x(127))], vec![said(&x(127))], None),
        ("128 bytes", vec![text(x(128))], vec![said(&x(128))], None),
        ("65,535 bytes", vec![text(x(65_535))], vec![said(&x(65_535))], None),
        ("65,536 bytes", vec![text(x(65_536))], vec![said(&x(65_536))], None),

        // Too large: known from the head.
        ("65,537 bytes", vec![head(0x81, &[0xff, 0, 0, 0, 0, 0, 1, 0, 1])], vec![], Some(1009)),
        ("as much as there can be", vec![head(0x82, &[0xff, 0x7f, 255, 255, 255, 255, 255, 255, 255])], vec![], Some(1009)),
        ("too large together", vec![frame(0x01, x(40_000)), head(0x80, &[0xfe, 0x9c, 0x40])], vec![], Some(1009)),
        ("a length's highest bit", vec![head(0x81, &[0xff, 0x80, 0, 0, 0, 0, 0, 0, 1])], vec![], broken),

        // Longer than they need to be.
        ("125 in two bytes", vec![head(0x81, &[0xfe, 0, 125])], vec![], broken),
        ("0 in two bytes", vec![head(0x81, &[0xfe, 0, 0])], vec![], broken),
        ("65,535 in eight bytes", vec![head(0x81, &[0xff, 0, 0, 0, 0, 0, 0, 255, 255])], vec![], broken),

        // Heads.
        ("the first reserved bit", vec![head(0xc1, &[0x80])], vec![], broken),
        ("the second reserved bit", vec![head(0xa1, &[0x80])], vec![], broken),
        ("the third reserved bit", vec![head(0x91, &[0x80])], vec![], broken),
        ("a reserved bit at a ping", vec![head(0xc9, &[0x80])], vec![], broken),
        ("opcode 3", vec![frame(0x83, "")], vec![], broken),
        ("opcode 7", vec![frame(0x87, "")], vec![], broken),
        ("opcode 11", vec![frame(0x8b, "")], vec![], broken),
        ("opcode 15", vec![frame(0x8f, "")], vec![], broken),
        ("after a good one", vec![text("a"), frame(0x84, "")], vec![said("a")], broken),
        ("not masked", vec![vec![0x81, 1, b'a']], vec![], broken),
        ("a ping that is not masked", vec![vec![0x89, 0]], vec![], broken),

        // Fragments.
        ("two fragments", vec![frame(0x01, "he"), frame(0x80, "llo")], vec![said("hello")], None),
        ("three fragments, two of them empty", vec![frame(0x01, ""), frame(0x00, "a"), frame(0x80, "")], vec![said("a")], None),
        ("nothing in fragments", vec![frame(0x02, ""), frame(0x00, ""), frame(0x80, "")], vec![Message::Binary(vec![])], None),
        ("a ping between fragments", vec![frame(0x01, "he"), frame(0x89, "p"), frame(0x80, "llo")], vec![Message::Ping(b"p".to_vec()), said("hello")], None),
        ("a pong between fragments", vec![frame(0x01, "he"), frame(0x8a, "p"), frame(0x80, "llo")], vec![Message::Pong, said("hello")], None),
        ("a close between fragments", vec![frame(0x01, "he"), close(1000, "")], vec![Message::Close(Some(Close::new(1000, "")))], None),
        ("nothing to continue", vec![frame(0x80, "a")], vec![], broken),
        ("nothing to continue, not the last", vec![frame(0x00, "a")], vec![], broken),
        ("nothing to continue any more", vec![frame(0x01, "a"), frame(0x80, "b"), frame(0x80, "c")], vec![said("ab")], broken),
        ("a text within a text", vec![frame(0x01, "a"), text("b")], vec![], broken),
        ("bytes within a text", vec![frame(0x01, "a"), frame(0x02, "b")], vec![], broken),

        // Control frames.
        ("a ping", vec![frame(0x89, "")], vec![Message::Ping(vec![])], None),
        ("a ping of 125 bytes", vec![frame(0x89, x(125))], vec![Message::Ping(x(125).into())], None),
        ("a ping of 126 bytes", vec![frame(0x89, x(126))], vec![], broken),
        ("a pong that nobody asked for", vec![frame(0x8a, x(125)), text("a")], vec![Message::Pong, said("a")], None),
        ("a pong of 126 bytes", vec![frame(0x8a, x(126))], vec![], broken),
        ("a ping in fragments", vec![frame(0x09, "")], vec![], broken),
        ("a pong in fragments", vec![frame(0x0a, "")], vec![], broken),
        ("a close in fragments", vec![frame(0x08, "")], vec![], broken),
        ("ten pings", vec![frame(0x89, "p"); 10], vec![Message::Ping(b"p".to_vec()); 10], None),

        // Closing.
        ("a close", vec![frame(0x88, "")], vec![Message::Close(None)], None),
        ("a close with a reason", vec![close(1001, "bye é")], vec![Message::Close(Some(Close::new(1001, "bye é")))], None),
        ("a close of 125 bytes", vec![close(1000, x(123))], vec![Message::Close(Some(Close { code: 1000, reason: x(123).into() }))], None),
        ("a close of 126 bytes", vec![close(1000, x(124))], vec![], broken),
        ("a close with half a code", vec![frame(0x88, [3])], vec![], broken),
        ("a reason that is not UTF-8", vec![close(1000, [0xce, 0xba, 0xff])], vec![], Some(1007)),
        ("a reason that breaks off", vec![close(1000, [0xce])], vec![], Some(1007)),

        // UTF-8: the first byte that is wrong is the last that is needed.
        ("many kinds of characters", vec![text(good)], vec![said(good)], None),
        ("a character over two frames", vec![frame(0x01, [0xce]), frame(0x80, [0xba])], vec![said("κ")], None),
        ("a character over four frames", vec![frame(0x01, [0xf0]), frame(0x00, [0x9f]), frame(0x00, [0x8e]), frame(0x80, [0x89])], vec![said("🎉")], None),
        ("a character around a ping", vec![frame(0x01, [0xce]), frame(0x89, "p"), frame(0x80, [0xba])], vec![Message::Ping(b"p".to_vec()), said("κ")], None),
        ("a wrong byte at the beginning", vec![text([0xff, b'a'])], vec![], Some(1007)),
        ("a wrong byte in the middle", vec![text([b'a', 0x80, b'b'])], vec![], Some(1007)),
        ("a wrong byte at the end", vec![text([b'a', 0xfe])], vec![], Some(1007)),
        ("a character that breaks off", vec![text([b'a', 0xce])], vec![], Some(1007)),
        ("a character that breaks off with its message", vec![frame(0x01, [0xce]), frame(0x80, "")], vec![], Some(1007)),
        ("a character that goes on wrongly in the next frame", vec![frame(0x01, [0xce]), frame(0x00, "a")], vec![], Some(1007)),
        ("a wrong byte in a frame that is not complete", vec![[&head(0x81, &[0x82])[..], &[0xff ^ MASK[0]]].concat()], vec![], Some(1007)),
        ("a surrogate", vec![text([0xed, 0xa0, 0x80])], vec![], Some(1007)),
        ("longer than it needs to be", vec![text([0xc0, 0xaf])], vec![], Some(1007)),
        ("beyond the last character", vec![text([0xf4, 0x90, 0x80, 0x80])], vec![], Some(1007)),
        ("bytes need not be UTF-8", vec![frame(0x82, [0xff])], vec![Message::Binary(vec![0xff])], None),
    ]
}

#[test]
fn each_case_is_read_as_it_should_be_in_whatever_pieces_it_comes() {
    for (what, frames, messages, code) in table() {
        let wire = frames.concat();
        let wanted = (messages, code);
        assert!(decode([&wire[..]]) == wanted, "{what}: at once");
        assert!(
            decode(frames.iter().map(Vec::as_slice)) == wanted,
            "{what}: by frames"
        );
        assert!(decode(wire.chunks(1)) == wanted, "{what}: byte by byte");
        let splits = (1..wire.len()).step_by(wire.len() / 300 + 1);
        for split in splits {
            let (one, other) = wire.split_at(split);
            assert!(decode([one, other]) == wanted, "{what}: split at {split}");
        }
    }
}

#[test]
fn codes_that_may_be_sent_are_taken_and_others_are_not() {
    for (codes, good) in [
        (0..=999, false),
        (1000..=1003, true),
        (1004..=1006, false),
        (1007..=1014, true),
        (1015..=2999, false),
        (3000..=4999, true),
        (5000..=u16::MAX, false),
    ] {
        for code in codes {
            let taken = decode([&close(code, "why")[..]]);
            let wanted = if good {
                (vec![Message::Close(Some(Close::new(code, "why")))], None)
            } else {
                (vec![], Some(1002))
            };
            assert!(taken == wanted, "{code}: {taken:?}");
        }
    }
}

#[test]
fn what_is_announced_takes_no_memory_before_it_comes() {
    let mut decoder = Decoder::new(MOST);
    let mut piece = [&head(0x82, &[0xfe, 0xff, 0xff])[..], b"abc"].concat();
    assert_eq!(decoder.decode(&mut piece), Ok((11, None)));
    assert!(decoder.held() < 1024, "{}", decoder.held());
}
