//! Elements of DER, the encoding of certificates and keys.

/// Returns the tag and the content of the first element of a DER encoding, and the bytes after the
/// element. Returns `None` if the element is incomplete, or if it is encoded in a form that does
/// not occur in certificates and keys: a tag of several bytes, a length of more than four bytes or
/// an indefinite length. A length that is encoded in more bytes than necessary is accepted.
///
/// ```
/// use api_auth::der_element;
///
/// // A sequence of the number 5, and a null.
/// let (tag, content, rest) = der_element(&[0x30, 3, 0x02, 1, 5, 0x05, 0]).unwrap();
/// assert_eq!((tag, content, rest), (0x30, &[0x02, 1, 5][..], &[0x05, 0][..]));
/// assert_eq!(der_element(content), Some((0x02, &[5][..], &[][..])));
/// assert_eq!(der_element(&[0x02, 2, 5]), None);
/// ```
///
/// Source: ITU-T X.690, section 8.1.
#[inline]
pub fn der_element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    const MOST_BYTES: usize = 4;
    const NUMBER: u8 = 0x1f;
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if tag & NUMBER == NUMBER {
        return None;
    }
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if bytes.is_empty() || bytes.len() > MOST_BYTES {
            return None;
        }
        (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_up_to_four_bytes() {
        for (head, length) in [
            (&[0x30, 0][..], 0),
            (&[0x30, 0x7f], 127),
            (&[0x30, 0x81, 0x80], 128),
            (&[0x30, 0x82, 1, 0], 256),
            (&[0x30, 0x83, 0, 1, 0], 256),
            (&[0x30, 0x84, 0, 0, 1, 0], 256),
        ] {
            let whole = [head, &vec![7; length], &[1, 2]].concat();
            let (tag, content, rest) = der_element(&whole).unwrap();
            assert_eq!((tag, content.len(), rest), (0x30, length, &[1, 2][..]));
            assert_eq!(der_element(&whole[..whole.len() - 3]), None, "{head:?}");
        }
    }

    #[test]
    fn malformed_elements_are_none() {
        for malformed in [
            &[][..],
            &[0x30],
            &[0x30, 1],
            &[0x30, 0x80],
            &[0x30, 0x80, 0, 0],
            &[0x30, 0x81],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0xff],
            &[0x1f, 0x01, 0],
            &[0xbf, 0x81, 0x01, 0],
        ] {
            assert_eq!(der_element(malformed), None, "{malformed:?}");
        }
    }
}
