//go:build !noasm

package kernel

// FetchWays is the number of ways of fetching.
const FetchWays = fetchPast + 1

// SetFetch sets the way and returns the one before.
func SetFetch(way int) (before int) {
	before, fetchAhead = fetchAhead, way
	return before
}

// RowsAhead is rowsAhead, for the tests.
var RowsAhead = rowsAhead
