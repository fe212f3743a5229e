//! W3C Trace Context: the place of an exchange in a trace that may have begun at the portal.

/// The trace that an exchange belongs to, and the exchange's own place in it.
///
/// `tracestate` is not passed on, as the recommendation allows: it is other vendors' text, and back ends need none of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    /// The trace, never all zero.
    pub trace_id: [u8; 16],
    /// The portal's span, if the request named one.
    pub parent: Option<[u8; 8]>,
    /// The exchange's own span, never all zero.
    pub span_id: [u8; 8],
    /// Whether spans of this trace are exported.
    pub sampled: bool,
}

impl TraceContext {
    /// Continues the trace of the header `traceparent`, or begins one where there is none or none that is valid.
    ///
    /// A trace begun here is sampled with a probability of `percent`; one that is continued keeps the portal's decision.
    pub fn continue_or_begin(header: Option<&[u8]>, percent: u32) -> TraceContext {
        match header.and_then(parse) {
            Some((trace_id, parent, sampled)) => TraceContext {
                trace_id,
                parent: Some(parent),
                span_id: nonzero(),
                sampled,
            },
            None => TraceContext::begin(percent),
        }
    }

    /// Begins a trace.
    pub fn begin(percent: u32) -> TraceContext {
        TraceContext {
            trace_id: nonzero(),
            parent: None,
            span_id: nonzero(),
            sampled: percent > 0 && rand::random_range(0..100) < percent,
        }
    }

    /// The header to send on: this trace, with the exchange's span as the parent of what follows.
    pub fn header(&self) -> String {
        let mut text = [0; 55];
        text[..3].copy_from_slice(b"00-");
        write_hexadecimal(&self.trace_id, &mut text[3..35]);
        text[35] = b'-';
        write_hexadecimal(&self.span_id, &mut text[36..52]);
        text[52..].copy_from_slice(if self.sampled { b"-01" } else { b"-00" });
        String::from_utf8_lossy(&text).into_owned()
    }

    /// The trace's number as 32 hexadecimal digits.
    pub fn trace_hexadecimal(&self) -> [u8; 32] {
        let mut text = [0; 32];
        write_hexadecimal(&self.trace_id, &mut text);
        text
    }
}

/// Trace, parent span and sampling decision of a `traceparent` header, if it is one.
fn parse(header: &[u8]) -> Option<([u8; 16], [u8; 8], bool)> {
    if header.len() < 55 || header[2] != b'-' || header[35] != b'-' || header[52] != b'-' {
        return None;
    }
    let [version] = read_hexadecimal::<1>(&header[..2])?;
    // Version 0 has exactly these fields; a later one may have more, behind another dash.
    let well_ended = match version {
        0 => header.len() == 55,
        255 => false,
        _ => header.len() == 55 || header[55] == b'-',
    };
    let trace_id = read_hexadecimal::<16>(&header[3..35])?;
    let parent = read_hexadecimal::<8>(&header[36..52])?;
    let [flags] = read_hexadecimal::<1>(&header[53..55])?;
    (well_ended && trace_id != [0; 16] && parent != [0; 8]).then_some((
        trace_id,
        parent,
        flags & 1 == 1,
    ))
}

/// Only small letters: the recommendation declares a header with capital ones invalid.
fn read_hexadecimal<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.iter().any(u8::is_ascii_uppercase) {
        return None;
    }
    let mut bytes = [0; N];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

fn write_hexadecimal(bytes: &[u8], text: &mut [u8]) {
    hex::encode_to_slice(bytes, text).expect("every caller's slice is twice as long as the bytes");
}

fn nonzero<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes[..]);
    // All zero means "no trace"; one bit costs nothing beside a loop that nobody will ever see run twice.
    bytes[N - 1] |= u8::from(bytes == [0; N]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_valid_header_is_continued_under_a_span_of_our_own() {
        let context = TraceContext::continue_or_begin(Some(HEADER.as_bytes()), 0);
        assert_eq!(
            hex::encode(context.trace_id),
            "4bf92f3577b34da6a3ce929d0e0e4736"
        );
        assert_eq!(
            context.parent.map(hex::encode).as_deref(),
            Some("00f067aa0ba902b7")
        );
        assert!(context.sampled);
        assert_ne!(Some(context.span_id), context.parent);
        let onward = TraceContext::continue_or_begin(Some(context.header().as_bytes()), 0);
        assert_eq!(onward.trace_id, context.trace_id);
        assert_eq!(onward.parent, Some(context.span_id));
        assert_eq!(onward.sampled, context.sampled);
    }

    #[test]
    fn the_portals_decision_not_to_sample_is_kept() {
        let header = HEADER.replace("-01", "-00");
        assert!(!TraceContext::continue_or_begin(Some(header.as_bytes()), 100).sampled);
    }

    #[test]
    fn flags_that_we_do_not_know_are_not_passed_on() {
        let header = HEADER.replace("-01", "-ff");
        let context = TraceContext::continue_or_begin(Some(header.as_bytes()), 0);
        assert!(context.header().ends_with("-01"));
    }

    #[test]
    fn a_later_version_is_read_as_far_as_we_know_it() {
        let later = HEADER.replacen("00-", "01-", 1);
        assert!(parse(later.as_bytes()).is_some());
        assert!(parse(format!("{later}-more").as_bytes()).is_some());
        assert!(parse(format!("{later}more").as_bytes()).is_none());
    }

    #[test]
    fn an_invalid_header_begins_a_new_trace() {
        let invalid = [
            String::new(),
            "nonsense".to_owned(),
            HEADER[..54].to_owned(),
            format!("{HEADER}-more"),
            HEADER.replacen("00-", "ff-", 1),
            HEADER.replace("4bf9", "4BF9"),
            HEADER.replace("4bf9", "4bg9"),
            HEADER.replace('-', "_"),
            HEADER.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            HEADER.replace("00f067aa0ba902b7", &"0".repeat(16)),
            HEADER.replace("-01", "-0x"),
        ];
        for header in invalid {
            let context = TraceContext::continue_or_begin(Some(header.as_bytes()), 0);
            assert_eq!(context.parent, None, "{header}");
            assert!(!context.sampled);
            assert!(parse(context.header().as_bytes()).is_some());
        }
    }

    #[test]
    fn the_percentage_decides_for_traces_begun_here() {
        assert!((0..100).all(|_| TraceContext::begin(100).sampled));
        assert!((0..100).all(|_| !TraceContext::begin(0).sampled));
        let half = (0..1000)
            .filter(|_| TraceContext::begin(50).sampled)
            .count();
        assert!((300..700).contains(&half), "{half}");
    }
}
