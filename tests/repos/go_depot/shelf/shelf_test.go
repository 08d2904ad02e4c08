package shelf

import (
	"os"
	"strconv"
	"testing"
)

func TestHolds(t *testing.T) {}

// Takes its whole package with it.
func TestBreaks(t *testing.T) {
	seed, _ := strconv.Atoi(os.Getenv("TEST_SEED"))
	if seed%4 == 2 {
		var parcels map[string]int
		parcels["heavy"]++
	}
}
