//! From the bytes of a file to its text, by the encoding that was named or by the file's own mark.
//!
//! Owns that nothing is guessed: bytes that do not fit are named with their place and with what they
//! look like. Knows no file and no cell.

use std::{fmt, ops::Range};

use encoding_rs::{DecoderResult, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::memchr_iter;
use serde::Serialize;

use super::{problem::shown, source::count_lines};

/// How the bytes of a file become text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// UTF-8, with or without byte order mark.
    #[serde(rename = "utf-8")]
    Utf8,
    /// UTF-16 with byte order mark.
    #[serde(rename = "utf-16")]
    Utf16,
    /// UTF-16, the lower byte first.
    #[serde(rename = "utf-16le")]
    Utf16Le,
    /// UTF-16, the higher byte first.
    #[serde(rename = "utf-16be")]
    Utf16Be,
    /// Windows-1252, which spreadsheets write in western Europe and America.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

impl Encoding {
    /// All encodings.
    pub const ALL: [Self; 5] =
        [Self::Utf8, Self::Utf16, Self::Utf16Le, Self::Utf16Be, Self::Windows1252];

    /// The encoding that has this name, or another one that is usual for it (`latin1`, `cp1252`), in
    /// any case.
    #[must_use]
    pub fn of_label(label: &str) -> Option<Self> {
        let label = label.trim().to_ascii_lowercase();
        let named = Self::ALL.into_iter().find(|encoding| encoding.name() == label);
        named.or_else(|| {
            let found = encoding_rs::Encoding::for_label(label.as_bytes())?;
            Self::ALL.into_iter().find(|one| *one != Self::Utf16 && one.table() == found)
        })
    }

    /// As the configuration writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Utf16Le => "utf-16le",
            Self::Utf16Be => "utf-16be",
            Self::Windows1252 => "windows-1252",
        }
    }

    const fn table(self) -> &'static encoding_rs::Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Utf16 | Self::Utf16Le => UTF_16LE,
            Self::Utf16Be => UTF_16BE,
            Self::Windows1252 => WINDOWS_1252,
        }
    }

    /// What the file's first bytes say, and how many they are.
    fn of_mark(bytes: &[u8]) -> Option<(Self, usize)> {
        let (found, length) = encoding_rs::Encoding::for_bom(bytes)?;
        Some((
            Self::ALL.into_iter().find(|one| *one != Self::Utf16 && one.table() == found)?,
            length,
        ))
    }

    /// Whether a file that is said to have this encoding may begin with the mark of that one.
    fn takes(self, mark: Self) -> bool {
        self == mark || self == Self::Utf16 && mark != Self::Utf8
    }
}

impl fmt::Display for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Why bytes are no text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "encoding", rename_all = "snake_case")]
pub enum EncodingProblem {
    /// Bytes that the encoding does not have.
    Bytes {
        /// What was read for: as it was named, or UTF-8.
        read_as: Encoding,
        /// The first of these bytes, from 0.
        offset: usize,
        /// Its line.
        line: u64,
        /// Its value.
        byte: u8,
        /// The word around it, as windows-1252 would read it; none where that has no such bytes.
        windows_1252: Option<String>,
    },
    /// The file begins with the mark of another encoding than was named.
    OtherMark {
        /// As it was named.
        named: Encoding,
        /// As the file says.
        mark: Encoding,
    },
    /// UTF-16 without a mark, which does not say which byte comes first.
    NoMark {
        /// Which it looks like.
        like: Option<Encoding>,
    },
    /// The file is sound UTF-8, and something else was named.
    IsUtf8 {
        /// As it was named.
        named: Encoding,
        /// The first line with a character that the two read differently.
        line: u64,
        /// The word around it in UTF-8, and as the named encoding reads it.
        words: Option<(String, String)>,
    },
    /// UTF-32, which nobody reads.
    Utf32,
}

/// The lines that name an encoding.
fn naming(encoding: Encoding) -> impl fmt::Display {
    fmt::from_fn(move |f| {
        write!(f, "`--encoding {encoding}`, or `roster.encoding = \"{encoding}\"`")
    })
}

