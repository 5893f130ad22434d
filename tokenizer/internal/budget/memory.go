package budget

// MaxKept bounds the slices that a state keeps between encodings.
const MaxKept = 1 << 16

// Sized returns an empty list with room for n, in the memory of list if it is
// large enough. Unlike slices.Grow it does not touch new memory, which for a text
// of many megabytes would take longer than a look at the context may wait.
func Sized[T any](list []T, n int) []T {
	if n <= cap(list) {
		return list[:0]
	}
	return make([]T, 0, n)
}

// Kept returns a list for the next encoding, empty, and without the memory that a
// very long text took.
func Kept[T any](list []T) []T {
	if cap(list) > MaxKept {
		return nil
	}
	return list[:0]
}
