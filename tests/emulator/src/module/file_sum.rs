//! The checksum of file transfers (supplement 2.9).

/// XOR of the 16-bit words, high byte first; a last odd byte is a high byte.
pub(crate) fn checksum(bytes: &[u8]) -> u16 {
    bytes.chunks(2).fold(0, |sum, word| {
        let low = word.get(1).copied().unwrap_or(0);
        sum ^ u16::from_be_bytes([word[0], low])
    })
}

#[cfg(test)]
mod tests {
    use super::checksum;

    /// Appendix C of the supplement.
    #[test]
    fn vectors() {
        for (bytes, sum) in [
            (b"".as_slice(), 0),
            (b"A", 0x4100),
            (b"AB", 0x4142),
            (b"ABC", 0x0242),
            (b"1234567890", 0x3938),
            (b"0123456789", 0x3839),
            (&[1, 1, 1], 1),
            (&[0, 0xFF], 0xFF),
            (b"This is publish data from client", 0x364C),
        ] {
            assert_eq!(checksum(bytes), sum, "{bytes:?}");
        }
    }
}
