package testutil

import "testing"

// Allocs returns how often f allocates, as [testing.AllocsPerRun] counts it over so many
// runs: the least of a few counts, of which the first without any is the last. The count is
// the whole process's, and the runtime allocates now and then too: for the collector's
// workers, for goroutines that park, for what a collection has emptied. What f does
// itself is in every count.
func Allocs(runs int, f func()) float64 {
	least := testing.AllocsPerRun(runs, f)
	for range 4 {
		if least == 0 {
			break
		}
		least = min(least, testing.AllocsPerRun(runs, f))
	}
	return least
}
