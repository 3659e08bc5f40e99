//! Painted pictures, four a second.

use super::*;

const WIDTH: u32 = 64;
const HEIGHT: u32 = 36;

/// Paints a picture: by its number, the brightness of a place.
type Paint = fn(n: u32, x: u32, y: u32) -> u8;

fn see(paint: Paint, pictures: u32) -> Vec<(String, u64)> {
    let mut eye = Eye::default();
    let mut events = Vec::new();
    for n in 0..pictures {
        let rgb: Vec<u8> = (0..HEIGHT)
            .flat_map(|y| (0..WIDTH).flat_map(move |x| [paint(n, x, y); 3]))
            .collect();
        events.extend(eye.see(u64::from(n) * 250, WIDTH, HEIGHT, &rgb));
    }
    let events = events.into_iter();
    events
        .map(|event| (event.kind.into_owned(), event.at_ms))
        .collect()
}

/// A place: stripes from left to right, or from the top down.
fn hills(x: u32) -> u8 {
    (x * 3) as u8
}

fn tower(y: u32) -> u8 {
    (255 - y * 5) as u8
}

#[test]
fn changes_flashes_and_blackouts_are_seen() {
    type Case = (&'static str, Paint, &'static [(&'static str, u64)]);
    let cases: [Case; 10] = [
        ("a still", |_, x, _| hills(x), &[]),
        ("black from the start", |_, _, _| 0, &[]),
        ("noise", |n, x, y| (x * 31 + y * 17 + n * 73) as u8, &[]),
        (
            "a cut",
            |n, x, y| if n < 20 { hills(x) } else { tower(y) },
            &[("scene_change", 5000)],
        ),
        (
            "a cut and back after a while",
            |n, x, y| {
                if !(20..=60).contains(&n) {
                    hills(x)
                } else {
                    tower(y)
                }
            },
            &[("scene_change", 5000)],
        ),
        (
            "a cut, and another after 25 s",
            |n, x, y| {
                if (20..120).contains(&n) {
                    tower(y)
                } else {
                    hills(x)
                }
            },
            &[("scene_change", 5000), ("scene_change", 30_000)],
        ),
        (
            "something that moves all the time",
            |n, x, _| hills((x + n * 8) % 64),
            &[],
        ),
        (
            "a flash",
            |n, x, _| if n == 20 { 250 } else { hills(x) / 2 },
            &[("flash", 5000)],
        ),
        (
            "a picture of another scene in between",
            |n, x, y| if n == 20 { tower(y) / 2 } else { hills(x) },
            &[],
        ),
        (
            "a blackout, and light again",
            |n, x, _| if (20..40).contains(&n) { 10 } else { hills(x) },
            &[("blackout", 5000)],
        ),
    ];
    for (case, paint, expected) in cases {
        let told = see(paint, 160);
        let told: Vec<_> = told.iter().map(|(kind, at_ms)| (&**kind, *at_ms)).collect();
        assert_eq!(told, expected, "{case}");
    }
}

#[test]
fn a_picture_that_is_none_is_passed_over() {
    let mut eye = Eye::default();
    for (width, height, bytes) in [(0, 0, 0), (64, 36, 5), (u32::MAX, u32::MAX, 12), (1, 1, 3)] {
        assert_eq!(eye.see(0, width, height, &vec![9; bytes]), None);
    }
}