impl fmt::Display for EncodingProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes { read_as, offset, line, byte, windows_1252 } => {
                write!(f, "is not {read_as}: line {line}, byte {offset} is 0x{byte:02x}")?;
                match windows_1252 {
                    Some(word) => {
                        let other = Encoding::Windows1252;
                        write!(f, "; {other} reads `{word}` there; if that is right: {}", naming(other))
                    }
                    None => Ok(()),
                }
            }
            Self::OtherMark { named, mark } => write!(
                f,
                "begins with the byte order mark of {mark}, but is said to be {named}; leave `--encoding` and `roster.encoding` out, or say {}",
                naming(*mark)
            ),
            Self::NoMark { like: Some(like) } => write!(
                f,
                "looks like UTF-16 without a byte order mark; if it is: {}; or save it as UTF-8",
                naming(*like)
            ),
            Self::NoMark { like: None } => f.write_str(
                "has no byte order mark, so that UTF-16 does not say which byte comes first; if it is UTF-16, name `utf-16le` or `utf-16be`",
            ),
            Self::IsUtf8 { named, line, words } => {
                write!(f, "is said to be {named}, but is UTF-8")?;
                if let Some((right, wrong)) = words {
                    write!(f, ": line {line} has `{right}`, not `{wrong}`")?;
                }
                write!(f, "; say {}", naming(Encoding::Utf8))
            }
            Self::Utf32 => f.write_str("is UTF-32, which is not read; save it as UTF-8"),
        }
    }
}

/// The text of a file that somebody said, or did not say, the encoding of.
pub(super) fn decode(bytes: Vec<u8>, named: Option<Encoding>) -> Result<String, EncodingProblem> {
    if bytes.starts_with(b"\xff\xfe\0\0") || bytes.starts_with(b"\0\0\xfe\xff") {
        return Err(EncodingProblem::Utf32);
    }
    match (Encoding::of_mark(&bytes), named) {
        (Some((mark, _)), Some(named)) if !named.takes(mark) => {
            Err(EncodingProblem::OtherMark { named, mark })
        }
        (Some((Encoding::Utf8, _)), _) => utf8(bytes),
        (Some((mark, length)), _) => strictly(&bytes, length, mark),
        (None, None | Some(Encoding::Utf8)) => match like_utf16(&bytes) {
            Some(like) => Err(EncodingProblem::NoMark { like: Some(like) }),
            None => utf8(bytes),
        },
        (None, Some(Encoding::Utf16)) => {
            let like = like_utf16(&bytes);
            Err(is_utf8(&bytes, Encoding::Utf16).unwrap_or(EncodingProblem::NoMark { like }))
        }
        (None, Some(named)) => match is_utf8(&bytes, named) {
            Some(problem) => Err(problem),
            None if named == Encoding::Windows1252 => windows_1252(&bytes),
            None => strictly(&bytes, 0, named),
        },
    }
}

/// The text of a file that this tool wrote, in UTF-8, and a person may have saved in their own way:
/// what it says of itself goes before what is said of rosters.
pub(super) fn decode_own(
    bytes: Vec<u8>,
    named: Option<Encoding>,
) -> Result<String, EncodingProblem> {
    let says_itself = Encoding::of_mark(&bytes).is_some() || simple_utf8(&bytes).is_some();
    decode(bytes, named.filter(|_| !says_itself))
}

fn simple_utf8(bytes: &[u8]) -> Option<&str> {
    std::str::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

fn utf8(bytes: Vec<u8>) -> Result<String, EncodingProblem> {
    String::from_utf8(bytes).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        bad_bytes(error.as_bytes(), offset, Encoding::Utf8)
    })
}

fn bad_bytes(bytes: &[u8], offset: usize, read_as: Encoding) -> EncodingProblem {
    let sound = read_as == Encoding::Utf8 && !bytes.iter().any(is_undefined);
    EncodingProblem::Bytes {
        read_as,
        offset,
        line: 1 + count_lines(&bytes[..offset]),
        byte: bytes[offset],
        windows_1252: sound.then(|| {
            let word = &bytes[word_around(bytes, offset)];
            shown(&WINDOWS_1252.decode_without_bom_handling(word).0)
        }),
    }
}

/// Bytes that windows-1252 has no character for: whoever has them means another encoding.
const fn is_undefined(byte: &u8) -> bool {
    matches!(byte, 0x81 | 0x8d | 0x8f | 0x90 | 0x9d)
}

fn windows_1252(bytes: &[u8]) -> Result<String, EncodingProblem> {
    if let Some(offset) = bytes.iter().position(is_undefined) {
        return Err(bad_bytes(bytes, offset, Encoding::Windows1252));
    }
    Ok(WINDOWS_1252.decode_without_bom_handling(bytes).0.into_owned())
}

