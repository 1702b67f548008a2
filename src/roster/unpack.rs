//! What gzip and Zstandard packed, found by its first bytes and unpacked within bounds.
//!
//! Owns the bounds of everything that is unpacked: a small file must not fill the memory. A packed
//! file with its end missing is damage, never a shorter roster. Knows no text.

use std::io::{self, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::{
    FrameDecoder,
    errors::{FrameDecoderError, ReadFrameHeaderError},
};
use serde::Serialize;

/// How much may come out of a packed file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnpackBounds {
    /// So many MiB.
    pub mib: u32,
    /// So many times its size, where that is more than a few MiB.
    pub ratio: u32,
}

impl Default for UnpackBounds {
    fn default() -> Self {
        Self { mib: 256, ratio: 200 }
    }
}

/// Little enough to be no danger, however well it is packed.
const HARMLESS: u64 = 16 << 20;

impl UnpackBounds {
    /// What may come out of so many bytes, and what to say where it is more.
    pub(super) fn of(self, packed: usize) -> (u64, PackProblem) {
        let Self { mib, ratio } = self;
        let all = u64::from(mib) << 20;
        let of_ratio = (packed as u64).saturating_mul(u64::from(ratio)).max(HARMLESS);
        match of_ratio < all {
            true => (of_ratio, PackProblem::Ratio { ratio }),
            false => (all, PackProblem::TooLarge { mib }),
        }
    }
}

/// Why a packed file cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(tag = "packed", rename_all = "snake_case")]
pub enum PackProblem {
    /// More comes out than may.
    #[error("unpacks to more than {mib} MiB; `roster.max_unpacked_mib` is that bound")]
    TooLarge {
        /// The bound.
        mib: u32,
    },
    /// Far more comes out than lists have: a file that is made to fill the memory.
    #[error(
        "unpacks to more than {ratio} times its size, as no list does; `roster.max_unpacked_ratio` is that bound"
    )]
    Ratio {
        /// The bound.
        ratio: u32,
    },
    /// It cannot be unpacked to its end.
    #[error("is damaged or cut off and cannot be unpacked ({form}: {why})")]
    Damaged {
        /// What packed it.
        form: &'static str,
        /// Why.
        why: String,
    },
    /// What is in it is packed again.
    #[error("is packed twice; unpack it once")]
    Twice,
}

/// What packed a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Packing {
    Gzip,
    Zstandard,
}

impl Packing {
    fn of(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Some(Self::Zstandard)
            }
            _ => None,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstandard => "Zstandard",
        }
    }

    fn damaged(self, why: &impl ToString) -> PackProblem {
        PackProblem::Damaged { form: self.name(), why: why.to_string() }
    }
}

/// The bytes, unpacked where something packed them.
pub(super) fn unpack(bytes: Vec<u8>, bounds: UnpackBounds) -> Result<Vec<u8>, PackProblem> {
    let Some(packing) = Packing::of(&bytes) else { return Ok(bytes) };
    let (most, beyond) = bounds.of(bytes.len());
    let mut unpacked = Vec::new();
    match packing {
        Packing::Gzip => {
            let mut within = MultiGzDecoder::new(bytes.as_slice()).take(most + 1);
            within.read_to_end(&mut unpacked).map_err(|error| packing.damaged(&error))?;
        }
        Packing::Zstandard => zstandard(&bytes, most + 1, &mut unpacked)?,
    }
    if unpacked.len() as u64 > most {
        return Err(beyond);
    }
    if Packing::of(&unpacked).is_some() {
        return Err(PackProblem::Twice);
    }
    unpacked.shrink_to_fit();
    Ok(unpacked)
}

