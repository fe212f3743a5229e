//! Amounts of money as suppliers write them.

/// Cents as `1234,56`.
pub fn comma(cents: i64) -> String {
    format!("{},{:02}", cents / 100, cents % 100)
}

/// Cents as `1.234,56`.
pub fn grouped(cents: i64) -> String {
    let digits = (cents / 100).to_string();
    let mut euros = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            euros.push('.');
        }
        euros.push(digit);
    }
    format!("{euros},{:02}", cents % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_have_a_decimal_comma_and_where_the_supplier_does_so_points() {
        assert_eq!(comma(123_456), "1234,56");
        assert_eq!(grouped(123_456), "1.234,56");
        assert_eq!(grouped(100), "1,00");
        assert_eq!(grouped(12_345_678_901), "123.456.789,01");
    }
}