/// UTF-16 from this byte on, to the last of them.
fn strictly(bytes: &[u8], from: usize, encoding: Encoding) -> Result<String, EncodingProblem> {
    let mut decoder = encoding.table().new_decoder_without_bom_handling();
    let body = &bytes[from..];
    let most = decoder.max_utf8_buffer_length_without_replacement(body.len());
    let mut text = String::with_capacity(most.unwrap_or(body.len()));
    match decoder.decode_to_string_without_replacement(body, &mut text, true) {
        (DecoderResult::InputEmpty, _) => {
            text.shrink_to_fit();
            Ok(text)
        }
        (DecoderResult::Malformed(wrong, after), read) => {
            let offset = from + read.saturating_sub(usize::from(wrong) + usize::from(after));
            let offset = offset.min(bytes.len() - 1);
            let line = 1 + count_lines(text.as_bytes());
            let byte = bytes[offset];
            Err(EncodingProblem::Bytes {
                read_as: encoding,
                offset,
                line,
                byte,
                windows_1252: None,
            })
        }
        (DecoderResult::OutputFull, _) => unreachable!("there is room for the longest text"),
    }
}

/// Text in which every other byte is 0 is UTF-16 of a western language.
fn like_utf16(bytes: &[u8]) -> Option<Encoding> {
    let start = &bytes[..bytes.len().min(4096)];
    let half = start.len() / 2;
    let zeros = |odd: usize| memchr_iter(0, start).filter(|at| at % 2 == odd).count();
    match (zeros(0), zeros(1)) {
        (even, odd) if half > 2 && odd * 2 > half && even * 4 < odd => Some(Encoding::Utf16Le),
        (even, odd) if half > 2 && even * 2 > half && odd * 4 < even => Some(Encoding::Utf16Be),
        _ => None,
    }
}

/// Whether the bytes are UTF-8 and would be read otherwise: text in another encoding is not by chance.
fn is_utf8(bytes: &[u8], named: Encoding) -> Option<EncodingProblem> {
    let text = simple_utf8(bytes)?;
    let other = bytes.iter().position(|byte| !byte.is_ascii());
    if named == Encoding::Windows1252 {
        let offset = other?;
        let word = word_around(bytes, offset);
        let wrong = WINDOWS_1252.decode_without_bom_handling(&bytes[word.clone()]).0;
        let words = Some((shown(&text[word]), shown(&wrong)));
        return Some(EncodingProblem::IsUtf8 {
            named,
            line: 1 + count_lines(&bytes[..offset]),
            words,
        });
    }
    Some(EncodingProblem::IsUtf8 { named, line: 1, words: None })
}

