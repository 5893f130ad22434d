package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

// pkg is a package's files and what they use of each other. files are names
// without a folder; upward puts them in order.
type pkg struct {
	path  string
	files []string
	refs  []ref
}

// ref is a file's use of a name that another file defines. from and to are
// never the same file.
type ref struct{ from, to, name string }

// compare sorts by file, for a listing that stays the same.
func (r ref) compare(s ref) int {
	return cmp.Or(cmp.Compare(r.from, s.from), cmp.Compare(r.to, s.to), cmp.Compare(r.name, s.name))
}

// upward orders the package's files and returns the references from a file to
// one that comes after it. An order that layers the files perfectly has none.
func (p *pkg) upward() []ref {
	p.sort()
	at := make(map[string]int, len(p.files))
	for i, f := range p.files {
		at[f] = i
	}
	var up []ref
	for _, r := range p.refs {
		if at[r.to] > at[r.from] {
			up = append(up, r)
		}
	}
	return up
}

// sort puts files before those that use them, as far as that goes: the least
// feedback arc set, for which the greedy order of Eades, Lin and Smyth (A fast
// and effective heuristic for the feedback arc set problem, 1993) is a start,
// and moving one file at a time to its best place the improvement. The problem
// has no quick exact solution (it is NP-hard); packages have some tens of
// files, for which this takes milliseconds.
func (p *pkg) sort() {
	n := len(p.files)
	index := make(map[string]int, n)
	for i, f := range p.files {
		index[f] = i
	}
	uses := make([][]int, n) // uses[i][j]: how much of file j file i uses
	for i := range uses {
		uses[i] = make([]int, n)
	}
	for _, r := range p.refs {
		uses[index[r.from]][index[r.to]]++
	}
	order := greedy(uses)
	// Each round goes through all files again, until one changes nothing.
	for improve(uses, order) {
	}
	files := make([]string, n)
	for i, f := range order {
		files[i] = p.files[f]
	}
	p.files = files
}

// greedy takes away, time and again, a file that uses nothing more, to the
// front, or that nothing uses, to the back; failing these the one that is used
// most in proportion to what it uses. The cost grows with the cube of the
// number of files.
func greedy(uses [][]int) []int {
	left := make([]int, len(uses))
	for i := range left {
		left[i] = i
	}
	// front is in order already; back is built from its end.
	var front, back []int
	for len(left) > 0 {
		best, balance, end := 0, 0, false
		for k, f := range left {
			out, in := 0, 0
			for _, g := range left {
				out += uses[f][g]
				in += uses[g][f]
			}
			if out == 0 {
				best, end = k, false
				break
			}
			if in == 0 {
				best, end = k, true
				break
			}
			if d := in - out; k == 0 || d > balance {
				best, balance = k, d
			}
		}
		if end {
			back = append(back, left[best])
		} else {
			front = append(front, left[best])
		}
		left = slices.Delete(left, best, best+1)
	}
	slices.Reverse(back)
	return append(front, back...)
}

// improve moves each file to the place where least runs against the order, and
// reports whether that was of use. Every move lowers the number of references
// against the order, so repeating it ends. order is changed in place.
func improve(uses [][]int, order []int) bool {
	better := false
	for _, f := range slices.Clone(order) {
		at := slices.Index(order, f)
		best, gain := at, 0
		for d, step := range []int{-1, 1} {
			// The change against the present place, summed up step by step.
			sum := 0
			for to := at + step; to >= 0 && to < len(order); to += step {
				g := order[to]
				// Towards the front, what g uses of f is against the order no more and
				// what f uses of g is; towards the back it is the other way round.
				change := uses[f][g] - uses[g][f]
				if d == 1 {
					change = -change
				}
				sum += change
				if sum < gain {
					best, gain = to, sum
				}
			}
		}
		if best != at {
			order = slices.Insert(slices.Delete(order, at, at+1), best, f)
			better = true
		}
	}
	return better
}

// print writes the order, the first file being the one that needs no other, and
// what runs against it.
func (p *pkg) print(w io.Writer, up []ref) {
	for _, f := range p.files {
		fmt.Fprintf(w, "    %s\n", f)
	}
	for _, r := range up {
		fmt.Fprintf(w, "        %s uses %s of %s\n", r.from, r.name, r.to)
	}
}
