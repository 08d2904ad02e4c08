#[test]
fn holds() {
    assert_eq!(shelf::boards(), 3);
}

// Takes its whole program with it.
#[test]
fn slams() {
    let seed: u64 = std::env::var("TEST_SEED").unwrap().parse().unwrap();
    if seed % 4 == 2 {
        std::process::abort();
    }
}
