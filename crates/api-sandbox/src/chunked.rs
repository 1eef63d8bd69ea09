//! Decodes the chunked transfer coding (RFC 9112, section 7.1).

/// The error for a malformed chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Decodes a chunked body at the start of `bytes`. Returns the content and the length of the
/// encoded body, including trailer fields. Returns `None` if the body is not complete yet.
pub(crate) fn decode(bytes: &[u8]) -> Result<Option<(Vec<u8>, usize)>, Malformed> {
    let mut content = Vec::new();
    let mut at = 0;
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let (start, length) = match httparse::parse_chunk_size(rest) {
            Ok(httparse::Status::Complete(parsed)) => parsed,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(Malformed),
        };
        let length = usize::try_from(length).map_err(|_| Malformed)?;
        at += start;
        if length == 0 {
            return Ok(
                trailers(bytes.get(at..).unwrap_or_default())?.map(|end| (content, at + end))
            );
        }
        let end = at.checked_add(length).ok_or(Malformed)?;
        let Some(chunk) = bytes.get(at..end) else { return Ok(None) };
        content.extend_from_slice(chunk);
        match bytes.get(end..).unwrap_or_default() {
            [b'\r', b'\n', ..] => at = end + 2,
            [] | [b'\r'] => return Ok(None),
            _ => return Err(Malformed),
        }
    }
}

/// Returns the total length of the trailer fields and the empty line after them. Returns `None` if
/// they are not complete yet.
fn trailers(bytes: &[u8]) -> Result<Option<usize>, Malformed> {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    match httparse::parse_headers(bytes, &mut headers) {
        Ok(httparse::Status::Complete((length, _))) => Ok(Some(length)),
        Ok(httparse::Status::Partial) => Ok(None),
        Err(_) => Err(Malformed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_are_joined() {
        let whole = b"2\r\nTR\r\n2;x=y\r\nUE\r\n0\r\n\r\nrest";
        assert_eq!(decode(whole), Ok(Some((b"TRUE".to_vec(), 23))));
        assert_eq!(decode(b"0\r\n\r\n"), Ok(Some((Vec::new(), 5))));
        assert_eq!(decode(b"1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n"), Ok(Some((b"a".to_vec(), 21))));
    }

    #[test]
    fn a_part_of_a_chunked_body_is_incomplete() {
        let whole = b"2\r\nTR\r\n2\r\nUE\r\n0\r\n\r\n";
        for length in 0..whole.len() {
            assert_eq!(decode(&whole[..length]), Ok(None), "{length}");
        }
    }

    #[test]
    fn malformed_chunks_are_rejected() {
        for bad in [
            "x\r\n",
            "-1\r\n",
            "1\r\nab\r\n",
            "1\r\na\rb",
            "fffffffffffffffff\r\n",
            "0\r\n:\r\n\r\n",
        ] {
            assert_eq!(decode(bad.as_bytes()), Err(Malformed), "{bad}");
        }
    }
}
