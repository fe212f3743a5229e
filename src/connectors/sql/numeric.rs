//! PostgreSQL's `numeric` as exact text: its digits on the wire are groups of four.

const NEGATIVE: u16 = 0x4000;

/// The number, with exactly as many decimals as the server says; `None` where it is none (NaN, infinity) or cut.
pub fn text(wire: &[u8]) -> Option<String> {
    let word = |index: usize| {
        let bytes = wire.get(2 * index..2 * index + 2)?;
        Some(u16::from_be_bytes([bytes[0], bytes[1]]))
    };
    let count = i32::from(word(0)?);
    let weight = i32::from(word(1)?.cast_signed());
    let sign = word(2)?;
    let scale = usize::from(word(3)?);
    let groups: Vec<u16> = (0..usize::from(word(0)?))
        .map(|index| word(4 + index).filter(|group| *group < 10_000))
        .collect::<Option<_>>()?;
    if sign != 0 && sign != NEGATIVE {
        return None;
    }
    // Groups that are zero at either end are not sent.
    let group = |power: i32| {
        let index = weight - power;
        let sent = (0..count).contains(&index);
        let group = if sent {
            groups[index.unsigned_abs() as usize]
        } else {
            0
        };
        format!("{group:04}")
    };
    let whole: Vec<String> = (0..=weight.max(0)).rev().map(group).collect();
    let whole = whole.concat();
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        digits => digits,
    };
    let groups_of_decimals = i32::try_from(scale.div_ceil(4)).ok()?;
    let fraction: Vec<String> = (1..=groups_of_decimals)
        .map(|power| group(-power))
        .collect();
    let mut fraction = fraction.concat();
    fraction.truncate(scale);
    let minus = if sign == NEGATIVE { "-" } else { "" };
    let point = if scale > 0 { "." } else { "" };
    Some(format!("{minus}{whole}{point}{fraction}"))
}

#[cfg(test)]
mod tests {
    use super::text;

    fn wire(weight: i16, sign: u16, scale: u16, groups: &[u16]) -> Vec<u8> {
        let count = u16::try_from(groups.len()).expect("few groups");
        let head = [count, weight.cast_unsigned(), sign, scale];
        let words = head.iter().chain(groups);
        words.flat_map(|word| word.to_be_bytes()).collect()
    }

    #[test]
    fn numbers_keep_every_digit_and_their_decimals() {
        for (weight, sign, scale, groups, expected) in [
            (0, 0, 2, [12, 3400].as_slice(), "12.34"),
            (0, 0, 2, &[], "0.00"),
            (0, 0, 0, &[], "0"),
            (0, 0x4000, 1, &[1, 5000], "-1.5"),
            (-1, 0, 4, &[5], "0.0005"),
            (-2, 0, 6, &[1200], "0.000012"),
            (1, 0, 0, &[1, 2], "10002"),
            (2, 0, 0, &[7], "700000000"),
            (0, 0, 1, &[33, 3000], "33.3"),
        ] {
            assert_eq!(
                text(&wire(weight, sign, scale, groups)).as_deref(),
                Some(expected)
            );
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for bytes in [
            wire(0, 0xC000, 0, &[]),
            wire(0, 0xD000, 0, &[]),
            wire(0, 0, 0, &[10_000]),
            wire(0, 0, 2, &[12])[..9].to_vec(),
            vec![],
        ] {
            assert_eq!(text(&bytes), None);
        }
    }
}