/// Frame by frame, as the format allows any number of them.
fn zstandard(mut bytes: &[u8], most: u64, into: &mut Vec<u8>) -> Result<(), PackProblem> {
    let damaged = |why: &str| Packing::Zstandard.damaged(&why);
    while !bytes.is_empty() {
        let mut decoder = FrameDecoder::new();
        match decoder.init(&mut bytes) {
            Ok(()) => {}
            Err(FrameDecoderError::ReadFrameHeaderError(ReadFrameHeaderError::SkipFrame {
                length,
                ..
            })) => {
                let length = usize::try_from(length).unwrap_or(usize::MAX);
                bytes = bytes.get(length..).ok_or_else(|| damaged("a frame without its end"))?;
                continue;
            }
            Err(error) => return Err(damaged(&error.to_string())),
        }
        let mut frame = Frame { decoder, source: &mut bytes };
        let room = most.saturating_sub(into.len() as u64);
        let read = frame.by_ref().take(room).read_to_end(into);
        read.map_err(|error| damaged(&error.to_string()))?;
        if into.len() as u64 >= most {
            return Ok(());
        }
        let Frame { decoder, .. } = frame;
        let written = decoder.get_checksum_from_data();
        if written.is_some() && written != decoder.get_calculated_checksum() {
            return Err(damaged("its checksum is another one"));
        }
    }
    Ok(())
}

/// One frame as it comes out.
struct Frame<'a, 'b> {
    decoder: FrameDecoder,
    source: &'a mut &'b [u8],
}

impl Read for Frame<'_, '_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        use ruzstd::decoding::BlockDecodingStrategy;
        while self.decoder.can_collect() == 0 && !self.decoder.is_finished() {
            let one = BlockDecodingStrategy::UptoBlocks(1);
            self.decoder.decode_blocks(&mut *self.source, one).map_err(io::Error::other)?;
        }
        self.decoder.read(into)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::{Compression, write::GzEncoder};

    use super::*;

    fn gz(bytes: &[u8]) -> Vec<u8> {
        let mut packer = GzEncoder::new(Vec::new(), Compression::default());
        packer.write_all(bytes).expect("memory");
        packer.finish().expect("memory")
    }

    fn zst(bytes: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(bytes, ruzstd::encoding::CompressionLevel::Fastest)
    }

    const BOUNDS: UnpackBounds = UnpackBounds { mib: 20, ratio: 200 };

    #[test]
    fn several_parts_are_one_file() {
        for pack in [gz, zst] {
            let mut packed = pack(b"a,b\n");
            packed.extend(pack(b"1,2\n"));
            assert_eq!(unpack(packed, BOUNDS).as_deref(), Ok(&b"a,b\n1,2\n"[..]));
        }
        assert_eq!(unpack(b"a,b\n".to_vec(), BOUNDS).as_deref(), Ok(&b"a,b\n"[..]));
    }

    #[test]
    fn a_packed_file_without_its_end_is_damage_wherever_it_is_cut() {
        let text: Vec<u8> =
            (0..2_000_u32).flat_map(|number| format!("{number},").into_bytes()).collect();
        for (pack, shortest) in [(gz as fn(&[u8]) -> Vec<u8>, 2), (zst, 4)] {
            let packed = pack(&text);
            for length in (shortest..packed.len()).step_by(7).chain([packed.len() - 1]) {
                let cut = unpack(packed[..length].to_vec(), BOUNDS);
                assert!(matches!(cut, Err(PackProblem::Damaged { .. })), "{length}: {cut:?}");
            }
            let mut longer = packed.clone();
            longer.extend(b"more");
            assert!(matches!(unpack(longer, BOUNDS), Err(PackProblem::Damaged { .. })));
            let mut turned = packed;
            let at = turned.len() - 2;
            turned[at] ^= 1;
            assert!(matches!(unpack(turned, BOUNDS), Err(PackProblem::Damaged { .. })));
        }
    }

    #[test]
    fn what_would_fill_the_memory_is_refused_with_its_bound() {
        let zeros = vec![0; 17 << 20];
        assert_eq!(unpack(gz(&zeros), BOUNDS), Err(PackProblem::Ratio { ratio: 200 }));
        assert_eq!(unpack(zst(&zeros), BOUNDS), Err(PackProblem::Ratio { ratio: 200 }));
        let bounds = UnpackBounds { mib: 1, ratio: 1_000_000 };
        assert_eq!(unpack(gz(&zeros), bounds), Err(PackProblem::TooLarge { mib: 1 }));
        assert_eq!(unpack(gz(&gz(b"a,b\n")), BOUNDS), Err(PackProblem::Twice));
    }
}
