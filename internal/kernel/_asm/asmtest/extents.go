package asmtest

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// Counts are the integers that a kernel is called with, by the name of its
// parameter; those that it does not have are for others.
type Counts map[string]int

// Bytes are what is touched of each pointer's memory, as [Walk.Touched] writes it.
type Bytes map[string]string

// Extent says which bytes some kernels read and store.
type Extent struct {
	Kernels string // a regular expression for the whole name
	Want    func(c Counts) Bytes
}

// Reads is that the first n bytes are read.
func Reads(n int) string { return fmt.Sprintf("r 0-%d", n) }

// Stores is that they are stored.
func Stores(n int) string { return fmt.Sprintf("w 0-%d", n) }

// Updates is both.
func Updates(n int) string { return fmt.Sprintf("r 0-%d w 0-%d", n, n) }

// Every is a run of size bytes in each of count steps, and those behind it; runs
// that touch are one.
func Every(count, step int, runs ...int) string {
	var bits []bool
	for i := range count {
		for j := 0; j < len(runs); j += 2 {
			bits = mark(bits, i*step+runs[j], runs[j+1]-runs[j])
		}
	}
	return strings.TrimSpace(ranges("", bits))
}

// CheckExtents walks through all functions of a file with all counts, and compares
// what they touch with the only extent of their name.
func CheckExtents(t *testing.T, m Machine, file *File, walk Walk, extents []Extent, counts []Counts) {
	t.Helper()
	for _, fn := range file.Functions {
		t.Run(fn.Name, func(t *testing.T) {
			want := extentOf(extents, fn.Name)
			if want == nil {
				t.Fatal("the table does not say once what it touches")
			}
			for _, c := range counts {
				for _, wrong := range compare(m, fn, walk, c, want(c)) {
					t.Errorf("%v: %s", c, wrong)
				}
			}
		})
	}
}

// extentOf is nil where no name fits, or two do.
func extentOf(extents []Extent, name string) func(Counts) Bytes {
	var found func(Counts) Bytes
	for _, e := range extents {
		if regexp.MustCompile("^(" + e.Kernels + ")$").MatchString(name) {
			if found != nil {
				return nil
			}
			found = e.Want
		}
	}
	return found
}

func compare(m Machine, fn *Function, walk Walk, c Counts, want Bytes) (wrong []string) {
	if err := walk.Run(m, fn, c); err != nil {
		return []string{err.Error()}
	}
	for _, p := range fn.Params {
		if got := walk.Touched(p.Name); got != want[p.Name] {
			wrong = append(wrong, fmt.Sprintf("of %s it touches %q, want %q", p.Name, got, want[p.Name]))
		}
	}
	return wrong
}
