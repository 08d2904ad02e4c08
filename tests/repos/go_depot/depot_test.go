package depot

import (
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	parcels []string
	counted int
)

func seed(t *testing.T) int {
	t.Helper()
	seed, err := strconv.Atoi(os.Getenv("GO_TEST_SEED"))
	if err != nil {
		t.Fatal(err)
	}
	return seed
}

func TestWeighs(t *testing.T) {
	if difference := cmp.Diff([]int{5}, []int{Weigh(2, 3)}); difference != "" {
		t.Error(difference)
	}
}

func TestIsInTime(t *testing.T) {
	t.Parallel()
	time.Sleep(5 * time.Millisecond)
	if seed(t)%4 == 3 {
		t.Errorf("late by %d", seed(t))
	}
}

func TestLosesNothing(t *testing.T) {
	t.Fatal("lost")
}

func TestBeginsEmpty(t *testing.T) {
	if len(parcels) != 0 {
		t.Errorf("there are %d parcels", len(parcels))
	}
}

func TestFills(t *testing.T) {
	parcels = append(parcels, "parcel")
}

func TestCountsOnce(t *testing.T) {
	counted++
	if counted > 1 {
		t.Errorf("counted %d times", counted)
	}
	parcels = nil
}

func TestLift(t *testing.T) {
	t.Run("lifts", func(t *testing.T) {
		if seed(t)%4 == 1 {
			t.Fatal("no lift")
		}
	})
	t.Run("waits", func(t *testing.T) {
		t.Skip("nobody is there")
	})
}

func Example() {
	fmt.Println(Weigh(1, 2))
	// Output: 3
}
