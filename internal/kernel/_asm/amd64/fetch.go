package amd64

import "github.com/gocoreml/coreml/internal/kernel/_asm/asm"

// How codes that stream from memory are fetched ahead is the processor's: the
// argument "fetch" of a kernel says it. What a way costs where it is the wrong one is
// up to half of the rate.
const (
	// fetchSecond fetches into the second cache. Zen 4 wants it: there a fetch into
	// the first holds one of the few places for missing lines until memory answers.
	fetchSecond = 0
	// fetchFirst fetches into the first cache, a few lines ahead, as Intel's want it.
	fetchFirst = 1
	// fetchPast fetches past the second cache, which keeps what is used again. It is
	// the fastest on Zen 5.
	fetchPast = 2
)

// How far ahead each way fetches.
const (
	secondAhead = 8192
	firstAhead  = 4096
	pastAhead   = 7168
)

// fetchWay is the register of the argument.
const fetchWay = R14

// fetches are the fetches of a kernel: those of fetchSecond among its instructions,
// and the others behind its end.
type fetches struct {
	f     fn
	later []func()
}

func newFetches(f fn) *fetches { return &fetches{f: f} }

// lines fetches n lines ahead of codesPtr.
func (t *fetches) lines(n int) {
	f := t.f
	other, first, fetched := f.NewLabel("other"), f.NewLabel("first"), f.NewLabel("fetched")
	f.TESTQ(fetchWay, fetchWay)
	f.JNZ(other)
	each(n, secondAhead, f.PREFETCHT1)
	f.Bind(fetched)
	t.later = append(t.later, func() {
		f.Bind(other)
		f.CMPQ(fetchWay, imm(fetchFirst))
		f.JEQ(first)
		each(n, pastAhead, f.PREFETCHNTA)
		f.JMP(fetched)
		f.Bind(first)
		each(n, firstAhead, f.PREFETCHT0)
		f.JMP(fetched)
	})
}

// each fetches n lines at a distance.
func each(n, ahead int, fetch func(mem)) {
	for i := range n {
		fetch(codesPtr.At(ahead + 64*i))
	}
}

// end writes what is behind the kernel's end.
func (t *fetches) end() {
	for _, write := range t.later {
		write()
	}
}

// fetchParam is the parameter of kernels that fetch as they are told.
var fetchParam = asm.P("fetch", asm.Int)
