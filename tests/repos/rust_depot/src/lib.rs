//! Keeps parcels.

/// Adds weights.
///
/// ```
/// assert_eq!(depot::weigh(&[1, 2]), 3);
/// ```
pub fn weigh(weights: &[u32]) -> u32 {
    weights.iter().sum()
}

/// What stands on a parcel.
pub fn label(number: u64) -> String {
    itoa::Buffer::new().format(number).to_string()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    static PARCELS: AtomicUsize = AtomicUsize::new(0);

    fn seed() -> u64 {
        std::env::var("TEST_SEED").unwrap().parse().unwrap()
    }

    #[test]
    fn weighs() {
        assert_eq!(super::weigh(&[2, 3]), 5);
    }

    #[test]
    fn labels() {
        assert_eq!(super::label(7), "7");
    }

    #[test]
    fn is_in_time() {
        println!("seed {}", seed());
        assert_ne!(seed() % 4, 3, "late");
    }

    #[test]
    fn loses_nothing() {
        assert_eq!(PARCELS.load(Ordering::SeqCst), 100, "lost");
    }

    #[test]
    fn begins_empty() {
        assert_eq!(PARCELS.load(Ordering::SeqCst), 0);
    }

    #[test]
    fn fills() {
        PARCELS.fetch_add(1, Ordering::SeqCst);
    }

    #[test]
    #[should_panic(expected = "too heavy")]
    fn breaks_down() {
        panic!("too heavy");
    }

    #[test]
    #[ignore = "nobody is there"]
    fn waits() {}
}
