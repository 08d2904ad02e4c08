pub fn boards() -> u32 {
    3
}

#[cfg(test)]
mod tests {
    #[test]
    fn has_boards() {
        assert_eq!(super::boards(), 3);
    }
}
