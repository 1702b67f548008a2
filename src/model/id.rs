//! Ids as newtypes without arithmetic: a project id can never be passed where a person's is meant.

use std::{fmt, num::NonZeroU64, str::FromStr};

use serde::{Deserialize, Serialize};

/// Text that is not an id: a positive whole number in plain digits.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not an id (digits only, no leading zero, greater than 0)")]
pub struct IdError {
    /// What was found.
    pub text: String,
}

/// Digits only, no sign, no leading zero, fits in 64 bits: what spreadsheets do to ids is refused.
fn parse_digits(text: &[u8]) -> Option<NonZeroU64> {
    if text.is_empty() || text.len() > 20 || text[0] == b'0' {
        return None;
    }
    // No number of 19 digits is too large: only the last digit has to ask.
    let (sure, last) = text.split_at(text.len().min(19));
    let mut value: u64 = 0;
    for byte in sure {
        value = value * 10 + digit(*byte)?;
    }
    for byte in last {
        value = value.checked_mul(10)?.checked_add(digit(*byte)?)?;
    }
    NonZeroU64::new(value)
}

#[inline]
const fn digit(byte: u8) -> Option<u64> {
    if byte.is_ascii_digit() { Some((byte - b'0') as u64) } else { None }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(NonZeroU64);

        impl $name {
            /// The id with this number; `None` for 0.
            #[must_use]
            pub const fn new(number: u64) -> Option<Self> {
                match NonZeroU64::new(number) {
                    Some(number) => Some(Self(number)),
                    None => None,
                }
            }

            /// The number, as request bodies and paths carry it.
            #[must_use]
            pub const fn number(self) -> u64 {
                self.0.get()
            }

            /// The id written in these bytes; `None` unless they are plain digits (see [`IdError`]).
            #[must_use]
            pub fn from_digits(text: &[u8]) -> Option<Self> {
                parse_digits(text).map(Self)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::from_digits(text.as_bytes()).ok_or_else(|| IdError { text: text.to_owned() })
            }
        }
    };
}

id!(
    /// A project ("workspace" in the API).
    WorkspaceId
);
id!(
    /// A person.
    UserId
);
id!(
    /// One live membership record.
    ParticipationId
);
id!(
    /// A project role of the account, as `workspace_role_id` refers to it.
    RoleId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_digits_are_an_id() {
        assert_eq!("42".parse(), Ok(WorkspaceId::new(42).expect("not 0")));
        let largest = u64::MAX.to_string();
        assert_eq!(largest.parse::<UserId>().map(UserId::number), Ok(u64::MAX));
    }

    #[test]
    fn what_spreadsheets_do_to_ids_is_refused() {
        for text in [
            "",
            "0",
            "007",
            "007.0",
            "1.16E+20",
            "12,345",
            "+5",
            "-5",
            " 5",
            "5 ",
            "18446744073709551616",
            "٣",
        ] {
            assert!(text.parse::<WorkspaceId>().is_err(), "{text:?} was taken for an id");
        }
    }
}
