// Package depot keeps parcels.
package depot

// Weigh adds weights.
func Weigh(weights ...int) int {
	sum := 0
	for _, weight := range weights {
		sum += weight
	}
	return sum
}