/// The cell around a byte, as far as it is a short one.
fn word_around(bytes: &[u8], offset: usize) -> Range<usize> {
    const LONGEST: usize = 24;
    let is_end = |byte: &u8| b",;\t|\"\r\n".contains(byte);
    let before = bytes[..offset].iter().rev().take(LONGEST).take_while(|byte| !is_end(byte));
    let after = bytes[offset..].iter().take(LONGEST).take_while(|byte| !is_end(byte));
    let is_within = |at: &usize| (0x80..0xc0).contains(bytes.get(*at).unwrap_or(&0));
    let (mut start, mut end) = (offset - before.count(), offset + after.count());
    if std::str::from_utf8(bytes).is_ok() {
        // Whole characters.
        while is_within(&start) {
            start -= 1;
        }
        while is_within(&end) {
            end += 1;
        }
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8], named: Option<Encoding>) -> String {
        decode(bytes.to_vec(), named).expect_err("no text").to_string()
    }

    fn utf16(text: &str, mark: bool, little: bool) -> Vec<u8> {
        let units = mark.then_some(0xfeff).into_iter().chain(text.encode_utf16());
        units
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    }

    #[test]
    fn text_is_read_as_its_mark_or_somebody_says() {
        let text = "a,b\n1,Müller €\n";
        for little in [true, false] {
            let marked = utf16(text, true, little);
            for named in [None, Some(Encoding::Utf16)] {
                assert_eq!(decode(marked.clone(), named).as_deref(), Ok(text));
            }
            let named = if little { Encoding::Utf16Le } else { Encoding::Utf16Be };
            assert_eq!(decode(marked, Some(named)).as_deref(), Ok(text));
            assert_eq!(decode(utf16(text, false, little), Some(named)).as_deref(), Ok(text));
        }
        let western = b"a,b\n1,M\xfcller \x80\n".to_vec();
        assert_eq!(decode(western, Some(Encoding::Windows1252)).as_deref(), Ok(text));
        assert_eq!(decode(text.into(), None).as_deref(), Ok(text));
        let plain = "a,b\n1,2\n";
        assert_eq!(decode(plain.into(), Some(Encoding::Windows1252)).as_deref(), Ok(plain));
    }

    #[test]
    fn an_encoding_has_many_names() {
        for (label, encoding) in [
            ("UTF-8", Encoding::Utf8),
            (" utf8 ", Encoding::Utf8),
            ("Utf-16", Encoding::Utf16),
            ("utf-16le", Encoding::Utf16Le),
            ("UTF-16BE", Encoding::Utf16Be),
            ("cp1252", Encoding::Windows1252),
            ("latin1", Encoding::Windows1252),
            ("ISO-8859-1", Encoding::Windows1252),
        ] {
            assert_eq!(Encoding::of_label(label), Some(encoding), "{label}");
        }
        assert_eq!(Encoding::of_label("windows-1250"), None);
    }

    #[test]
    fn what_does_not_fit_is_told_with_its_place_and_its_look() {
        let western = b"a,b\n1,\"Anna M\xfcller\"\n";
        insta::assert_snapshot!(problem(western, None), @r#"is not utf-8: line 2, byte 13 is 0xfc; windows-1252 reads `Anna Müller` there; if that is right: `--encoding windows-1252`, or `roster.encoding = "windows-1252"`"#);
        insta::assert_snapshot!(problem(b"a\n\xfc\x81\n", None), @"is not utf-8: line 2, byte 2 is 0xfc");
        let windows = Some(Encoding::Windows1252);
        insta::assert_snapshot!(problem(b"a\n\xfc\x81\n", windows), @"is not windows-1252: line 2, byte 3 is 0x81");
        let text = "a,b\n1,Müller\n";
        insta::assert_snapshot!(problem(text.as_bytes(), windows), @r#"is said to be windows-1252, but is UTF-8: line 2 has `Müller`, not `MÃ¼ller`; say `--encoding utf-8`, or `roster.encoding = "utf-8"`"#);
        insta::assert_snapshot!(problem(text.as_bytes(), Some(Encoding::Utf16Le)), @r#"is said to be utf-16le, but is UTF-8; say `--encoding utf-8`, or `roster.encoding = "utf-8"`"#);
        insta::assert_snapshot!(problem(&utf16(text, false, true), None), @r#"looks like UTF-16 without a byte order mark; if it is: `--encoding utf-16le`, or `roster.encoding = "utf-16le"`; or save it as UTF-8"#);
        insta::assert_snapshot!(problem(&utf16(text, true, false), windows), @r#"begins with the byte order mark of utf-16be, but is said to be windows-1252; leave `--encoding` and `roster.encoding` out, or say `--encoding utf-16be`, or `roster.encoding = "utf-16be"`"#);
        let mut odd = utf16(text, true, true);
        odd.pop();
        insta::assert_snapshot!(problem(&odd, None), @"is not utf-16le: line 2, byte 26 is 0x0a");
        let mut lone = utf16("a,b\n", true, true);
        lone.extend([0x00, 0xd8, 0x41, 0x00]);
        insta::assert_snapshot!(problem(&lone, None), @"is not utf-16le: line 2, byte 10 is 0x00");
        assert_eq!(problem(b"\xff\xfe\0\0a\0\0\0", None), EncodingProblem::Utf32.to_string());
    }

    #[test]
    fn what_this_tool_wrote_is_read_however_rosters_are() {
        let windows = Some(Encoding::Windows1252);
        let text = "# kantata-sync: partial roster\na\nMüller\n";
        assert_eq!(decode_own(text.into(), windows).as_deref(), Ok(text));
        assert_eq!(decode_own(utf16(text, true, true), windows).as_deref(), Ok(text));
        let (saved, _, _) = WINDOWS_1252.encode(text);
        assert_eq!(decode_own(saved.clone().into_owned(), windows).as_deref(), Ok(text));
        assert!(decode_own(saved.into_owned(), None).is_err());
    }
}
