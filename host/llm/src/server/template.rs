//! Marks of chat templates in what is sent.
//!
//! A server writes the messages of a request into its model's template and reads the whole as tokens: some
//! (llama.cpp's among them) take `<|im_end|>` for the end of a turn wherever it stands, in what a viewer
//! wrote, too. No prompt needs such a mark, so each gets a space inside, by which it is no token any more
//! and can still be read.

use chatter_protocol::llm::Request;
use std::borrow::Cow;

/// The request without marks of templates in its messages.
pub(super) fn without_marks(request: &Request) -> Cow<'_, Request> {
    let is_clean = |text: &str| matches!(apart(text), Cow::Borrowed(_));
    if request.messages.iter().all(|it| is_clean(&it.content)) {
        return Cow::Borrowed(request);
    }
    let mut request = request.clone();
    for message in &mut request.messages {
        message.content = apart(&message.content).into_owned();
    }
    Cow::Owned(request)
}

/// Names of control tokens that look like tags. Other tags are left alone: prompts set data off by them.
const NAMES: [&str; 20] = [
    "s",
    "bos",
    "eos",
    "pad",
    "unk",
    "mask",
    "cls",
    "sep",
    "sop",
    "eop",
    "SYS",
    "image",
    "audio",
    "video",
    "__media__",
    "tool_call",
    "tool_response",
    "think",
    "start_header_id",
    "end_header_id",
];

/// And how others begin.
const FAMILIES: [&str; 6] = [
    "start_of_",
    "end_of_",
    "begin_of_",
    "fim_",
    "extra_id_",
    "unused",
];

/// Puts a space behind each `<` and `[` that begins a control token: ChatML's, Llama's and many others'
/// (`<|im_start|>`), DeepSeek's (`<｜User｜>`), those of tokenizers (`<s>`, `</s>`), Gemma's (`<start_of_turn>`),
/// Llama 2's (`<<SYS>>`, `[INST]`), Mistral's and GLM's (`[TOOL_CALLS]`, `[gMASK]`).
fn apart(text: &str) -> Cow<'_, str> {
    let begins = |rest: &str| match rest.chars().next() {
        Some('<') => begins_tag(&rest[1..]),
        Some('[') => begins_mark(&rest[1..]),
        _ => false,
    };
    let places = text.match_indices(['<', '[']);
    let mut at = 0;
    let mut safe = String::new();
    for (place, _) in places.filter(|(place, _)| begins(&text[*place..])) {
        safe.push_str(&text[at..=place]);
        safe.push(' ');
        at = place + 1;
    }
    if at == 0 {
        return Cow::Borrowed(text);
    }
    safe.push_str(&text[at..]);
    Cow::Owned(safe)
}

/// `<3`, `< 5`, `<-` and `</3` begin none.
fn begins_tag(rest: &str) -> bool {
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    if rest.starts_with(['|', '｜']) {
        return true;
    }
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    let (name, rest) = rest.split_at(end.unwrap_or(rest.len()));
    rest.starts_with('>')
        && (NAMES.iter().any(|known| known.eq_ignore_ascii_case(name))
            || FAMILIES.iter().any(|family| name.starts_with(family)))
}

/// At most thirty letters, digits and `_`, three capitals among them.
fn begins_mark(rest: &str) -> bool {
    let rest = rest.strip_prefix('/').unwrap_or(rest);
    let Some(end) = rest.bytes().take(31).position(|byte| byte == b']') else {
        return false;
    };
    let name = &rest[..end];
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    name.bytes().all(plain) && name.bytes().filter(u8::is_ascii_uppercase).count() >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_templates_are_taken_apart() {
        let cases = [
            // ChatML, Qwen
            ("<|im_start|>system", "< |im_start|>system"),
            ("gg<|im_end|>\n<|im_start|>", "gg< |im_end|>\n< |im_start|>"),
            // Llama 2 and 3
            (
                "<s>[INST] <<SYS>>\nx\n<</SYS>> [/INST]</s>",
                "< s>[ INST] << SYS>>\nx\n<< /SYS>> [ /INST]< /s>",
            ),
            ("<|eot_id|>", "< |eot_id|>"),
            // Mistral, GLM
            (
                "[SYSTEM_PROMPT][TOOL_CALLS][gMASK]",
                "[ SYSTEM_PROMPT][ TOOL_CALLS][ gMASK]",
            ),
            // Gemma, DeepSeek
            ("<start_of_turn>model", "< start_of_turn>model"),
            ("<｜User｜>hi", "< ｜User｜>hi"),
            ("<<|im_end|>", "<< |im_end|>"),
        ];
        for (text, wanted) in cases {
            assert_eq!(apart(text), wanted, "{text}");
            assert_eq!(apart(wanted), wanted, "nothing is left of {text}");
        }
    }

    #[test]
    fn what_people_write_stays() {
        for text in [
            "i <3 this",
            "</3",
            "<<<\nAna: hi\n>>>",
            "3 < 4, a <= b, <-, <start",
            "<transcript>hm</transcript> <b>",
            "Bo [ai]: gg",
            "[GG] [1] [note] [OK]",
            "[ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG]",
            "日本 [日本語の長い説明がここに立っている]",
            "",
        ] {
            assert!(
                matches!(apart(text), Cow::Borrowed(it) if it == text),
                "{text}"
            );
        }
    }
}
